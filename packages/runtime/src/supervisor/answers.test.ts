import type { ChildSpec, OnFailure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { createActorSystem } from "../actor-system.ts";
import { plain } from "../actor/plain.ts";
import type { Logic } from "../logic.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { keysWith } from "./answers.ts";
import { supervisor } from "./supervisor.ts";

const logic = plain({ init: () => 0, receive: (state: number) => state });
const intensity = { maxRestarts: 1, periodMs: 1_000 };
const planner = { planner: "/planner", initial: 1, children: () => [] };

describe("a supervisor without a plan", () => {
  test.each<{ onFailure: OnFailure; key: string }>([
    { onFailure: { crash: "replan" }, key: "crash" },
    { onFailure: { crash: "restart", loop: { directive: "replan" } }, key: "loop" },
    { onFailure: { "model-error/refusal": [{ directive: "restart" }, { directive: "replan" }] }, key: "model-error/refusal" },
  ])("refuses a child that is to have a new one, with $onFailure", ({ onFailure, key }) => {
    const child = { id: "one", logic, onFailure };
    const says = {
      name: "SpecError",
      field: `children[1].onFailure.${key}`,
      message: expect.stringContaining("this one has none") as string,
    };
    expect(() => supervisor({ children: [{ id: "two", logic }, child] })).toThrow(expect.objectContaining(says));
    expect(() => supervisor({ strategy: "dynamic", template: { logic, onFailure } })).toThrow(`template.onFailure.${key}`);
    expect(supervisor({ plan: { ...planner, children: () => [child] } as never }).kind).toBe("supervisor");
  });

  test("leaves alone all other answers, and what is refused elsewhere", () => {
    for (const onFailure of [{ crash: "rollback" }, {}, undefined, "replan", null, { crash: null }, { crash: 7 }])
      expect(supervisor({ children: [{ id: "one", logic, onFailure: onFailure as OnFailure }] }).kind).toBe("supervisor");
    expect(supervisor({ children: [null] as never }).kind).toBe("supervisor");
  });
});

describe("in a system without a journal a rollback could never be", () => {
  const child: ChildSpec<Logic> = {
    id: "one",
    logic,
    onFailure: { crash: [{ directive: "restart", intensity }, { directive: "rollback" }] },
  };
  const says = "onFailure.crash: rollback needs a journal, and this system has none";

  test.each<[string, ChildSpec<Logic>]>([
    ["at the top", child],
    ["a child of a supervisor", { id: "desk", logic: supervisor({ children: [child] }) }],
    ["a template", { id: "desk", logic: supervisor({ strategy: "dynamic", template: child }) }],
    ["of a plan", { id: "desk", logic: supervisor({ plan: { ...planner, children: () => [child] } as never }) }],
  ])("%s: its start is refused by name", async (_, spec) => {
    await using system = createActorSystem();
    await expect(system.start(spec)).rejects.toThrow(says);
  });

  test("by a call: it is refused by name, and nothing is started", async () => {
    await using system = createActorSystem();
    await system.start({ id: "desk", logic: supervisor({}) });
    await expect(system.supervisor("/desk").startChild(child)).rejects.toMatchObject({ name: "SpecError", field: "spec.onFailure.crash" });
    expect(system.tree().children[0]?.children).toEqual([]);
  });

  test("with a journal it is an answer like any other", async () => {
    await using world = startWorld({ store: { store: () => Promise.resolve() } });
    await expect(world.start(supervisor({ children: [child] }), { id: "desk" })).resolves.toBeDefined();
  });
});

test("names every class that has an answer", () => {
  expect(
    keysWith({ crash: "rollback", loop: [{ directive: "restart" }, { directive: "rollback", to: "c" }], timeout: "stop" }, "rollback"),
  ).toEqual(["crash", "loop"]);
});
