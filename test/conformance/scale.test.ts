/**
 * Many children, large arguments: cases 40 and 43 to 46. Costs are compared with each other, never with a clock.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ChildSpec, RestartType, Strategy } from "@orgtree/core";
import { plain, supervisor, type Logic } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { startTree, TestSystem, type Tree } from "../support/start-tree.ts";
import { die, exit, lateWorker, worker } from "../support/workers.ts";

const idle = plain({ init: () => 0, receive: (state: number) => state });

/** Collects garbage, so that a weak reference tells whether something is still held. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** In a function of its own, so that no variable of the test's holds the input. */
async function startWithInput(tree: Tree, restart: RestartType): Promise<WeakRef<object>> {
  const input = { large: new Uint8Array(10_000) };
  await tree.sup.startChild({ id: restart, restart, input, logic: idle });
  return new WeakRef(input);
}

/** Milliseconds of this thread's own computing: what else the machine does, and the collector in its threads, makes no difference. */
async function cost(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

describe("start arguments", () => {
  test.skipIf(isElsewhere).each(["one-for-one", "one-for-all", "rest-for-one", "dynamic"] as const satisfies Strategy[])(
    "do_not_save_start_parameters_for_temporary_children, simple_one_for_one_corruption: %s keeps the input of permanent and transient children only",
    async (strategy) => {
      await using tree = await startTree({ strategy });
      const inputs: Record<string, WeakRef<object>> = {};
      for (const restart of ["permanent", "transient", "temporary"] as const) inputs[restart] = await startWithInput(tree, restart);
      await tree.clock.settle();
      collectGarbage();
      const kept = Object.keys(inputs).filter((restart) => inputs[restart]!.deref() !== undefined);
      expect(kept).toEqual(["permanent", "transient"]);
      await expect(tree.sup.getChildSpec("temporary")).resolves.toMatchObject({ id: "temporary", input: undefined });
    },
  );

  test.skipIf(isElsewhere)("a temporary child that ends leaves nothing behind", async () => {
    await using tree = await startTree({ strategy: "dynamic" });
    await tree.sup.startChild({ id: "a", restart: "temporary", logic: worker });
    await tree.order(["a", die]);
    await tree.sup.startChild({ id: "b", restart: "temporary", input: "x".repeat(1_000_000), logic: worker });
    expect(await tree.list()).toEqual(["b running"]);
    expect(tree.system.open.actors).toBe(3);
  });
});

interface Costs {
  readonly startMs: number;
  readonly stopMs: number;
}

/** Starts and stops `size` children, and says what each cost. */
async function startAndStop(size: number, strategy: "one-for-one" | "dynamic"): Promise<Costs> {
  await using host = new TestSystem({ freeze: false });
  const { system } = host;
  const children: ChildSpec<Logic>[] = Array.from({ length: size }, (_, at) => ({ id: `c${at}`, logic: idle }));
  const startMs = await cost(async () => {
    if (strategy === "one-for-one") return system.start({ id: "sup", logic: supervisor({ children }) });
    await system.start({ id: "sup", mailbox: size, logic: supervisor({ strategy, template: { restart: "temporary", logic: idle } }) });
    const sup = system.supervisor("/sup");
    return Promise.all(children.map(({ id }) => sup.startChild({ id })));
  });
  const { active } = await system.supervisor("/sup").countChildren();
  expect(active).toBe(size);
  const stopMs = await cost(() => system.stop("/sup"));
  expect(system.open.actors).toBe(1);
  return { startMs, stopMs };
}

/** The mean of ten rounds of 1,000 children, once the compiler is done with its work. */
async function thousand(strategy: "one-for-one" | "dynamic"): Promise<Costs> {
  for (let round = 0; round < 5; round++) await startAndStop(1_000, strategy);
  const costs: Costs[] = [];
  for (let round = 0; round < 10; round++) costs.push(await startAndStop(1_000, strategy));
  const mean = (of: (round: Costs) => number): number => costs.reduce((sum, round) => sum + of(round), 0) / costs.length;
  return { startMs: mean(({ startMs }) => startMs), stopMs: mean(({ stopMs }) => stopMs) };
}

/** How many times the cost of 1,000 children `size` of them cost. */
async function growth(size: number, strategy: "one-for-one" | "dynamic"): Promise<Costs> {
  const few = await thousand(strategy);
  const many = await startAndStop(size, strategy);
  // A kernel that counts in ticks may have seen little of a short round.
  return { startMs: many.startMs / Math.max(few.startMs, 1), stopMs: many.stopMs / Math.max(few.stopMs, 1) };
}

describe("many children", () => {
  test("simple_one_for_one_scale_many_temporary_children: ten times the children cost less than fifty times as much", async () => {
    const { startMs, stopMs } = await growth(10_000, "dynamic");
    expect(startMs).toBeLessThan(50);
    expect(stopMs).toBeLessThan(50);
  });

  test("scale_start_stop_many_children: a hundred times the children cost less than a thousand times as much", async () => {
    const { startMs, stopMs } = await growth(100_000, "one-for-one");
    expect(startMs).toBeLessThan(1_000);
    expect(stopMs).toBeLessThan(1_000);
  });

  test("one restart among 20,000 starts one child", async () => {
    await using host = new TestSystem({ freeze: false });
    const children = Array.from({ length: 20_000 }, (_, at) => ({ id: `c${at}`, logic: worker }));
    await host.system.start({ id: "sup", logic: supervisor({ children }) });
    const lives: string[] = [];
    host.system.observe((event) => {
      if (event.type === "actor-started" || event.type === "actor-exited") lives.push(`${event.type} ${event.address}`);
    });
    await host.tell("/sup/c10000", die);
    expect(lives).toEqual(["actor-exited /sup/c10000", "actor-started /sup/c10000"]);
  });

  test.skipIf(isElsewhere)(
    "20,000 exits that wait while a child starts are worked off one by one, at a cost that does not explode",
    async () => {
      const rounds: number[] = [];
      for (const size of [2_000, 2_000, 20_000]) {
        await using tree = await startTree(
          { strategy: "dynamic", template: { restart: "temporary", logic: worker } },
          { freeze: false, own: { mailbox: size } },
        );
        await Promise.all(Array.from({ length: size }, (_, at) => tree.sup.startChild({ id: `c${at}` })));
        const late = tree.sup.startChild({ id: "late", logic: lateWorker(tree.clock, 100) });
        await tree.order(...Array.from({ length: size }, (_, at) => [`c${at}`, exit("normal")] as const));
        expect((await tree.sup.countChildren()).active).toBe(size + 1);
        rounds.push(await cost(() => tree.clock.advance(100)));
        await late;
        expect(await tree.list()).toEqual(["late running"]);
      }
      // A kernel that counts in ticks may have seen nothing of a short round.
      expect(rounds[2]! / Math.max(rounds[1]!, 4)).toBeLessThan(50);
    },
  );

  test("a chain of supervisors as deep as an address may be starts, restarts at its foot and stops", async () => {
    await using tree = await startTree({});
    let logic: Logic = supervisor({ children: [{ id: "leaf", logic: worker }] });
    for (let depth = 0; depth < 28; depth++) logic = supervisor({ children: [{ id: "s", logic }] });
    await tree.sup.startChild({ id: "top", logic });
    const leaf = `top${"/s".repeat(28)}/leaf`;
    await tree.order([leaf, die]);
    expect((await tree.ask(leaf)).incarnation).toBe(2);
    await tree.stop();
    expect(tree.system.open.actors).toBe(1);
  });
});
