/**
 * Failures in every place where an actor's own code runs, and what is left of an actor that ends: cases 58 to 60 and 63,
 * which are bugs that other runtimes had.
 */
import { supervisor, plain, type Signal } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { setup } from "xstate";
import { isElsewhere } from "../support/elsewhere.ts";
import { refusalOf, startTree, type Tree } from "../support/start-tree.ts";
import { count, die, exit, namedWorker, scriptedWorker, worker, workerOnce, workerWith } from "../support/workers.ts";

const wide = { maxRestarts: 100, periodMs: 1_000 };
const boom = (): never => {
  throw new Error("boom");
};
const rejection = (): Promise<never> => Promise.reject(new Error("boom"));

/** States of a machine that waits for its end. */
const waiting = { initial: "on", states: { on: { on: { end: "end" } }, end: { type: "final" } } } as const;

describe("a throw in a hook", () => {
  /** The supervisor still works. */
  async function survives(tree: Tree): Promise<void> {
    await tree.sup.startChild({ id: "after", logic: worker });
    expect(await tree.list()).toContain("after running");
  }

  test.each([
    { hook: "init", logic: workerWith({ init: boom }) },
    { hook: "async init", logic: workerWith({ init: rejection }) },
    { hook: "init, of no error at all", logic: workerWith({ init: () => Promise.reject(undefined as unknown as Error) }) }, // oxlint-disable-line typescript/prefer-promise-reject-errors
    { hook: "no init", logic: { kind: "plain" } as never },
    { hook: "the context of a machine", logic: setup({}).createMachine({ context: boom, ...waiting }) },
  ])("$hook: the start fails, and nothing is left", async ({ logic }) => {
    await using tree = await startTree({});
    expect(await refusalOf(tree.sup.startChild({ id: "a", logic }))).toBe("start-failed");
    expect(tree.system.open.actors).toBe(2);
    await survives(tree);
  });

  test("an entry action of a machine: it runs when the start is committed, so the child was up and failed", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 2, periodMs: 1_000 } });
    await tree.sup.startChild({ id: "a", logic: setup({}).createMachine({ entry: boom, ...waiting }) });
    await tree.clock.settle();
    expect(tree.trace.lives()).toEqual(["+a", "-a failure", "+a", "-a failure", "+a", "-a failure", "-sup escalated"]);
  });

  test.each([
    { hook: "receive", order: die },
    { hook: "an order that is none", order: null as never },
  ])("$hook: the child is started again", async ({ order }) => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", order]);
    expect(tree.trace.lives()).toEqual(["-a failure", "+a"]);
    await survives(tree);
  });

  test.skipIf(isElsewhere)("signal: the child is started again; so it recovers from a death pact", async () => {
    const mourner = plain<number, string>({
      init: (_input, turn) => {
        if (turn.incarnation === 1) turn.watch("/sup/b");
        return turn.incarnation;
      },
      receive: (state, _message, turn) => {
        turn.reply(state);
        return state;
      },
      signal: (state, signal: Signal) => {
        if (signal.type === "orgtree.down") throw new Error(`${signal.address} is dead, and so am I`);
        return state;
      },
    });
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "b", logic: worker },
        { id: "a", logic: mourner },
      ],
    });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "+b", "-a failure", "+a"]);
    expect(await tree.system.ask("/sup/a", "which life")).toBe(2);
  });

  test.each([
    { hook: "terminate", terminate: boom },
    { hook: "async terminate", terminate: rejection },
  ])("$hook: the stop and the restart of the group go on", async ({ terminate }) => {
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: workerWith({ terminate }) },
      { id: "c", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-c shutdown", "-b failure", "+a", "+b", "+c"]);
    await survives(tree);
  });

  test("a terminate hook is not called for a child that failed by itself or was killed", async () => {
    const calls: string[] = [];
    const tidy = workerWith({ terminate: (_state, why) => void calls.push(why.kind) });
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", shutdownMs: "brutal-kill", logic: tidy },
        { id: "b", logic: tidy },
      ],
    });
    await tree.order(["a", die], ["b", exit("normal")]);
    await tree.stop();
    expect(calls).toEqual(["shutdown"]);
  });

  test("an observer that throws disturbs nobody", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    const forget = tree.system.observe(boom);
    await tree.order(["a", die]);
    expect(await tree.list()).toEqual(["a running"]);
    expect(tree.log.filter(({ message }) => message === "an observer threw").length).toBeGreaterThan(0);
    forget();
    tree.log.length = 0;
  });
});

describe("a restart", () => {
  test("of a supervisor ends its children first, and children with names can be made again", async () => {
    const team = supervisor({
      intensity: { maxRestarts: 0, periodMs: 1 },
      children: [
        { id: "x", logic: namedWorker("printer") },
        { id: "y", logic: worker },
      ],
    });
    await using tree = await startTree({ children: [{ id: "team", logic: team }] });
    await tree.order(["team/y", die]);
    expect(tree.trace.lives()).toEqual(["-team/y failure", "-team/x shutdown", "-team escalated", "+team/x", "+team/y", "+team"]);
    expect(tree.branch.whereis("printer")).toBe("/sup/team/x");
  });

  test.skipIf(isElsewhere)("of a machine ends the machine's own children first", async () => {
    const lives: string[] = [];
    const inner = setup({}).createMachine({ entry: () => void lives.push("+inner"), ...waiting });
    const outer = setup({ actors: { inner } }).createMachine({
      initial: "on",
      states: { on: { invoke: { id: "named", src: "inner", onDone: "end" }, on: { die: { actions: boom } } }, end: { type: "final" } },
    });
    await using tree = await startTree({ intensity: wide, children: [{ id: "m", logic: outer }] });
    await tree.order(["m", { type: "die" }]);
    expect(tree.trace.lives()).toEqual(["-m failure", "+m"]);
    expect(lives.filter((life) => life === "+inner")).toHaveLength(2);
    expect(tree.system.tree().children[0]!.children[0]).toMatchObject({ incarnation: 2, label: "on" });
  });
});

describe("watchers", () => {
  test("a throw in the constructor leaves no zombie, and watchers of the address are told once", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 1, periodMs: 1_000 },
      children: [
        { id: "a", logic: workerOnce() },
        { id: "b", logic: worker },
      ],
    });
    const told: unknown[] = [];
    void tree.system.watch("/sup/a").then((why) => told.push(why));
    await tree.order(["a", die]);
    expect(told).toMatchObject([{ kind: "failure", failure: { message: "/sup/a dies" } }]);
    expect(tree.system.open.actors).toBe(1);
  });

  test("whoever watches an address while its restart waits hears how that ends", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [{ id: "a", backoff: { minMs: 100, jitter: 0 }, logic: scriptedWorker("ok", "fail", "ok") }],
    });
    await tree.order(["a", die]);
    const down = tree.system.watch("/sup/a");
    await tree.clock.advance(100);
    await expect(down).resolves.toMatchObject({ kind: "failure", failure: { message: "/sup/a does not start" } });
    const given = tree.system.watch("/sup/a");
    await tree.sup.terminateChild("a");
    await expect(given).resolves.toMatchObject({ kind: "failure" });
  });

  test("each life tells its end to those who watched it, and nobody is told twice", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: worker }] });
    const told: string[] = [];
    for (const name of ["first", "second"]) void tree.system.watch("/sup/a").then((why) => told.push(`${name} ${why.kind}`));
    await tree.order(["a", die]);
    await tree.order(["a", exit("normal")]);
    expect(told).toEqual(["first failure", "second failure"]);
  });
});

test.skipIf(isElsewhere)("two children that ask for one name: the second fails, alone", async () => {
  await using tree = await startTree({
    intensity: { maxRestarts: 1, periodMs: 1 },
    children: [{ id: "a", logic: namedWorker("printer") }],
  });
  const slowNamed = plain({
    init: async (_input, turn) => {
      turn.register("scanner"); // Free now, and taken by the time this is up.
      await new Promise<void>((resolve) => void tree.clock.setTimer(100, resolve));
      return 0;
    },
    receive: (state: number) => state,
  });
  await tree.system.start({ id: "elsewhere", logic: supervisor({ strategy: "dynamic" }) });
  const started = tree.sup.startChild({ id: "late", restart: "temporary", logic: slowNamed });
  await tree.clock.settle();
  await tree.supervisor("/elsewhere").startChild({ id: "b", logic: namedWorker("scanner") });
  await tree.clock.advance(100);
  await started;
  expect(tree.trace.lives()).toEqual(["+late", "-late failure"]);
  expect(tree.branch.whereis("scanner")).toBe("/elsewhere/b");
  await tree.order(["a", count(1)]);
  expect(await tree.list()).toEqual(["a running"]);
});
