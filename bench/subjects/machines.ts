/** The machines under measurement. `report` is what they do when they are asked how far they are. */
import { assign, createMachine, setup, type AnyStateMachine, type EventObject } from "xstate";
import { reply } from "@orgtree/runtime";

/** What a bare XState actor does instead of answering. */
const silent = (): void => {};

/** Three states in a ring, and the end that every machine must have. */
export function threeStates(under: "orgtree" | "xstate"): AnyStateMachine {
  const ring = createMachine({
    id: "three",
    initial: "a",
    on: { report: { actions: "report" }, END: ".end" },
    states: { a: { on: { NEXT: "b" } }, b: { on: { NEXT: "c" } }, c: { on: { NEXT: "a" } }, end: { type: "final" } },
  });
  return ring.provide({ actions: { report: under === "orgtree" ? reply("seen") : silent } });
}

interface AgentContext {
  readonly taken: number;
  readonly tries: number;
}

type AgentEvent =
  | { readonly type: "START" }
  | { readonly type: "NOTE" }
  | { readonly type: "RESULT"; readonly ok: boolean }
  | { readonly type: "ACCEPT" }
  | { readonly type: "END" }
  | { readonly type: "report" };

/** One round of an agent's day; `taken` counts these. */
export const agentDay: readonly EventObject[] = [
  { type: "START" },
  { type: "NOTE" },
  { type: "RESULT", ok: false } as EventObject,
  { type: "RESULT", ok: true } as EventObject,
  { type: "ACCEPT" },
];

/** Context, guard, assign, entry, a transition of the root: what an agent's machine is made of. */
export function agentLike(under: "orgtree" | "xstate"): AnyStateMachine {
  const take = assign<AgentContext, AgentEvent, undefined, AgentEvent, never>({ taken: ({ context }) => context.taken + 1 });
  const types = {} as { context: AgentContext; events: AgentEvent };
  const parts = setup({
    types,
    guards: { isGood: ({ event }) => event.type === "RESULT" && event.ok },
    actions: { report: under === "orgtree" ? reply(({ context }) => context.taken) : silent },
  });
  return parts.createMachine({
    id: "agent",
    context: { taken: 0, tries: 0 },
    initial: "idle",
    on: { NOTE: { actions: take }, report: { actions: "report" }, END: ".end" },
    states: {
      idle: { on: { START: { target: "working", actions: take } } },
      working: {
        entry: assign({ tries: ({ context }) => context.tries + 1 }),
        on: {
          RESULT: [
            { guard: "isGood", target: "checking", actions: take },
            { target: "working", reenter: true, actions: take },
          ],
        },
      },
      checking: { on: { ACCEPT: { target: "idle", actions: take } } },
      end: { type: "final" },
    },
  });
}
