import { SpecError, type Address } from "@orgtree/core";
import { ask, type Signal } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import {
  holdAnswerOf,
  isAdmitted,
  planned,
  planning,
  reviewing,
  risksOf,
  sentBack,
  whyHeld,
  working,
  type CrewMembers,
  type CrewState,
} from "./crew-state.ts";
import { assignmentOf, deliveredBy, freshLead, mayAskAgain, noteFailure, outputOf, partMs, whyAskFailed } from "./leading.ts";
import type { Part } from "./part.ts";
import type { Team } from "./team.ts";

/** Times that a plan is reviewed; a debate is bounded. */
const maxReviews = 2;
/** Times that work may be sent back by the hold point. */
const maxRounds = 4;

/**
 * The lead of a crew: a plan where there is a planner, a critic's pre-mortem from medium risk up, the work, and a hold point that opens
 * only on executed evidence from a non-author. What is sent back goes to the worker with the evidence.
 *
 * Throws `SpecError` where there is no worker, or no contract and so no hold point.
 */
export function crew(task: string, team: Team): Part {
  const { worker, gate, planner, critic, risk } = team;
  if (worker === undefined) throw new SpecError("lead", "a crew needs a worker: add an agent made with agent()");
  if (gate === undefined)
    throw new SpecError("lead", "a crew needs a contract, since it ends at a hold point: add one, or lead with a relay");
  const members: CrewMembers = { worker, gate, planner, critic: risk === "low" ? undefined : critic };
  return { logic: crewMachine, input: { task, members } satisfies CrewInput };
}

interface CrewInput {
  readonly task: string;
  readonly members: CrewMembers;
}

const parts = setup({
  types: {} as { context: CrewState; events: Signal; input: CrewInput },
  guards: {
    hasPlanner: ({ context }) => context.members.planner !== undefined,
    hasCritic: ({ context }) => context.members.critic !== undefined,
    mayAskAgain: ({ context }) => mayAskAgain(context),
    mayReview: ({ context }) => context.reviews < maxReviews,
    isAdmitted: ({ event }) => isAdmitted(event),
    isOpen: ({ event }) => holdAnswerOf(event)?.decision.open === true,
    mayTryAgain: ({ context }) => context.rounds + 1 < maxRounds,
  },
  actions: {
    noteFailure: assign(({ context, event }) => noteFailure(context, event)),
    giveUp: assign(({ event }) => whyAskFailed(event)),
    notePlan: assign(({ event }) => planned(event)),
    noteRisks: assign(({ event }) => ({ objections: risksOf(event), failures: 0 })),
    countReview: assign(({ context }) => ({ reviews: context.reviews + 1 })),
    noteResult: assign(({ event }) => ({ result: deliveredBy(event), failures: 0 })),
  },
});

/** Whoever is asked next fails as often as it may, and then the run does. */
function askAgain<T extends string>(state: T) {
  return [
    { guard: "mayAskAgain", target: state, reenter: true, actions: "noteFailure" },
    { target: "unfinished", actions: "giveUp" },
  ] as const;
}

const tagged = (tag: string) => ({ tag, timeoutMs: partMs });
// States in which they are asked are entered only where they are there.
const plannerOf = ({ context }: { readonly context: CrewState }): Address => context.members.planner!;
const criticOf = ({ context }: { readonly context: CrewState }): Address => context.members.critic!;

/** Ends: `done` (normal), `disagreed` (disagreement), `rejected` (rejected), `unfinished` (no-progress). */
const crewMachine = parts.createMachine({
  id: "crew",
  context: ({ input: { task, members } }) => ({ ...freshLead(task), members, plan: undefined, objections: [], reviews: 0, rounds: 0 }),
  initial: "beginning",
  output: ({ context }) => outputOf(context),
  states: {
    beginning: { always: [{ guard: "hasPlanner", target: "planning" }, { target: "working" }] },
    planning: {
      entry: ask(plannerOf, ({ context }) => assignmentOf(planning(context)), tagged("plan")),
      on: {
        "orgtree.reply": [
          { guard: "hasCritic", target: "reviewing", actions: "notePlan" },
          { target: "working", actions: "notePlan" },
        ],
        "orgtree.ask-failed": askAgain("planning"),
      },
    },
    reviewing: {
      entry: ask(criticOf, ({ context }) => assignmentOf(reviewing(context)), tagged("review")),
      on: {
        "orgtree.reply": [
          { guard: "isAdmitted", target: "working", actions: "noteRisks" },
          { guard: "mayReview", target: "planning", actions: ["noteRisks", "countReview"] },
          { target: "disagreed", actions: assign({ reason: ({ event }) => risksOf(event).join("; ") }) },
        ],
        "orgtree.ask-failed": askAgain("reviewing"),
      },
    },
    working: {
      entry: ask(
        ({ context }): Address => context.members.worker,
        ({ context }) => assignmentOf(working(context)),
        tagged("work"),
      ),
      on: {
        "orgtree.reply": { target: "holding", actions: "noteResult" },
        "orgtree.ask-failed": askAgain("working"),
      },
    },
    holding: {
      entry: ask(
        ({ context }): Address => context.members.gate,
        ({ context }) => ({ type: "open", author: context.members.worker }),
        tagged("hold"),
      ),
      on: {
        "orgtree.reply": [
          { guard: "isOpen", target: "done" },
          { guard: "mayTryAgain", target: "working", actions: assign(({ context, event }) => sentBack(context, event)) },
          { target: "rejected", actions: assign({ reason: ({ event }) => whyHeld(event) }) },
        ],
        "orgtree.ask-failed": askAgain("holding"),
      },
    },
    done: { type: "final" },
    disagreed: { type: "final", meta: { exit: "failure", class: "disagreement" } },
    rejected: { type: "final", meta: { exit: "failure", class: "rejected" } },
    unfinished: { type: "final", meta: { exit: "failure", class: "no-progress" } },
  },
});
