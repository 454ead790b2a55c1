import type { Address } from "@orgtree/core";
import { ask, type Logic, type Signal } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import type { Assignment, Delivery } from "./assignment.ts";
import type { LeadOutput, Team } from "./team.ts";

interface RelayContext {
  readonly at: number;
  readonly result: unknown;
  readonly failures: number;
  readonly briefing: readonly string[];
  readonly reason: string;
}

/** Times that an agent is asked again after it failed; its supervisor decides what becomes of it in between. */
const maxFailures = 5;
/** Milliseconds an agent has for its part. */
const partMs = 30 * 60_000;

/**
 * The simplest lead: the task goes from agent to agent, each building on the result of the one before.
 *
 * Ends: `done` (normal), `unfinished` (no-progress).
 */
export function relay(task: string, team: Team): Logic {
  const agents = [...team.agents.values()];
  const assignment = (context: RelayContext): Assignment => ({
    goal: task,
    material: context.at === 0 ? undefined : String(context.result),
    briefing: context.briefing,
  });
  const parts = setup({
    types: {} as { context: RelayContext; events: Signal },
    guards: {
      isLast: ({ context }) => context.at + 1 >= agents.length,
      mayAskAgain: ({ context }) => context.failures < maxFailures,
    },
  });
  return parts.createMachine({
    id: "relay",
    context: { at: 0, result: undefined, failures: 0, briefing: [], reason: "" },
    initial: "passing",
    output: ({ context }): LeadOutput => ({ result: context.result, reason: context.reason }),
    states: {
      passing: {
        entry: ask(
          ({ context }): Address => agents[context.at]!,
          ({ context }) => ({ type: "assign", assignment: assignment(context) }),
          { tag: "part", timeoutMs: partMs },
        ),
        on: {
          "orgtree.reply": [
            { guard: "isLast", target: "done", actions: assign({ result: ({ event }) => (event.value as Delivery).value }) },
            {
              target: "passing",
              reenter: true,
              actions: assign({
                at: ({ context }) => context.at + 1,
                result: ({ event }) => (event.value as Delivery).value,
                failures: 0,
                briefing: [],
              }),
            },
          ],
          "orgtree.ask-failed": [
            {
              guard: "mayAskAgain",
              target: "passing",
              reenter: true,
              actions: assign({
                failures: ({ context }) => context.failures + 1,
                briefing: ({ context, event }) => [...context.briefing, event.error.message],
              }),
            },
            { target: "unfinished", actions: assign({ reason: ({ event }) => event.error.message }) },
          ],
        },
      },
      done: { type: "final" },
      unfinished: { type: "final", meta: { exit: "failure", class: "no-progress" } },
    },
  });
}
