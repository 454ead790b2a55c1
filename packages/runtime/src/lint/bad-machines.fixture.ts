/**
 * Machines with one planted fault each. What else the lint says of them follows from that fault.
 */
import { createMachine } from "xstate";
import { badWiring } from "./bad-wiring.fixture.ts";
import type { LintedMachine } from "./linted-machine.fixture.ts";

/** Machines that do not end, or not from everywhere. */
const badEndings: readonly LintedMachine[] = [
  {
    name: "no final state",
    machine: createMachine({
      id: "m",
      initial: "a",
      after: { 9: ".b" },
      states: { a: { on: { X: "b" } }, b: { on: { X: "a" }, after: { 9: "a" } } },
    }),
    findings: ["error no-final m"],
  },
  {
    name: "final states only inside",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { initial: "x", after: { 9: "b" }, states: { x: { on: { X: "y" } }, y: { type: "final" } } }, b: { after: { 9: "a" } } },
    }),
    findings: ["error no-final m", "warning unbounded-loop m.a.x"],
  },
  {
    name: "the way to the end lies behind an eventless transition",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { always: "b", on: { X: "end" } }, b: { on: { X: "a" }, after: { 9: "a" } }, end: { type: "final" } },
    }),
    findings: ["error cannot-finish m.a", "warning unbounded-loop m.a", "error cannot-finish m.b", "warning unreachable m.end"],
  },
  {
    name: "the way to the end lies behind an eventless transition of the state around",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { initial: "x", always: "b", states: { x: { on: { X: "#m.end" } } } },
        b: { on: { X: "a" }, after: { 9: "a" } },
        end: { type: "final" },
      },
    }),
    findings: ["error cannot-finish m.a.x", "warning unbounded-loop m.a.x", "error cannot-finish m.b", "warning unreachable m.end"],
  },
  {
    name: "the timer to the end is longer than another",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { after: { 5: "b" }, initial: "x", states: { x: { on: { X: "y" } }, y: { after: { 9: "#m.end" } } } },
        b: { after: { 9: "a", 10: "end" }, on: { X: "a" } },
        end: { type: "final" },
      },
    }),
    findings: [
      "error cannot-finish m.a.x",
      "warning unbounded-loop m.a.x",
      "error cannot-finish m.a.y",
      "error cannot-finish m.b",
      "warning unreachable m.end",
    ],
  },
  {
    name: "the end waits for a signal that nobody sends",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { on: { "orgtree.repyl": "end" } }, end: { type: "final" } },
    }),
    findings: ["error dead-end m.a", "warning unreachable m.end"],
  },
  {
    name: "no states at all",
    machine: createMachine({ id: "m", on: { X: { actions: () => undefined } } }),
    findings: ["error no-final m"],
  },
  {
    name: "a parallel root with a region that has no end",
    machine: createMachine({
      id: "m",
      type: "parallel",
      states: {
        a: { initial: "x", states: { x: { after: { 9: "y" } }, y: { type: "final" } } },
        b: { initial: "x", states: { x: { after: { 9: "y" } }, y: {} } },
      },
    }),
    findings: ["error no-final m", "error dead-end m.b.y"],
  },
  {
    name: "an initial state that does not exist",
    machine: createMachine({ id: "m", initial: "strat", states: { start: { after: { 9: "end" } }, end: { type: "final" } } }),
    findings: ["error unknown-initial m", "warning unreachable m.start", "warning unreachable m.end"],
  },
  {
    name: "a trap",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { on: { X: "trap" }, after: { 9: "end" } }, trap: {}, end: { type: "final" } },
    }),
    findings: ["error dead-end m.trap"],
  },
  {
    name: "a state whose transitions only run actions",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { on: { X: { actions: () => undefined } }, after: { 9: { actions: () => undefined } } }, end: { type: "final" } },
    }),
    findings: ["error dead-end m.a", "warning unreachable m.end"],
  },
  {
    name: "a state that only leads back to itself",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { on: { X: "b" }, after: { 9: "end" } }, b: { on: { X: { target: "b", reenter: true } } }, end: { type: "final" } },
    }),
    findings: ["error dead-end m.b"],
  },
  {
    name: "a forbidden event that hides the only way out",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { CANCEL: ".end" },
      states: { a: { on: { X: "b" }, after: { 9: "end" } }, b: { on: { CANCEL: {} } }, end: { type: "final" } },
    }),
    findings: ["error dead-end m.b"],
  },
  {
    name: "a wildcard that hides the way out and the timeout of the root",
    machine: createMachine({
      id: "m",
      initial: "a",
      on: { CANCEL: ".end" },
      after: { 9: ".end" },
      states: { a: { on: { X: "b" } }, b: { on: { "*": { actions: () => undefined } } }, end: { type: "final" } },
    }),
    findings: ["error dead-end m.b"],
  },
  {
    name: "a way out behind an unguarded transition for the same event",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { on: { X: [{ target: "b" }, { target: "end" }] }, after: { 9: "end" } },
        b: { on: { X: [{ actions: () => undefined }, { target: "end" }] } },
        end: { type: "final" },
      },
    }),
    findings: ["error dead-end m.b"],
  },
  {
    name: "a circle without a way to the end",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { on: { X: "b", Y: "end" }, after: { 9: "end" } },
        b: { on: { X: "c" }, after: { 9: "c" } },
        c: { on: { X: "b" } },
        end: { type: "final" },
      },
    }),
    findings: ["error cannot-finish m.b", "error cannot-finish m.c", "warning no-timeout m.c"],
  },
  {
    name: "an onDone that leads to a trap",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { initial: "x", onDone: "trap", states: { x: { after: { 9: "y" } }, y: { type: "final" } } },
        trap: {},
        end: { type: "final" },
      },
    }),
    findings: [
      "error cannot-finish m.a.x",

      "error cannot-finish m.a.y",
      "error dead-end m.trap",
      "warning unreachable m.end",
    ],
  },
  {
    name: "a nested end without onDone, from which nothing leads on",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { initial: "x", states: { x: { after: { 9: "#m.end" }, on: { X: "y" } }, y: { type: "final" } } },
        end: { type: "final" },
      },
    }),
    findings: ["error cannot-finish m.a.y"],
  },
  {
    name: "regions that wait for one that never ends",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          onDone: "end",
          states: {
            a: { initial: "x", states: { x: { after: { 9: "y" } }, y: { type: "final" } } },
            b: {
              initial: "x",
              states: { x: { after: { 9: "y" } }, y: { after: { 9: [{ guard: () => true, target: "x" }] } }, z: { type: "final" } },
            },
          },
        },
        end: { type: "final" },
      },
    }),
    findings: [
      "error cannot-finish m.p.a.x",
      "error cannot-finish m.p.a.y",
      "error cannot-finish m.p.b.x",
      "error cannot-finish m.p.b.y",
      "warning no-timeout m.p.b.y",
      "warning unreachable m.p.b.z",
      "warning unreachable m.end",
    ],
  },
  {
    name: "a trap in a region whose completion is needed",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          onDone: "end",
          states: {
            a: { initial: "x", states: { x: { after: { 9: "y" } }, y: { type: "final" } } },
            b: { initial: "x", states: { x: { on: { X: "trap" }, after: { 9: "y" } }, y: { type: "final" }, trap: {} } },
          },
        },
        end: { type: "final" },
      },
    }),
    findings: ["error dead-end m.p.b.trap"],
  },
  {
    name: "a parallel state that is complete, but without onDone",
    machine: createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          states: {
            a: { initial: "x", states: { x: { on: { QUIT: "#m.end" }, after: { 9: "y" } }, y: { type: "final" } } },
            b: { initial: "x", states: { x: { after: { 9: "y" } }, y: { type: "final" } } },
          },
        },
        end: { type: "final" },
      },
    }),
    findings: ["error cannot-finish m.p.a.y"],
  },
  {
    name: "a history that only brings back the circle",
    machine: createMachine({
      id: "m",
      initial: "w",
      states: {
        w: { initial: "a", on: { P: "p" }, states: { a: { after: { 9: "b" } }, b: { on: { X: "a" } }, h: { type: "history" } } },
        p: { after: { 9: "w.h" } },
        end: { type: "final" },
      },
    }),
    findings: [
      "error cannot-finish m.w.a",
      "error cannot-finish m.w.b",
      "warning no-timeout m.w.b",
      "error cannot-finish m.p",
      "warning unreachable m.end",
    ],
  },
  {
    name: "an end that nobody knows",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "end" } }, end: { type: "final", meta: { exit: "success" } } },
    }),
    findings: ["error unknown-end m.end"],
  },
  {
    name: "a failure without a class",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "end" } }, end: { type: "final", meta: { exit: "failure" } } },
    }),
    findings: ["error unknown-end m.end"],
  },
  {
    name: "a failure of a class that does not exist",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "end" } }, end: { type: "final", meta: { exit: "failure", class: "time-out" } } },
    }),
    findings: ["error unknown-end m.end"],
  },
  {
    name: "a failure whose kind is no text",
    machine: createMachine({
      id: "m",
      initial: "a",
      states: { a: { after: { 9: "end" } }, end: { type: "final", meta: { exit: "failure", class: "timeout", kind: 7 } } },
    }),
    findings: ["error unknown-end m.end"],
  },
];

/** Machines with planted faults, for the tests of the lint and of what shows its findings. */
export const badMachines: readonly LintedMachine[] = [...badEndings, ...badWiring];
