/** Time to lint machines of 100, 1,000 and 3,000 states: flat, nested, parallel and one deep chain. */
import { createMachine, type AnyStateMachine } from "xstate";
// oxlint-disable-next-line no-restricted-imports
import { lintMachine } from "../packages/runtime/src/lint/lint-machine.ts";
import { node, plainly, timed, type Bench, type Comparison, type Job } from "./harness/bench.ts";

/** Each state has a timeout and two events; `s0` leads to the end. */
function flat(count: number): AnyStateMachine {
  const states: Record<string, object> = { end: { type: "final" } };
  for (let i = 0; i < count; i++) {
    const on = { NEXT: `s${(i + 1) % count}`, JUMP: `s${(i * 31) % count}`, ...(i === 0 ? { END: "end" } : {}) };
    states[`s${i}`] = { on, after: { 100: `s${(i + 7) % count}` } };
  }
  return createMachine({ id: "flat", initial: "s0", states });
}

/** Groups of ten states, each group with an end and an `onDone`. */
function nested(count: number): AnyStateMachine {
  const states: Record<string, object> = { end: { type: "final" } };
  const groups = Math.ceil(count / 10);
  for (let group = 0; group < groups; group++) {
    const inner: Record<string, object> = { last: { type: "final" } };
    for (let i = 0; i < 9; i++) inner[`s${i}`] = { on: { NEXT: i < 8 ? `s${i + 1}` : "last", BACK: "s0" } };
    const onDone = group < groups - 1 ? `g${group + 1}` : "end";
    states[`g${group}`] = { initial: "s0", states: inner, onDone, after: { 1000: "end" } };
  }
  return createMachine({ id: "nested", initial: "g0", states, on: { STOP: ".end" } });
}

/** Regions of ten states, any of which can stop the whole. */
function parallel(count: number): AnyStateMachine {
  const regions: Record<string, object> = {};
  for (let region = 0; region < count / 10; region++) {
    const inner: Record<string, object> = { last: { type: "final" } };
    for (let i = 0; i < 9; i++) inner[`s${i}`] = { on: { NEXT: i < 8 ? `s${i + 1}` : "last", STOP: "#end", AGAIN: "#work" } };
    regions[`r${region}`] = { initial: "s0", states: inner };
  }
  const states = { work: { id: "work", type: "parallel", states: regions, onDone: "end", after: { 1000: "end" } } } as const;
  return createMachine({ id: "parallel", initial: "work", states: { ...states, end: { id: "end", type: "final" } } });
}

/** States inside states, each with an event of its own. */
function deep(count: number): AnyStateMachine {
  let inner: object = { on: { NEXT: "#end" } };
  for (let i = 0; i < count; i++) inner = { initial: "in", states: { in: inner }, on: { [`E${i}`]: "#end", NEXT: "#end" } };
  return createMachine({ id: "deep", initial: "top", states: { top: inner, end: { id: "end", type: "final" } } });
}

function lintOf(machine: AnyStateMachine, expected: number): Job {
  return (states) => timed(() => (lintMachine(machine).findings.length === expected ? states : 0));
}

function comparison(make: (count: number) => AnyStateMachine, states: number): Comparison {
  return {
    name: `${make.name} ${states}`,
    size: states,
    warmUps: 2,
    contenders: {
      ours: node(() => {
        const machine = make(states);
        return lintOf(machine, lintMachine(machine).findings.length);
      }),
    },
    rows: [{ what: `lint of ${states.toLocaleString("en")} states, ${make.name}`, measure: plainly("ms", "ms") }],
  };
}

const shapes = [flat, nested, parallel, deep];

export const bench: Bench = {
  name: "lint",
  // XState itself overflows the stack when it makes a machine much deeper than 1,000.
  comparisons: shapes.flatMap((make) =>
    [100, make === deep ? 500 : 1_000, make === deep ? 1_000 : 3_000].map((states) => comparison(make, states)),
  ),
};
