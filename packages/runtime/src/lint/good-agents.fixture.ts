/**
 * Machines of agents, such as people write, that the lint leaves alone or only warns about.
 */
import { assign, createMachine, emit, raise, setup, spawnChild } from "xstate";
import { ask } from "../machine/machine-actions.ts";
import { fromWork } from "../machine/from-work.ts";
import type { LintedMachine } from "./linted-machine.fixture.ts";

const model = fromWork({ kind: "idempotent", run: async () => "an answer" });
const tool = fromWork({ kind: "idempotent", run: async () => "a result" });
const retryingAgent = setup({
  actors: { model },
  guards: { mayRetry: ({ context }: { readonly context: { readonly attempts: number } }) => context.attempts < 3 },
  delays: { backoff: ({ context }: { readonly context: { readonly attempts: number } }) => 100 * 2 ** context.attempts },
  actions: {
    countAttempt: assign({ attempts: ({ context }: { readonly context: { readonly attempts: number } }) => context.attempts + 1 }),
  },
}).createMachine({
  id: "retrying",
  context: { attempts: 0 },
  initial: "asking",
  states: {
    asking: {
      entry: "countAttempt",
      invoke: { src: "model", id: "model", onDone: "answered", onError: [{ guard: "mayRetry", target: "pausing" }, { target: "failed" }] },
      after: { 60_000: "failed" },
    },
    pausing: { after: { backoff: "asking" } },
    answered: { type: "final", meta: { exit: "normal" } },
    failed: { type: "final", meta: { exit: "failure", class: "model-error", kind: "network" } },
  },
});

const toolLoop = setup({ actors: { model, tool }, guards: { wantsTool: () => true, isOverBudget: () => false } }).createMachine({
  id: "toolLoop",
  initial: "thinking",
  after: { 600_000: ".timedOut" },
  states: {
    thinking: { invoke: { src: "model", id: "model", onDone: "deciding", onError: "failed" } },
    deciding: { always: [{ guard: "isOverBudget", target: "failed" }, { guard: "wantsTool", target: "acting" }, { target: "done" }] },
    acting: { invoke: { src: "tool", id: "tool", onDone: "thinking", onError: "thinking" } },
    done: { type: "final" },
    failed: { type: "final", meta: { exit: "failure", class: "tool-error" } },
    timedOut: { type: "final", meta: { exit: "failure", class: "timeout" } },
  },
});

const holdPoint = createMachine({
  id: "hold",
  initial: "waiting",
  states: {
    waiting: {
      on: { VERDICT: [{ guard: ({ event }) => event["accepted"] === true, target: "open" }, { target: "closed" }] },
      after: { 86_400_000: "escalated" },
    },
    escalated: { on: { RELEASE: "open", REFUSE: "closed" }, after: { 86_400_000: "unanswered" } },
    open: { type: "final", meta: { exit: "normal" } },
    closed: { type: "final", meta: { exit: "failure", class: "rejected" } },
    unanswered: { type: "final", meta: { exit: "failure", class: "unanswered" } },
  },
});

const poller = setup({ actors: { tool }, guards: { isReady: () => true, hasTriesLeft: () => true } }).createMachine({
  id: "poller",
  initial: "sleeping",
  states: {
    sleeping: { after: { 1000: "checking" } },
    checking: {
      invoke: {
        src: "tool",
        id: "check",
        onDone: [{ guard: "isReady", target: "ready" }, { guard: "hasTriesLeft", target: "sleeping" }, { target: "gaveUp" }],
        onError: "gaveUp",
      },
      after: { 5000: "sleeping" },
    },
    ready: { type: "final" },
    gaveUp: { type: "final", meta: { exit: "failure", class: "no-progress" } },
  },
});

const heartbeat = createMachine({
  id: "heartbeat",
  initial: "alive",
  states: {
    alive: {
      initial: "resting",
      after: { 3_600_000: "retired" },
      on: { STOP: "retired" },
      states: { resting: { after: { 5000: "beating" } }, beating: { entry: emit({ type: "beat" }), always: "resting" } },
    },
    retired: { type: "final" },
  },
});

const chat = createMachine({
  id: "chat",
  context: { said: [] as readonly string[] },
  initial: "listening",
  on: { SAY: { actions: assign({ said: ({ context, event }) => [...context.said, String(event["text"])] }) } },
  after: { 900_000: ".closed" },
  states: { listening: { on: { BYE: "closed" }, tags: ["waiting"] }, closed: { type: "final" } },
});

const debate = createMachine({
  id: "debate",
  context: { rounds: 0 },
  initial: "proposing",
  states: {
    proposing: { on: { PROPOSAL: "judging" }, after: { 1000: "judging" } },
    judging: {
      entry: assign({ rounds: ({ context }) => context.rounds + 1 }),
      always: [{ guard: ({ context }) => context.rounds >= 3, target: "decided" }, { target: "proposing" }],
    },
    decided: { type: "final" },
  },
});

const question = setup({
  actions: { armTimer: raise({ type: "EXPIRED" }, { delay: "patience" }), remind: () => undefined },
  delays: { patience: 60_000 },
}).createMachine({
  id: "question",
  initial: "asked",
  states: {
    asked: { entry: "armTimer", on: { ANSWER: "answered", EXPIRED: "unanswered", NUDGE: { actions: { type: "remind" } } } },
    answered: { type: "final" },
    unanswered: { type: "final", meta: { exit: "failure", class: "unanswered" } },
  },
});

const budgeted = createMachine({
  id: "budgeted",
  context: { spent: 0 },
  initial: "idle",
  always: { guard: ({ context }) => context.spent > 100, target: ".exhausted" },
  after: { 60_000: ".exhausted" },
  states: {
    idle: { on: { SPEND: { target: "idle", reenter: true, actions: assign({ spent: ({ context }) => context.spent + 1 }) } } },
    exhausted: { type: "final", meta: { exit: "failure", class: "budget-exhausted", kind: "usd" } },
  },
});

const spawning = setup({ actors: { worker: tool } }).createMachine({
  id: "spawning",
  initial: "leading",
  states: {
    leading: {
      entry: spawnChild("worker", { id: "first" }),
      on: {
        MORE: {
          actions: spawnChild("worker", { id: ({ event }: { readonly event: { readonly type: string } }) => `worker of ${event.type}` }),
        },
        "xstate.error.*": "failed",
        "xstate.done.actor.first": "done",
      },
      after: { 1000: "failed" },
    },
    done: { type: "final" },
    failed: { type: "final" },
  },
});

const saga = setup({ actors: { tool } }).createMachine({
  id: "saga",
  initial: "booking",
  after: { 60_000: ".undoing" },
  states: {
    booking: { invoke: { src: "tool", id: "book", onDone: "paying", onError: "undone" } },
    paying: { invoke: { src: "tool", id: "pay", onDone: "booked", onError: "undoing" } },
    undoing: { invoke: { src: "tool", id: "undo", onDone: "undone", onError: "stranded" }, after: { 60_000: "stranded" } },
    booked: { type: "final" },
    undone: { type: "final", meta: { exit: "failure", class: "tool-error" } },
    stranded: { type: "final", meta: { exit: "failure", class: "unknown-outcome" } },
  },
});

const catchAll = setup({ actors: { model } }).createMachine({
  id: "catchAll",
  initial: "asking",
  states: {
    asking: {
      invoke: { src: "model", id: "model", onDone: "end", onError: "end" },
      // The onError beside it is asked first.
      on: { "*": { actions: () => undefined } },
      after: { 1000: "end" },
    },
    end: { type: "final" },
  },
});

const normalizing = createMachine({
  id: "normalizing",
  context: { queue: [] as readonly string[], open: 0 },
  initial: "open",
  states: {
    open: {
      always: { guard: ({ context }) => context.queue.length > 0, actions: assign({ queue: [] }) },
      on: { CLOSE: "closed" },
      after: { 1000: "closed" },
    },
    closed: { type: "final" },
  },
});

const withoutTimeout = createMachine({
  id: "door",
  initial: "open",
  states: { open: { on: { CLOSE: "closed" } }, closed: { on: { OPEN: "open", LOCK: "locked" } }, locked: { type: "final" } },
});

const letItCrash = setup({ actors: { model } }).createMachine({
  id: "crashing",
  initial: "asking",
  states: { asking: { invoke: { src: "model", id: "model", onDone: "end" }, after: { 1000: "end" } }, end: { type: "final" } },
});

const delegating = createMachine({
  id: "delegating",
  initial: "planning",
  states: {
    planning: {
      entry: ask("/crew/planner", { type: "plan" }, { tag: "plan" }),
      on: {
        "orgtree.reply": "working",
        "orgtree.ask-failed": [{ guard: () => false, target: "planning", reenter: true }, { target: "unfinished" }],
      },
    },
    working: {
      entry: ask("/crew/worker", { type: "work" }, { tag: "work" }),
      on: { "orgtree.reply": "done", "orgtree.ask-failed": "unfinished" },
    },
    done: { type: "final" },
    unfinished: { type: "final", meta: { exit: "failure", class: "unverified", message: "nobody did it" } },
  },
});

/** Agents that wait, retry, ask, spawn and give up. */
export const goodAgents: readonly LintedMachine[] = [
  { name: "an agent that retries with backoff", machine: retryingAgent, findings: [] },
  { name: "an agent that uses tools until its budget is spent", machine: toolLoop, findings: [] },
  { name: "a hold point that escalates", machine: holdPoint, findings: [] },
  { name: "a poller that counts", machine: poller, findings: [] },
  { name: "a heartbeat inside a time limit", machine: heartbeat, findings: [] },
  { name: "a chat with messages that change no state", machine: chat, findings: [] },
  { name: "a debate with bounded rounds", machine: debate, findings: [] },
  { name: "a question with a delayed event of its own", machine: question, findings: [] },
  { name: "a budget checked on the root", machine: budgeted, findings: [] },
  { name: "children spawned by name, their errors handled together", machine: spawning, findings: [] },
  { name: "a lead that asks others, and hears when they do not answer", machine: delegating, findings: [] },
  { name: "a saga with compensation", machine: saga, findings: [] },
  { name: "a wildcard beside an onError", machine: catchAll, findings: [] },
  { name: "a guarded eventless assignment", machine: normalizing, findings: [] },
  {
    name: "a door that waits for people",
    machine: withoutTimeout,
    findings: ["warning no-timeout door.open", "warning no-timeout door.closed"],
  },
  { name: "an agent that lets it crash", machine: letItCrash, findings: ["warning invoke-without-onError crashing.asking"] },
];
