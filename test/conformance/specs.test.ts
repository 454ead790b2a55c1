/**
 * Specifications as a running supervisor sees them: OTP's rules 5 to 7 and 43. The rules of every field are in
 * packages/core/src/child-spec.test.ts and supervisor-spec.test.ts.
 */
import { SpecError } from "@orgtree/core";
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree, TestSystem } from "../support/start-tree.ts";
import { worker } from "../support/workers.ts";

const rest = {
  restart: "permanent",
  significant: false,
  mailbox: 1_000,
  onFailure: {},
  backoff: undefined,
  budget: undefined,
  input: undefined,
};

describe("get_childspec", () => {
  test("sup_start_map: three minimal specs come back with every key and its default", async () => {
    const team = supervisor({});
    const children = [
      { id: "w", logic: worker },
      { id: "b", shutdownMs: "brutal-kill" as const, logic: worker },
      { id: "s", logic: team },
    ];
    await using tree = await startTree({ children });
    await expect(tree.sup.getChildSpec("w")).resolves.toMatchObject({
      ...rest,
      id: "w",
      logic: worker,
      type: "worker",
      shutdownMs: 5_000,
      startMs: 30_000,
    });
    await expect(tree.sup.getChildSpec("b")).resolves.toMatchObject({ ...rest, id: "b", type: "worker", shutdownMs: "brutal-kill" });
    await expect(tree.sup.getChildSpec("/sup/s")).resolves.toMatchObject({
      ...rest,
      id: "s",
      logic: team,
      type: "supervisor",
      shutdownMs: "infinity",
      startMs: "infinity",
    });
    expect(await refusalOf(tree.sup.getChildSpec("nobody"))).toBe("not-found");
  });

  test("sup_start_map_simple: the spec of each dynamic child, by its address; a stranger is not found", async () => {
    await using tree = await startTree({ strategy: "dynamic", template: { restart: "temporary", logic: worker } });
    const { address } = await tree.sup.startChild({});
    await expect(tree.sup.getChildSpec(address!)).resolves.toMatchObject({
      ...rest,
      id: "child-1",
      restart: "temporary",
      type: "worker",
      shutdownMs: 5_000,
    });
    expect(await refusalOf(tree.sup.getChildSpec("/"))).toBe("not-found");
  });
});

describe("sup_start_map_faulty_specs, sup_flags: a faulty spec", () => {
  test.each([
    { what: "no id", spec: { children: [{ logic: worker }] }, field: "/sup.children[0].id" },
    { what: "no logic", spec: { children: [{ id: "a" }] }, field: "/sup.children[0].logic" },
    { what: "no spec at all", spec: { children: ["a"] }, field: "/sup.children[0]" },
    { what: "logic that is none", spec: { children: [{ id: "a", logic: { kind: "magic" } }] }, field: "logic" },
    {
      what: "a duplicate id",
      spec: {
        children: [
          { id: "a", logic: worker },
          { id: "a", logic: worker },
        ],
      },
      field: "/sup.children",
    },
    { what: "an unknown strategy", spec: { strategy: "one_for_one" }, field: "/sup.strategy" },
    { what: "an endless intensity", spec: { intensity: { maxRestarts: Infinity, periodMs: 1 } }, field: "/sup.intensity.maxRestarts" },
    { what: "a period of 0", spec: { intensity: { maxRestarts: 1, periodMs: 0 } }, field: "/sup.intensity.periodMs" },
    { what: "an endless period", spec: { intensity: { maxRestarts: 1, periodMs: Infinity } }, field: "/sup.intensity.periodMs" },
    { what: "auto-shutdown sometimes", spec: { autoShutdown: "sometimes" }, field: "/sup.autoShutdown" },
  ])("$what: the start fails and names $field, and nothing is left", async ({ spec, field }) => {
    await using host = new TestSystem();
    const error = await host.system.start({ id: "sup", logic: supervisor(spec as never) }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "start-failed", failure: { name: "SpecError", detail: { field } } });
    expect(host.system.open.actors).toBe(1);
  });

  test("an unknown key is refused, in a spec and in the flags (OTP ignores it; 0018)", async () => {
    await expect(startTree({ modules: [] } as never)).rejects.toThrow("modules: there is no such field");
    await expect(startTree({ children: [{ id: "a", modules: ["a"], logic: worker }] } as never)).rejects.toThrow(
      "children[0].modules: there is no such field",
    );
  });
});

describe("check_childspecs on startChild", () => {
  test.each([
    { spec: { logic: worker }, field: "spec.id" },
    { spec: { id: "a" }, field: "spec.logic" },
    { spec: 3, field: "spec" },
    { spec: { id: "a", logic: worker, restart: "always" }, field: "spec.restart" },
    { spec: { id: "a", logic: worker, shutdownMs: -1 }, field: "spec.shutdownMs" },
    { spec: { id: "a", logic: worker, significant: 1 }, field: "spec.significant" },
    { spec: { id: "a", logic: worker, restart: "temporary", significant: true }, field: "spec.significant" },
    { spec: { id: "a", logic: worker, mailbox: 10n }, field: "spec.mailbox" },
  ])("$spec is refused at $field, and nothing changes", async ({ spec, field }) => {
    await using tree = await startTree({ children: [{ id: "w", logic: worker }] });
    const error = await tree.sup.startChild(spec as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SpecError);
    expect(error).toMatchObject({ field });
    expect(await tree.list()).toEqual(["w running"]);
  });
});
