import { FailureError } from "@orgtree/core";
import { assign, createActor, createMachine, setup, toPromise } from "xstate";
import { describe, expect, test } from "vitest";
import { Commits } from "../actor/commits.fixture.ts";
import { fromWork } from "./from-work.ts";
import { machineOf, startWorld } from "./machine.fixture.ts";
import type { WorkContext } from "../actor/turn.ts";

/** Work whose end the test decides on. */
function heldWork(timeoutMs?: number): {
  logic: ReturnType<typeof fromWork<string, string>>;
  calls: { input: string; context: WorkContext; end: PromiseWithResolvers<string> }[];
} {
  const calls: { input: string; context: WorkContext; end: PromiseWithResolvers<string> }[] = [];
  const run = (input: string, context: WorkContext): Promise<string> => {
    const end = Promise.withResolvers<string>();
    calls.push({ input, context, end });
    return end.promise;
  };
  return { logic: fromWork<string, string>({ kind: "idempotent", run, ...(timeoutMs === undefined ? {} : { timeoutMs }) }), calls };
}

/** Works on `question`, and keeps the answer or the error. */
function asking(logic: ReturnType<typeof heldWork>["logic"]): ReturnType<typeof machineOf> {
  const keep = assign(({ event }) => ({ got: (event as { output?: unknown }).output ?? (event as { error?: unknown }).error }));
  const invoke = {
    src: logic,
    id: "work",
    input: "question",
    onDone: { target: "end", actions: keep },
    onError: { target: "end", actions: keep },
  };
  return machineOf(
    { a: { invoke, on: { AGAIN: { target: "a", reenter: true }, LEAVE: "b" } }, b: {} },
    { context: { got: undefined }, output: ({ context }) => context["got"] },
  );
}

describe("declared work", () => {
  test("is given its input, its address, its budget and a key, and its result comes back as an event", async () => {
    await using world = startWorld();
    const { logic, calls } = heldWork();
    await world.start(asking(logic), { budget: { tokens: 10 } });
    expect(calls).toMatchObject([{ input: "question", context: { address: "/m", key: expect.stringMatching(/^\/m#0\.\d+$/) } }]);
    expect(calls[0]!.context.budget.left().tokens).toBe(10);
    calls[0]!.end.resolve("answer");
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "normal", output: "answer" }]);
  });

  test("has the key under which the turn's record knows its start, and never that of another", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const { logic, calls } = heldWork();
    await world.start(asking(logic), { restart: "permanent" });
    await world.tell({ type: "AGAIN" });
    await world.tell({ type: "END" });
    const recorded = commits
      .of("/m")
      .flatMap(({ effects }) => effects.filter(({ kind }) => kind === "xstate.spawnChild").map(({ key }) => key));
    expect(calls.map(({ context }) => context.key)).toEqual(recorded);
    expect(new Set(recorded).size).toBe(3);
  });

  test("has the key of its record also when it is spawned in an assign", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const { logic, calls } = heldWork();
    const spawn = assign(({ spawn }) => {
      spawn("work", { id: "work", input: "question" });
      return {};
    });
    await world.start(machineOf({ a: { on: { GO: { actions: spawn } } } }, { context: {} }).provide({ actors: { work: logic } }));
    await world.tell({ type: "GO" });
    const effects = commits.of("/m").at(-1)!.effects;
    expect(effects).toMatchObject([{ kind: "xstate.spawnChild", key: "/m#1.0", detail: { id: "work", input: "question" } }]);
    expect(calls[0]!.context.key).toBe("/m#1.0");
  });

  test("of a child machine has a key made from that of the child", async () => {
    await using world = startWorld();
    const { logic, calls } = heldWork();
    const child = createMachine({
      invoke: [
        { src: logic, input: "one" },
        { src: logic, input: "two" },
      ],
    });
    await world.start(machineOf({ a: { invoke: { src: child } } }));
    expect(calls.map(({ context }) => context.key)).toEqual([
      expect.stringMatching(/^\/m#0\.\d+\.1$/),
      expect.stringMatching(/^\/m#0\.\d+\.2$/),
    ]);
  });

  test("that rejects brings its error, with its class when nobody handles it", async () => {
    await using world = startWorld();
    const logic = fromWork<string, string>({
      kind: "pure",
      run: async () => {
        throw new FailureError({ class: "tool-error", message: "no such file" });
      },
    });
    await world.start(machineOf({ a: { invoke: { src: logic, input: "question" } } }));
    expect(world.failures()).toMatchObject([{ class: "tool-error", message: "no such file", address: "/m" }]);
  });

  test("is aborted when its state is left, and when its actor ends", async () => {
    await using world = startWorld();
    const { logic, calls } = heldWork();
    await world.start(asking(logic));
    await world.start(asking(logic), { id: "other" });
    await world.tell({ type: "LEAVE" });
    await world.system.stop("/other");
    expect(calls.map(({ context }) => context.signal.aborted)).toEqual([true, true]);
    for (const { end } of calls) end.resolve("too late");
    await world.clock.settle();
    expect(world.state()).toBe("b");
  });
});

describe("declared work with a deadline", () => {
  test("fails with class timeout when it takes longer, and is aborted", async () => {
    await using world = startWorld();
    const { logic, calls } = heldWork(100);
    await world.start(asking(logic));
    await world.clock.advance(99);
    expect(calls[0]!.context.signal.aborted).toBe(false);
    await world.clock.advance(1);
    expect(calls[0]!.context.signal.aborted).toBe(true);
    expect(world.exits()).toMatchObject([
      { output: { failure: { class: "timeout", kind: "work", message: expect.stringContaining("100 ms") } } },
    ]);
    calls[0]!.end.resolve("too late");
  });

  test.each([
    ["it ends in time", ({ end }: { end: PromiseWithResolvers<string> }) => end.resolve("answer")],
    ["it rejects in time", ({ end }: { end: PromiseWithResolvers<string> }) => end.reject(new Error("no"))],
  ])("leaves no timer behind when %s", async (_, settle) => {
    await using world = startWorld();
    const { logic, calls } = heldWork(100);
    await world.start(asking(logic));
    settle(calls[0]!);
    await world.clock.settle();
    expect(world.exits()).toHaveLength(1);
    expect(world.system.open.timers).toBe(0);
  });

  test("leaves none either when its state is left, and hears of that", async () => {
    await using world = startWorld();
    const { logic, calls } = heldWork(100);
    await world.start(asking(logic));
    await world.tell({ type: "LEAVE" });
    expect(calls[0]!.context.signal.aborted).toBe(true);
    expect(world.system.open.timers).toBe(0);
  });

  test("leaves none either when it throws at once", async () => {
    await using world = startWorld();
    const run = (): Promise<string> => {
      throw new Error("at once");
    };
    await world.start(asking(fromWork<string, string>({ kind: "pure", timeoutMs: 100, run })));
    expect(world.exits()).toMatchObject([{ output: expect.objectContaining({ message: "at once" }) }]);
    expect(world.system.open.timers).toBe(0);
  });
});

test("declared work runs under a bare actor too, with an unlimited budget", async () => {
  const { logic, calls } = heldWork();
  const parts = setup({ types: {} as { context: { got: string } }, actors: { work: logic } });
  const actor = createActor(
    parts.createMachine({
      context: { got: "" },
      output: ({ context }) => context.got,
      initial: "a",
      states: {
        a: { invoke: { src: "work", input: "question", onDone: { target: "end", actions: assign({ got: ({ event }) => event.output }) } } },
        end: { type: "final" },
      },
    }),
  ).start();
  expect(calls[0]!.context.budget.left()).toEqual({ turns: Infinity, tokens: Infinity, usd: Infinity });
  calls[0]!.end.resolve("answer");
  expect(await toPromise(actor)).toBe("answer");
});

test("declared work says what it does to the world", () => {
  expect(fromWork({ kind: "idempotent", run: async () => 1 }).orgtreeWork.kind).toBe("idempotent");
  expect(() => fromWork({ kind: "compensable", run: async () => 1 })).toThrow("compensable work needs an undo");
});

/** Wrong uses that the compiler refuses. */
export function refusedByTheCompiler(): void {
  const count = fromWork({ kind: "pure", run: async (text: string) => text.length });
  const parts = setup({ types: {} as { context: { text: string; length: number } }, actors: { count } });
  parts.createMachine({
    context: { text: "", length: 0 },
    // The output has the type that the work gives.
    invoke: { src: "count", input: ({ context }) => context.text, onDone: { actions: assign({ length: ({ event }) => event.output }) } },
  });
  parts.createMachine({
    context: { text: "", length: 0 },
    // @ts-expect-error -- the input is a text
    invoke: { src: "count", input: ({ context }) => context.length },
  });
  // @ts-expect-error -- it must say what it does to the world
  fromWork({ run: async () => 1 });
}
