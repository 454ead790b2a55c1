/**
 * Machines that end, but hang, go round, wait for ever, or name what is not there.
 */
import { and, assign, createMachine, fromPromise, not, raise, sendTo, setup, spawnChild } from "xstate";
import { fromWork } from "../machine/from-work.ts";
import type { LintedMachine } from "./linted-machine.fixture.ts";

const end = { type: "final" } as const;
const model = fromWork({ kind: "idempotent", run: async () => "an answer" });

const looping: readonly LintedMachine[] = [
  {
    name: "eventless transitions in a circle",
    machine: createMachine({ id: "m", initial: "a", states: { a: { always: "b" }, b: { always: "c" }, c: { always: "a" }, end } }),
    findings: [
      "error cannot-finish m.a",
      "error microstep-loop m.a",
      "error cannot-finish m.b",
      "error cannot-finish m.c",
      "warning unreachable m.end",
    ],
  },
  {
    name: "eventless transitions in a circle, with a way out that is never tried",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { always: "b", on: { X: "end" } }, b: { always: "a", after: { 9: "end" } }, end },
    }),
    findings: ["error cannot-finish m.a", "error microstep-loop m.a", "error cannot-finish m.b", "warning unreachable m.end"],
  },
  {
    name: "eventless transitions in a circle through a nested state",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { initial: "x", states: { x: { always: "#m.b" } }, on: { X: "end" } }, b: { always: "a", on: { X: "end" } }, end },
    }),
    findings: ["error cannot-finish m.a.x", "error microstep-loop m.a.x", "error cannot-finish m.b", "warning unreachable m.end"],
  },
  {
    name: "eventless transitions in a circle that a guard may break",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { always: [{ guard: () => true, target: "end" }, { target: "b" }] }, b: { always: "a" }, end },
    }),
    findings: ["warning microstep-loop m.a"],
  },
  {
    name: "an eventless assignment without a guard",
    machine: createMachine({
      id: "m",
      context: { count: 0 },
      initial: "a",
      states: {
        a: { always: { actions: assign({ count: ({ context }) => context.count + 1 }) }, on: { X: "end" }, after: { 9: "end" } },
        end,
      },
    }),
    findings: ["error microstep-loop m.a"],
  },
  {
    name: "an eventless transition that enters its own state again, and assigns on entry",
    machine: createMachine({
      id: "m",
      context: { count: 0 },
      initial: "a",
      states: { a: { entry: assign({ count: 1 }), always: { target: "a", reenter: true }, after: { 9: "end" } }, end },
    }),
    findings: ["error microstep-loop m.a"],
  },
  {
    name: "a retry without a limit",
    machine: setup({ actors: { model } }).createMachine({
      id: "m",
      initial: "ask",
      states: {
        ask: { invoke: { src: "model", id: "model", onDone: "end", onError: { target: "ask", reenter: true } }, after: { 9: "end" } },
        end,
      },
    }),
    findings: ["warning unbounded-loop m.ask"],
  },
  {
    name: "a poll without a limit",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "b" } }, b: { after: { 9: "a" }, on: { STOP: "end" } }, end },
    }),
    findings: ["warning unbounded-loop m.a"],
  },
  {
    name: "rounds of a nested state, each completed",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { STOP: ".end" },
      states: { a: { initial: "x", onDone: "b", states: { x: { after: { 9: "y" } }, y: end } }, b: { after: { 9: "a" } }, end },
    }),
    findings: ["warning unbounded-loop m.a.x"],
  },
];

const waiting: readonly LintedMachine[] = [
  {
    name: "a wait without a timeout",
    machine: createMachine({ id: "m", initial: "a", states: { a: { on: { X: "end" } }, end } }),
    findings: ["warning no-timeout m.a"],
  },
  {
    name: "a timeout that a guard may refuse",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { on: { X: "end" }, after: { 9: { guard: () => true, target: "end" } } }, end },
    }),
    findings: ["warning no-timeout m.a"],
  },
  {
    name: "a timeout that leads nowhere else",
    machine: createMachine({ id: "m", initial: "a", states: { a: { on: { X: "end" }, after: { 9: { actions: () => undefined } } }, end } }),
    findings: ["warning no-timeout m.a"],
  },
  {
    name: "a state that nothing leads to",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "end" } }, ghost: { initial: "x", states: { x: {} }, after: { 9: "a" } }, end },
    }),
    findings: ["warning unreachable m.ghost"],
  },
  {
    name: "a state that only the onDone of an incomplete state leads to",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { initial: "x", onDone: "b", after: { 9: "end" }, states: { x: { on: { X: "y" } }, y: {}, z: end } },
        b: { after: { 9: "end" } },
        end,
      },
    }),
    findings: ["warning unreachable m.a.z", "warning unreachable m.b"],
  },
  {
    name: "a nested end that nobody hears",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { initial: "x", after: { 9: "end" }, states: { x: { on: { X: "y" } }, y: end } }, end },
    }),
    findings: ["warning final-goes-nowhere m.a"],
  },
  {
    name: "regions that are all complete, and nobody hears it",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          after: { 9: "end" },
          states: {
            a: { initial: "x", states: { x: { on: { X: "y" } }, y: end } },
            b: { initial: "x", states: { x: { on: { X: "y" } }, y: end } },
          },
        },
        end,
      },
    }),
    findings: ["warning final-goes-nowhere m.p"],
  },
];

const unheard: readonly LintedMachine[] = [
  {
    name: "an actor whose error nobody handles",
    machine: createMachine({ id: "m", initial: "a", states: { a: { invoke: { src: model, onDone: "end" }, after: { 9: "end" } }, end } }),
    findings: ["warning invoke-without-onError m.a"],
  },
  {
    name: "a wildcard that takes the errors of an actor",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { invoke: { src: model, onDone: "end" }, on: { "*": { actions: () => undefined } }, after: { 9: "end" } }, end },
    }),
    findings: ["warning wildcard-swallows-errors m.a"],
  },
  {
    name: "a wildcard inside, asked before the onError around it",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: {
          invoke: { src: model, onDone: "end", onError: "end" },
          after: { 9: "end" },
          initial: "x",
          states: { x: { on: { "*": "y" } }, y: {} },
        },
        end,
      },
    }),
    // It is also asked before the timer around it.
    findings: ["warning no-timeout m.a.x", "warning wildcard-swallows-errors m.a.x"],
  },
  {
    name: "a wildcard for everything of XState's own",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { "xstate.*": { actions: () => undefined } },
      states: { a: { invoke: { src: model, onDone: "end" }, after: { 9: "end" } }, end },
    }),
    findings: ["warning wildcard-swallows-errors m"],
  },
  {
    name: "errors that are taken, and nothing done",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { invoke: { src: model, onDone: "end" }, on: { "xstate.error.*": {} }, after: { 9: "end" } }, end },
    }),
    findings: ["warning wildcard-swallows-errors m.a"],
  },
];

const missing: readonly LintedMachine[] = [
  {
    name: "actions that are not there",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { entry: "one", exit: { type: "two" }, after: { 9: { target: "end", actions: ["three", "one"] } } }, end },
    }),
    findings: ["error missing-action m.a", "error missing-action m.a", "error missing-action m.a"],
  },
  {
    name: "guards that are not there, however deep",
    machine: setup({ guards: { known: () => true, half: and(["known", "lost" as "known"]) } }).createMachine({
      id: "m",
      initial: "a",
      states: {
        a: {
          on: { X: { guard: not(and(["known", "gone" as "known"])), target: "end" }, Y: { guard: "half", target: "end" } },
          after: { 9: "end" },
        },
        end,
      },
    }),
    findings: ["error missing-guard m.a", "error missing-guard m.a"],
  },
  {
    name: "delays that are not there",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: {
          entry: [raise({ type: "X" }, { delay: "soon" as never }), sendTo("#_parent", { type: "X" }, { delay: "later" as never })],
          after: { patience: "end" },
        },
        end,
      },
    }),
    findings: ["error missing-delay m.a", "error missing-delay m.a", "error missing-delay m.a"],
  },
  {
    name: "a delay that is not there, behind the name of an action",
    machine: setup({ actions: { arm: raise({ type: "X" }, { delay: "soon" as never }) } }).createMachine({
      id: "m",
      initial: "a",
      states: { a: { entry: "arm", on: { X: "end" } }, end },
    }),
    findings: ["error missing-delay m.a"],
  },
  {
    name: "actors that are not there",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { entry: spawnChild("worker", { id: "w" }), invoke: { src: "model", id: "model", onError: "end" }, after: { 9: "end" } },
        end,
      },
    }),
    findings: ["error missing-actor m.a", "error missing-actor m.a"],
  },
  {
    name: "a name that only an object's own methods would answer to",
    machine: createMachine({ id: "m", initial: "a", states: { a: { entry: "toString", after: { 9: "end" } }, end } }),
    findings: ["error missing-action m.a"],
  },
  {
    name: "a child spawned without an id",
    machine: setup({ actors: { model }, actions: { hire: spawnChild("model") } }).createMachine({
      id: "m",
      initial: "a",
      states: { a: { entry: "hire", on: { MORE: { actions: spawnChild(model) } }, after: { 9: "end" } }, end },
    }),
    findings: ["error spawn-without-id m.a"],
  },
];

const undeclared: readonly LintedMachine[] = [
  {
    name: "promises of which nobody knows what they do to the world, each once",
    machine: setup({ actors: { model: fromPromise(async () => "an answer"), tool: fromPromise(async () => "a result") } }).createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { entry: spawnChild("tool", { id: "t" }), invoke: { src: "model", onDone: "b", onError: "end" }, after: { 9: "end" } },
        b: { invoke: { src: "model", onDone: "end", onError: "end" }, after: { 9: "end" } },
        end,
      },
    }),
    findings: ["warning undeclared-promise m.a", "warning undeclared-promise m.a"],
  },
];

/** Machines with a planted fault that is not about reaching the end. */
export const badWiring: readonly LintedMachine[] = [...looping, ...waiting, ...unheard, ...missing, ...undeclared];
