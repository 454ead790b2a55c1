/** Machines that go in rounds, and come close to breaking a rule. */
import { assign, createMachine, raise } from "xstate";
import { fromWork } from "../machine/from-work.ts";
import type { NearMiss } from "./near-misses.fixture.ts";

const end = { type: "final" } as const;
const model = fromWork({ kind: "idempotent", run: async () => "an answer" });
const noop = (): undefined => undefined;

export const rounds: readonly NearMiss[] = [
  {
    rule: "unreachable",
    name: "behind an eventless transition to a history state that comes back",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { A: "#m.b.x" },
      states: {
        a: { after: { 9: "end" } },
        b: { initial: "x", states: { x: { always: "was", on: { "*": "y" } }, was: { type: "history" }, y: { after: { 9: "#m.end" } } } },
        end,
      },
    }),
  },
  {
    rule: "microstep-loop",
    name: "an eventless transition to its own state, which XState does not take twice",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { entry: noop, always: { target: "a", reenter: true }, after: { 9: "end" } }, end },
    }),
  },
  {
    rule: "microstep-loop",
    name: "an eventless transition that only runs plain actions",
    machine: createMachine({ id: "m", initial: "a", states: { a: { always: { actions: noop }, after: { 9: "end" } }, end } }),
  },
  {
    rule: "microstep-loop",
    name: "an eventless transition into a child, where it settles",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { initial: "x", always: ".y", after: { 9: "end" }, states: { x: {}, y: {} } }, end },
    }),
  },
  {
    rule: "microstep-loop",
    name: "a guarded eventless assignment",
    machine: createMachine({
      id: "m",
      context: { count: 0 },
      initial: "a",
      states: { a: { always: { guard: ({ context }) => context.count < 3, actions: assign({ count: 3 }) }, after: { 9: "end" } }, end },
    }),
  },
  {
    rule: "unbounded-loop",
    name: "an onError to its own state, which does not enter it again",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { invoke: { src: model, onDone: "end", onError: "a" }, after: { 9: "end" } }, end },
    }),
  },
  {
    rule: "unbounded-loop",
    name: "a timer on the root, which has only one go",
    machine: createMachine({
      id: "m",
      initial: "a",
      after: { 9: ".b" },
      states: { a: { on: { X: "b" } }, b: { after: { 9: "end" } }, end },
    }),
  },
  {
    rule: "unbounded-loop",
    name: "a guard that leads out of the circle",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "b" } }, b: { after: { 9: [{ guard: () => true, target: "end" }, { target: "a" }] } }, end },
    }),
  },
  {
    rule: "unbounded-loop",
    name: "a round that needs an event",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { on: { X: "b" }, after: { 9: "end" } }, b: { after: { 9: "a" } }, end },
    }),
  },
  {
    rule: "no-timeout",
    name: "a raised event leads out at once",
    machine: createMachine({ id: "m", initial: "a", states: { a: { entry: raise({ type: "GO" }), on: { GO: "end" } }, end } }),
  },
  {
    rule: "no-timeout",
    name: "a delayed event, computed when it is raised",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { entry: raise(() => ({ type: "LATE" }), { delay: 9 }), on: { LATE: "end" } }, end },
    }),
  },
];
