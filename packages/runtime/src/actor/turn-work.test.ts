import { FailureError, MessageRefusedError, type Failure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { die, makePuppet, restarted, type Order } from "./plain.fixture.ts";
import type { WorkContext } from "./turn.ts";

describe("run", () => {
  const run: (work: (context: WorkContext) => Promise<unknown>) => Order = (work) => (turn) => turn.run("work", work);

  test("brings the result back as a signal", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(run(async () => ({ number: 7 })));
    expect(heard).toEqual([{ type: "orgtree.done", tag: "work", output: { number: 7 } }]);
  });

  test("gives the work its key, its address, its budget and a signal", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { tokens: 5 } });
    const contexts: WorkContext[] = [];
    const twice: Order = (turn) => {
      for (const tag of ["a", "b"]) turn.run(tag, async (context) => void contexts.push(context));
    };
    await world.tell(twice);
    await world.tell(twice);
    expect(new Set(contexts.map(({ key }) => key)).size).toBe(4);
    for (const { key, address, budget, signal } of contexts) {
      expect(key).toMatch(/^\/m#\d+\.\d+$/);
      expect(address).toBe("/m");
      expect(budget.left().tokens).toBe(5);
      expect(signal.aborted).toBe(false);
    }
  });

  test("gives the work the key by which the turn's record knows it", async () => {
    const keys: string[] = [];
    await using world = startWorld({
      store: { store: async ({ effects }) => void keys.push(...effects.filter(({ kind }) => kind === "run").map(({ key }) => key)) },
    });
    await world.start(makePuppet().logic);
    const given: string[] = [];
    const work = async ({ key }: WorkContext): Promise<void> => void given.push(key);
    await world.tell(((turn) => {
      turn.tell("/m", "first");
      turn.run("a", work);
      turn.emit({ type: "between" });
      turn.run("b", work);
    }) satisfies Order);
    expect(given).toHaveLength(2);
    expect(given).toEqual(keys);
  });

  test.each<[what: string, work: () => Promise<never>, failure: Partial<Failure>]>([
    [
      "rejects",
      () => Promise.reject(new FailureError({ class: "tool-error", kind: "failed", message: "no" })),
      { class: "tool-error", kind: "failed" },
    ],
    [
      "throws before its first await",
      () => {
        throw new MessageRefusedError("/x", "oversized", "too long");
      },
      { class: "crash", name: "MessageRefusedError" },
    ],
    ["rejects with nothing", () => Promise.reject(undefined), { class: "crash", message: "undefined" }],
  ])("brings a failure with its class when the work %s", async (_what, work, failure) => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(run(work));
    expect(heard).toEqual([{ type: "orgtree.failed", tag: "work", failure: expect.objectContaining({ address: "/m", ...failure }) }]);
  });

  test("aborts the work at the end of the incarnation, and drops what it still returns", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic, restarted);
    const { promise, resolve } = Promise.withResolvers<string>();
    let signal: AbortSignal | undefined;
    await world.tell(
      run((context) => {
        ({ signal } = context);
        return promise;
      }),
    );
    expect(signal!.aborted).toBe(false);
    await world.tell(die);
    expect(signal!.aborted).toBe(true);
    expect(String(signal!.reason)).toContain("/m ended: crash");
    resolve("late");
    await world.clock.settle();
    expect(world.node()).toMatchObject({ incarnation: 2 });
    expect(heard).toEqual([]);
  });

  test("does not begin work for an incarnation that ends in the same turn", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    let began = false;
    await world.tell(((turn) => {
      turn.run("work", async () => void (began = true));
      turn.exit();
    }) satisfies Order);
    expect(began).toBe(false);
  });
});
