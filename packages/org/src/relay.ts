import type { Address } from "@orgtree/core";
import { ask, type Signal } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { Assignment } from "./assignment.ts";
import {
  assignmentOf,
  deliveredBy,
  freshLead,
  mayAskAgain,
  noteFailure,
  outputOf,
  partMs,
  whyAskFailed,
  type LeadState,
} from "./leading.ts";
import type { Part } from "./part.ts";
import type { Team } from "./team.ts";

/** The simplest lead: the task goes from agent to agent, each building on the result of the one before. */
export function relay(task: string, team: Team): Part {
  return { logic: relayMachine, input: { task, agents: [...team.agents.values()] } satisfies RelayInput };
}

interface RelayInput {
  readonly task: string;
  readonly agents: readonly Address[];
}

interface RelayState extends LeadState {
  readonly agents: readonly Address[];
  /** Whose turn it is. */
  readonly at: number;
}

const parts = setup({
  types: {} as { context: RelayState; events: Signal; input: RelayInput },
  guards: {
    isLast: ({ context }) => context.at + 1 >= context.agents.length,
    mayAskAgain: ({ context }) => mayAskAgain(context),
  },
  actions: {
    noteFailure: assign(({ context, event }) => noteFailure(context, event)),
    giveUp: assign(({ event }) => whyAskFailed(event)),
  },
});

/** Ends: `done` (normal), `unfinished` (no-progress). */
const relayMachine = parts.createMachine({
  id: "relay",
  context: ({ input }) => ({ ...freshLead(input.task), agents: input.agents, at: 0 }),
  initial: "passing",
  output: ({ context }) => outputOf(context),
  states: {
    passing: {
      entry: ask(
        ({ context }): Address => context.agents[context.at]!,
        ({ context }) => assignmentOf(assignmentFor(context)),
        { tag: "part", timeoutMs: partMs },
      ),
      on: {
        "orgtree.reply": [
          { guard: "isLast", target: "done", actions: assign({ result: ({ event }) => deliveredBy(event) }) },
          {
            target: "passing",
            reenter: true,
            actions: assign(({ context, event }) => ({ at: context.at + 1, result: deliveredBy(event), failures: 0, briefing: [] })),
          },
        ],
        "orgtree.ask-failed": [
          { guard: "mayAskAgain", target: "passing", reenter: true, actions: "noteFailure" },
          { target: "unfinished", actions: "giveUp" },
        ],
      },
    },
    done: { type: "final" },
    unfinished: { type: "final", meta: { exit: "failure", class: "no-progress" } },
  },
});

function assignmentFor({ task, at, result, briefing }: RelayState): Assignment {
  return { goal: task, material: at === 0 ? undefined : inWords(result), briefing };
}

/** A plan or a review is no text. */
function inWords(result: unknown): string {
  return typeof result === "string" ? result : (JSON.stringify(result, undefined, 2) ?? "");
}
