import type { Address, Verdict } from "@orgtree/core";
import { ask, fromWork, type Logic, type Signal } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { Assignment, Delivery } from "./assignment.ts";
import type { HoldAnswer } from "./hold-point.ts";
import { describePlan, type Plan } from "./plan.ts";
import type { Review } from "./review.ts";
import type { LeadOutput, Team } from "./team.ts";

interface CrewContext {
  readonly plan: Plan | undefined;
  readonly objections: readonly string[];
  readonly reviews: number;
  readonly result: unknown;
  readonly artefact: string;
  /** Times that the work was sent back. */
  readonly rounds: number;
  /** Failed asks since the last answer. */
  readonly failures: number;
  readonly briefing: readonly string[];
  readonly reason: string;
}

/** Times that an agent is asked again after it failed; its supervisor decides what becomes of it in between. */
const maxFailures = 5;
/** Times that a plan is reviewed; a debate is bounded. */
const maxReviews = 2;
/** Times that work may be sent back by the hold point. */
const maxRounds = 4;
/** Milliseconds an agent has for its part. */
const partMs = 30 * 60_000;

/** What a lead of a crew needs: all of it is there, or the organization was refused. */
export interface Crew extends Team {
  readonly planner: Address;
  readonly worker: Address;
  readonly gate: Address;
  readonly checker: NonNullable<Team["checker"]>;
}

/**
 * The lead of a crew: a plan, a critic's pre-mortem from medium risk up, the work, and a hold point that opens only on
 * executed evidence from a non-author. What is sent back goes to the worker with the evidence.
 *
 * Ends: `done` (normal), `disagreed` (disagreement), `rejected` (rejected), `unfinished` (no-progress).
 */
// A machine is a table, and reads best in one piece.
// oxlint-disable-next-line max-lines-per-function
export function crew(task: string, team: Crew): Logic {
  const askAgain = (state: string): readonly [object, object] => [
    { guard: "mayAskAgain", target: state, reenter: true, actions: "noteFailure" },
    { target: "unfinished", actions: "giveUp" },
  ];
  return crewParts(team).createMachine({
    id: "crew",
    context: {
      plan: undefined,
      objections: [],
      reviews: 0,
      result: undefined,
      artefact: "",
      rounds: 0,
      failures: 0,
      briefing: [],
      reason: "",
    },
    initial: "planning",
    output: ({ context }): LeadOutput => ({ result: context.result, reason: context.reason }),
    states: {
      planning: {
        entry: ask(team.planner, ({ context }) => ({ type: "assign", assignment: planning(task, context) }), {
          tag: "plan",
          timeoutMs: partMs,
        }),
        on: {
          "orgtree.reply": [
            {
              guard: "isReviewed",
              target: "reviewing",
              actions: assign({ plan: ({ event }) => (event.value as Delivery).value as Plan, failures: 0 }),
            },
            { target: "working", actions: assign({ plan: ({ event }) => (event.value as Delivery).value as Plan, failures: 0 }) },
          ],
          "orgtree.ask-failed": askAgain("planning") as never,
        },
      },
      reviewing: {
        entry: ask(team.critic ?? team.planner, ({ context }) => ({ type: "assign", assignment: reviewing(task, context) }), {
          tag: "review",
          timeoutMs: partMs,
        }),
        on: {
          "orgtree.reply": [
            { guard: "isAdmitted", target: "working", actions: assign(({ event }) => ({ objections: risksOf(event), failures: 0 })) },
            {
              guard: "mayReview",
              target: "planning",
              actions: assign(({ context, event }) => ({ objections: risksOf(event), reviews: context.reviews + 1, failures: 0 })),
            },
            { target: "disagreed", actions: assign({ reason: ({ event }) => risksOf(event).join("; ") }) },
          ],
          "orgtree.ask-failed": askAgain("reviewing") as never,
        },
      },
      working: {
        entry: ask(team.worker, ({ context }) => ({ type: "assign", assignment: working(task, context) }), {
          tag: "work",
          timeoutMs: partMs,
        }),
        on: {
          "orgtree.reply": {
            target: "fingerprinting",
            actions: assign({ result: ({ event }) => (event.value as Delivery).value, failures: 0 }),
          },
          "orgtree.ask-failed": askAgain("working") as never,
        },
      },
      fingerprinting: {
        invoke: { src: "fingerprint", onDone: { target: "holding", actions: assign({ artefact: ({ event }) => event.output }) } },
      },
      holding: {
        entry: ask(team.gate, ({ context }) => ({ type: "open", artefact: context.artefact, author: team.worker }), {
          tag: "hold",
          timeoutMs: partMs,
        }),
        on: {
          "orgtree.reply": [
            { guard: "isOpen", target: "done" },
            { guard: "mayTryAgain", target: "working", actions: assign(({ context, event }) => sentBack(context, event)) },
            { target: "rejected", actions: assign({ reason: ({ event }) => reasonOf(event) }) },
          ],
          "orgtree.ask-failed": askAgain("fingerprinting") as never,
        },
      },
      done: { type: "final" },
      disagreed: { type: "final", meta: { exit: "failure", class: "disagreement" } },
      rejected: { type: "final", meta: { exit: "failure", class: "rejected" } },
      unfinished: { type: "final", meta: { exit: "failure", class: "no-progress" } },
    },
  });
}

/** What the states of the machine are made of. */
function crewParts(team: Crew) {
  return setup({
    types: {} as { context: CrewContext; events: Signal },
    actors: { fingerprint: fromWork<undefined, string>({ kind: "pure", timeoutMs: 60_000, run: () => team.checker.fingerprint() }) },
    guards: {
      isReviewed: () => team.critic !== undefined && team.risk !== "low",
      mayAskAgain: ({ context }) => context.failures < maxFailures,
      mayReview: ({ context }) => context.reviews < maxReviews,
      isAdmitted: ({ event }) => !blocking(event).some(Boolean),
      isOpen: ({ event }) => event.type === "orgtree.reply" && (event.value as HoldAnswer).decision.open,
      mayTryAgain: ({ context }) => context.rounds + 1 < maxRounds,
    },
    actions: {
      noteFailure: assign(({ context, event }) => ({
        failures: context.failures + 1,
        briefing: event.type === "orgtree.ask-failed" ? [...context.briefing, event.error.message] : context.briefing,
      })),
      giveUp: assign({ reason: ({ event }) => (event.type === "orgtree.ask-failed" ? event.error.message : "") }),
    },
  });
}

function planning(task: string, context: CrewContext): Assignment {
  const earlier = context.plan === undefined ? undefined : `Your earlier plan:\n${describePlan(context.plan)}`;
  const objections = context.objections.map((risk) => `The critic objects: ${risk}`);
  return { goal: `Make a plan for this task: ${task}`, material: earlier, briefing: [...context.briefing, ...objections] };
}

function reviewing(task: string, context: CrewContext): Assignment {
  return {
    goal: `Imagine that this plan was carried out and failed. Say how. The task: ${task}`,
    material: context.plan === undefined ? undefined : describePlan(context.plan),
    briefing: [],
  };
}

function working(task: string, context: CrewContext): Assignment {
  const risks = context.objections.map((risk) => `Watch out, the critic says: ${risk}`);
  return {
    goal: task,
    material: context.plan === undefined ? undefined : `The plan:\n${describePlan(context.plan)}`,
    briefing: [...risks, ...context.briefing],
  };
}

function blocking(event: Signal): readonly boolean[] {
  return event.type === "orgtree.reply"
    ? ((event.value as Delivery).value as Review).objections.map((objection) => objection.blocking)
    : [];
}

function risksOf(event: Signal): readonly string[] {
  return event.type === "orgtree.reply" ? ((event.value as Delivery).value as Review).objections.map(({ risk }) => risk) : [];
}

function reasonOf(event: Signal): string {
  if (event.type !== "orgtree.reply") return "";
  const { decision } = event.value as HoldAnswer;
  return decision.open ? "" : decision.reason;
}

/** The worker gets the evidence, not an opinion. */
function sentBack(context: CrewContext, event: Signal): Partial<CrewContext> {
  const verdicts: readonly Verdict[] = event.type === "orgtree.reply" ? (event.value as HoldAnswer).verdicts : [];
  const observed = verdicts.flatMap(({ evidence }) =>
    evidence.filter(({ passed }) => !passed).map(({ criterion, observed: seen }) => `${criterion}: ${seen}`),
  );
  const line = `Your work was sent back: ${reasonOf(event)}`;
  return {
    rounds: context.rounds + 1,
    failures: 0,
    briefing: [...context.briefing, line, ...observed.filter((each) => !line.includes(each))],
  };
}
