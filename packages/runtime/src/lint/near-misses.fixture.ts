/** Machines that come close to breaking a rule, and do not. */
import { createMachine, raise, setup, spawnChild, type AnyStateMachine } from "xstate";
import { fromWork } from "../machine/from-work.ts";
import { rounds } from "./near-miss-rounds.fixture.ts";

/** A machine without findings, and the rule it comes close to breaking. */
export interface NearMiss {
  readonly rule: string;
  readonly name: string;
  readonly machine: AnyStateMachine;
}

const end = { type: "final" } as const;
const model = fromWork({ kind: "idempotent", run: async () => "an answer" });
const noop = (): undefined => undefined;

const endings: readonly NearMiss[] = [
  {
    rule: "no-final",
    name: "the only way to the end is on the root",
    machine: createMachine({ id: "m", initial: "a", on: { STOP: ".end" }, after: { 9: ".end" }, states: { a: {}, end } }),
  },
  {
    rule: "no-final",
    name: "a region that is itself a final state",
    machine: createMachine({
      id: "m",
      type: "parallel",
      states: { a: end, b: { initial: "x", states: { x: { after: { 9: "y" } }, y: end } } },
    }),
  },
  {
    rule: "dead-end",
    name: "only an actor's result leads out",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { entry: raise({ type: "X" }), on: { X: "b" } },
        b: { invoke: { src: model, onDone: "end", onError: "end" }, after: { 9: "end" } },
        end,
      },
    }),
  },
  {
    rule: "dead-end",
    name: "a guarded transition does not hide that of the root",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { X: ".end" },
      after: { 9: ".end" },
      states: { a: { on: { X: { guard: () => false, actions: noop } } }, end },
    }),
  },
  {
    rule: "dead-end",
    name: "a wildcard for other events does not hide the timeout of the root",
    machine: createMachine({ id: "m", initial: "a", after: { 9: ".end" }, states: { a: { on: { "news.*": { actions: noop } } }, end } }),
  },
  {
    rule: "dead-end",
    name: "a state without ways in a region whose neighbour ends it all",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: { p: { type: "parallel", states: { a: {}, b: { initial: "x", states: { x: { after: { 9: "#m.end" } } } } } }, end },
    }),
  },
  {
    rule: "dead-end",
    name: "a state without ways that a neighbour resets",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          onDone: "end",
          states: {
            a: { initial: "x", states: { x: { on: { X: "y", Z: "z" }, after: { 9: "z" } }, y: {}, z: end } },
            b: { initial: "x", states: { x: { after: { 9: "y", 5: { guard: () => true, target: "#m.p" } } }, y: end } },
          },
        },
        end,
      },
    }),
  },
  {
    rule: "dead-end",
    name: "the final state of a region",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          onDone: "end",
          states: {
            a: { initial: "x", states: { x: { after: { 9: "y" } }, y: end } },
            b: { initial: "x", states: { x: { after: { 9: "y" } }, y: end } },
          },
        },
        end,
      },
    }),
  },
  {
    rule: "cannot-finish",
    name: "a region that never ends, in a state that is left by its own transition",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          after: { 9: "end" },
          states: { a: { initial: "x", states: { x: { on: { X: "y" } }, y: { on: { X: "x" } } } }, b: { initial: "x", states: { x: {} } } },
        },
        end,
      },
    }),
  },
  {
    rule: "cannot-finish",
    name: "a history whose default leads to the end",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: { after: { 9: "w.h" } },
        w: {
          initial: "a",
          states: { a: { after: { 9: "b" } }, b: { after: { 9: "#m.end" } }, h: { type: "history", target: "b" } },
          on: { P: "p", A: ".a" },
        },
        end,
      },
    }),
  },
  {
    rule: "unreachable",
    name: "reached only by the default of a history, named by id",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: { after: { 9: "w.h" } },
        w: { initial: "a", states: { a: { after: { 9: "#m.end" } }, b: { after: { 9: "a" } }, h: { type: "history", target: "#m.w.b" } } },
        end,
      },
    }),
  },
  {
    rule: "final-goes-nowhere",
    name: "an onDone that only runs actions",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { initial: "x", onDone: { actions: noop }, after: { 9: "end" }, states: { x: { on: { X: "y" } }, y: end } }, end },
    }),
  },
  {
    rule: "final-goes-nowhere",
    name: "one region of two has an end",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          after: { 9: "end" },
          states: { a: { initial: "x", states: { x: { on: { X: "y" } }, y: end } }, b: {} },
        },
        end,
      },
    }),
  },
  {
    rule: "unreachable",
    name: "reached only through the history of its parent",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: { p: { after: { 9: "w.h" } }, w: { initial: "a", states: { a: { after: { 9: "#m.end" } }, h: { type: "history" } } }, end },
    }),
  },
  {
    rule: "unreachable",
    name: "an initial child that a transition aims past",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { after: { 9: "w.y" } },
        w: { initial: "x", on: { X: "w" }, states: { x: { after: { 9: "#m.end" } }, y: { after: { 9: "x" } } } },
        end,
      },
    }),
  },
  {
    rule: "unknown-end",
    name: "a failure with a kind, and ends that say nothing",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { after: { 9: "end" }, on: { FAIL: "failed", STOP: "other" } },
        failed: { type: "final", meta: { exit: "failure", class: "model-error", kind: "rate-limit" } },
        other: { type: "final", meta: { color: "red" } },
        end,
      },
    }),
  },
];

const wiring: readonly NearMiss[] = [
  {
    rule: "invoke-without-onError",
    name: "handled by name on the root",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { "xstate.error.actor.llm": ".end" },
      states: { a: { invoke: { src: model, id: "llm", onDone: "end" }, after: { 9: "end" } }, end },
    }),
  },
  {
    rule: "wildcard-swallows-errors",
    name: "errors of all actors lead on",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { "xstate.error.*": ".end" },
      states: { a: { invoke: { src: model, onDone: "end" }, after: { 9: "end" } }, end },
    }),
  },
  {
    rule: "wildcard-swallows-errors",
    name: "a guard on the wildcard",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: {
          invoke: { src: model, onDone: "end" },
          on: { "*": { guard: ({ event }) => !event.type.startsWith("xstate."), actions: noop } },
          after: { 9: "end" },
        },
        end,
      },
    }),
  },
  {
    rule: "wildcard-swallows-errors",
    name: "a wildcard where no actor is",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { on: { "*": "b" }, after: { 9: "b" } },
        b: { invoke: { src: model, onDone: "end", onError: "end" }, after: { 9: "end" } },
        end,
      },
    }),
  },
  {
    rule: "wildcard-swallows-errors",
    name: "a wildcard in the region beside an actor with onError",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          after: { 9: "end" },
          states: { a: { on: { "*": { actions: noop } } }, b: { invoke: { src: model, onError: "#m.end" } } },
        },
        end,
      },
    }),
  },
  {
    rule: "missing-actor",
    name: "an implementation that is provided later, and an inline one",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: {
          invoke: [
            { src: "model", onDone: "end", onError: "end" },
            { src: model, onError: "end" },
          ],
          after: { 9: "end" },
        },
        end,
      },
    }).provide({ actors: { model } }),
  },
  {
    rule: "spawn-without-id",
    name: "an id that is computed",
    machine: setup({ actors: { model } }).createMachine({
      id: "m",
      initial: "a",
      states: { a: { entry: spawnChild("model", { id: () => "child" }), after: { 9: "end" } }, end },
    }),
  },
];

/** One or more for each rule; those of `undeclared-promise` are the good agents. */
export const nearMisses: readonly NearMiss[] = [...endings, ...rounds, ...wiring];
