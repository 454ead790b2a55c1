/**
 * Machines of every shape a statechart can have, that the lint leaves alone.
 */
import { and, createMachine, enqueueActions, fromCallback, not, or, setup, stateIn } from "xstate";
import type { LintedMachine } from "./linted-machine.fixture.ts";

const ticks = fromCallback(() => undefined);

const wizard = createMachine({
  id: "wizard",
  initial: "form",
  on: { CANCEL: ".cancelled" },
  after: { 1_800_000: ".cancelled" },
  states: {
    form: {
      initial: "name",
      onDone: "confirm",
      states: {
        name: { on: { NEXT: "address" } },
        address: { on: { NEXT: "payment", BACK: "name" } },
        payment: { on: { NEXT: "filled", BACK: "address" } },
        filled: { type: "final" },
      },
    },
    confirm: { on: { CONFIRM: "ordered", EDIT: "form" } },
    ordered: { type: "final" },
    cancelled: { type: "final" },
  },
});

const upload = createMachine({
  id: "upload",
  initial: "working",
  states: {
    working: {
      type: "parallel",
      onDone: "published",
      on: { CANCEL: "cancelled" },
      after: { 30_000: "cancelled" },
      states: {
        video: {
          initial: "sending",
          states: { sending: { on: { SENT: "encoding" } }, encoding: { on: { ENCODED: "ready" } }, ready: { type: "final" } },
        },
        title: { initial: "asking", states: { asking: { on: { TITLE: "given" } }, given: { type: "final" } } },
      },
    },
    published: { type: "final" },
    cancelled: { type: "final" },
  },
});

const parallelRoot = createMachine({
  id: "review",
  type: "parallel",
  states: {
    security: { initial: "open", states: { open: { on: { SAFE: "closed" }, after: { 1000: "closed" } }, closed: { type: "final" } } },
    style: { initial: "open", states: { open: { on: { NICE: "closed" }, after: { 1000: "closed" } }, closed: { type: "final" } } },
  },
});

const pausable = createMachine({
  id: "pausable",
  initial: "working",
  states: {
    working: {
      initial: "reading",
      on: { PAUSE: "paused" },
      after: { 10_000: "abandoned" },
      states: {
        reading: { on: { NEXT: "writing" } },
        writing: { on: { NEXT: "#pausable.finished" } },
        last: { type: "history" },
      },
    },
    paused: { on: { RESUME: "working.last" }, after: { 10_000: "abandoned" } },
    finished: { type: "final" },
    abandoned: { type: "final", meta: { exit: "failure", class: "no-progress" } },
  },
});

const deepHistory = createMachine({
  id: "interview",
  initial: "talking",
  after: { 90_000: ".over" },
  states: {
    talking: {
      initial: "opening",
      on: { INTERRUPT: "interrupted" },
      states: {
        opening: { on: { NEXT: "questions" } },
        questions: { initial: "easy", states: { easy: { on: { NEXT: "hard" } }, hard: { on: { NEXT: "#interview.over" } } } },
        back: { type: "history", history: "deep", target: "questions" },
      },
    },
    interrupted: { on: { GO_ON: "talking.back" } },
    over: { type: "final" },
  },
});

const nestedDone = createMachine({
  id: "project",
  initial: "phase",
  after: { 5000: ".late" },
  states: {
    phase: {
      initial: "task",
      onDone: "delivered",
      states: {
        task: {
          initial: "step",
          onDone: "signedOff",
          states: {
            step: { initial: "try", onDone: "ok", states: { try: { on: { OK: "yes" } }, yes: { type: "final" } } },
            ok: { type: "final" },
          },
        },
        signedOff: { type: "final" },
      },
    },
    delivered: { type: "final" },
    late: { type: "final" },
  },
});

const watchdog = createMachine({
  id: "watched",
  initial: "running",
  states: {
    running: {
      type: "parallel",
      states: {
        // Never ends by itself: the neighbouring region ends it.
        work: { initial: "idle", states: { idle: { on: { JOB: "busy" } }, busy: { on: { READY: "idle" } } } },
        clock: { initial: "ticking", states: { ticking: { after: { 10_000: "#watched.over" } } } },
      },
    },
    over: { type: "final" },
  },
});

const monitor = setup({ actors: { ticks } }).createMachine({
  id: "monitored",
  initial: "running",
  states: {
    running: {
      type: "parallel",
      after: { 10_000: "over" },
      states: {
        // A region without states of its own is active all the time.
        telemetry: {
          invoke: { src: "ticks", id: "ticks", onError: { actions: () => undefined } },
          on: { TICK: { actions: () => undefined } },
        },
        work: { initial: "todo", states: { todo: { on: { READY: "#monitored.over" } } } },
      },
    },
    over: { type: "final" },
  },
});

const combined = setup({
  guards: {
    isBig: () => true,
    isOld: () => false,
    isBoth: and(["isBig", not("isOld")]),
    above: (_, params: { readonly limit: number }) => params.limit > 1,
  },
  actions: { note: (_args, _params: { readonly text: string }) => undefined },
}).createMachine({
  id: "combined",
  initial: "start",
  after: { 1000: ".end" },
  states: {
    start: {
      entry: [
        { type: "note", params: { text: "begun" } },
        enqueueActions(({ enqueue }) => enqueue({ type: "note", params: { text: "more" } })),
      ],
      on: {
        A: { guard: or(["isBoth", { type: "above", params: { limit: 2 } }]), target: "middle" },
        B: { guard: stateIn("start"), target: "end" },
      },
    },
    middle: { on: { C: "end" } },
    end: { type: "final" },
  },
});

const routed = createMachine({
  id: "routed",
  initial: "home",
  after: { 1000: ".left" },
  states: { home: { on: { LEAVE: "left" } }, help: { id: "help", route: {}, on: { LEAVE: "left" } }, left: { type: "final" } },
});

const nestedParallel = createMachine({
  id: "launch",
  initial: "countdown",
  states: {
    countdown: {
      type: "parallel",
      onDone: "flying",
      after: { 10_000: "scrubbed" },
      states: {
        crew: { initial: "boarding", states: { boarding: { on: { SEATED: "seated" } }, seated: { type: "final" } } },
        rocket: {
          type: "parallel",
          states: {
            fuel: { initial: "filling", states: { filling: { on: { FULL: "full" } }, full: { type: "final" } } },
            checks: {
              initial: "running",
              states: { running: { on: { FAIL: "#launch.scrubbed", PASS: "passed" } }, passed: { type: "final" } },
            },
          },
        },
      },
    },
    flying: { type: "final" },
    scrubbed: { type: "final" },
  },
});

const transient = createMachine({
  id: "transient",
  initial: "looking",
  states: {
    looking: { always: [{ guard: ({ context }) => Boolean(context), target: "good" }, { target: "bad" }] },
    good: { type: "final" },
    bad: { type: "final", output: "why" },
  },
});

const atOnce = createMachine({ id: "atOnce", type: "final" });

/** Nested, parallel, with history, with routes. */
export const goodShapes: readonly LintedMachine[] = [
  { name: "a wizard with nested steps, a way back and a cancel on the root", machine: wizard, findings: [] },
  { name: "regions whose completion is the onDone of their state", machine: upload, findings: [] },
  { name: "a parallel root that ends when all regions do", machine: parallelRoot, findings: [] },
  { name: "a pause with a shallow history", machine: pausable, findings: [] },
  { name: "an interruption with a deep history that has a default", machine: deepHistory, findings: [] },
  { name: "onDone on three levels", machine: nestedDone, findings: [] },
  { name: "a region without end beside one with a clock", machine: watchdog, findings: [] },
  { name: "a region that is a single state", machine: monitor, findings: [] },
  { name: "guards and actions in all their forms", machine: combined, findings: [] },
  { name: "a state that is reached by a route", machine: routed, findings: [] },
  { name: "a parallel state as a region", machine: nestedParallel, findings: [] },
  { name: "a machine that decides and ends at once", machine: transient, findings: [] },
  { name: "a machine that is nothing but its end", machine: atOnce, findings: [] },
];
