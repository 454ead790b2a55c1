/** 1,000 to 100,000 children in the spec of one supervisor: start, stop, and one restart among them. */
import { createActorSystem, plain, type ActorSystem } from "@orgtree/runtime";
import { erlang, node, plainly, type Bench, type Comparison, type Job, type Measure, type Row, type Sample } from "./harness/bench.ts";
import { figureOf } from "./harness/statistics.ts";
import { deskOf } from "./subjects/desks.ts";

/** Restarts measured in each round. */
const restarts = 100;

const child = plain<number, "crash" | "which">({
  init: (_, turn) => turn.incarnation,
  receive(state, message, turn) {
    if (message === "crash") throw new Error("crash");
    turn.reply(state);
    return state;
  },
});

function ours(): Job {
  const system = createActorSystem();
  return async (size) => {
    const before = system.open.actors;
    const spec = deskOf(size, child);
    const startMs = await took(() => system.start(spec));
    const done = system.open.actors - before - 1;
    const restartUs = await medianOf((n) => restart(system, n * (size / restarts)));
    const ownUs = await medianOf((n) => observedRestart(system, n * (size / restarts)));
    const stopMs = await took(() => system.stop("/desk"));
    if (system.open.actors !== before) throw new Error(`${system.open.actors - before} actors were left`);
    return { done, startMs, stopMs, restartUs, ownUs };
  };
}

/** As many children in all, under supervisors of 10,000, one after the other. */
function byTenThousand(): Job {
  const job = startAndStop(createActorSystem());
  return async (size) => {
    let sum: Sample & { startMs: number; stopMs: number } = { done: 0, startMs: 0, stopMs: 0 };
    while (sum.done < size) {
      const { done, startMs, stopMs } = await job(10_000);
      sum = { done: sum.done + done, startMs: sum.startMs + startMs, stopMs: sum.stopMs + stopMs };
    }
    return sum;
  };
}

function startAndStop(system: ActorSystem): (size: number) => Promise<{ done: number; startMs: number; stopMs: number }> {
  return async (size) => {
    const before = system.open.actors;
    const spec = deskOf(size, child);
    const startMs = await took(() => system.start(spec));
    const done = system.open.actors - before - 1;
    const stopMs = await took(() => system.stop("/desk"));
    if (system.open.actors !== before) throw new Error(`${system.open.actors - before} actors were left`);
    return { done, startMs, stopMs };
  };
}

/** From the failing message to the answer of the restarted child, in microseconds. */
async function restart(system: ActorSystem, n: number): Promise<number> {
  const address = `/desk/child-${n}` as const;
  const incarnation = (await system.ask(address, "which")) as number;
  const begin = performance.now();
  system.tell(address, "crash");
  const now = await system.ask(address, "which");
  const us = (performance.now() - begin) * 1_000;
  if (now !== incarnation + 1) throw new Error(`${address} answers as incarnation ${String(now)}, not ${incarnation + 1}`);
  return us;
}

/** The supervisor's part of a restart: from the end of the failed incarnation to the start of the next. */
async function observedRestart(system: ActorSystem, n: number): Promise<number> {
  let failedAt = 0;
  let startedAt = 0;
  const end = system.observe(({ type }) => {
    if (type === "actor-exited") failedAt = performance.now();
    if (type === "actor-started") startedAt = performance.now();
  });
  await restart(system, n);
  end();
  return (startedAt - failedAt) * 1_000;
}

async function medianOf(measure: (n: number) => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let n = 0; n < restarts; n++) values.push(await measure(n));
  return figureOf(values).median;
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function perSecondIn(part: "startMs" | "stopMs"): Measure {
  return { unit: "/s", better: "more", of: (sample) => (sample.done / sample[part]!) * 1_000 };
}

const starts = perSecondIn("startMs");
const stops = perSecondIn("stopMs");

function comparison(size: number, rounds: { readonly rounds: number; readonly warmUps: number }): Comparison {
  const count = size.toLocaleString("en");
  return {
    name: count,
    size,
    ...rounds,
    contenders: { ours: node(ours), Erlang: erlang("children"), ...(size > 10_000 ? { "10,000 at a time": node(byTenThousand) } : {}) },
    rows: [
      { what: `${count} children: start`, measure: starts, peer: "Erlang", floor: 0.5, goal: 1 },
      { what: `${count} children: stop`, measure: stops, peer: "Erlang", floor: 0.5, goal: 1 },
      { what: `one restart among ${count}`, measure: plainly("restartUs", "µs"), floor: 200, goal: 50 },
      { what: `one restart among ${count}`, measure: plainly("restartUs", "µs"), peer: "Erlang" },
      { what: `… the supervisor's part`, measure: plainly("ownUs", "µs") },
      ...(size > 10_000 ? linear(count) : []),
    ],
  };
}

/**
 * Linear: a child costs as much among 100,000 as among 10,000. Where time grew with the square it would be 0.1×; what the
 * collector has to move because it stays alive takes V8 up to half.
 */
function linear(count: string): readonly Row[] {
  const peer = "10,000 at a time";
  return [
    { what: `linear: start of ${count}`, measure: starts, peer, floor: 0.3, goal: 1 },
    { what: `linear: stop of ${count}`, measure: stops, peer, floor: 0.3, goal: 1 },
  ];
}

export const bench: Bench = {
  name: "children",
  comparisons: [
    comparison(1_000, { rounds: 25, warmUps: 15 }),
    comparison(10_000, { rounds: 9, warmUps: 4 }),
    comparison(100_000, { rounds: 5, warmUps: 1 }),
  ],
};
