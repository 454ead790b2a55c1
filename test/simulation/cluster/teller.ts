import type { Catalog } from "@orgtree/node";
import { plain, type Signal, type Turn, type WorkContext } from "@orgtree/runtime";
import type { Address, ReplyTo } from "@orgtree/core";

/** What a teller is asked and told. */
export type TellerMessage =
  | { readonly type: "add"; readonly id: string }
  | { readonly type: "transfer"; readonly id: string; readonly to: Address }
  | { readonly type: "act" | "pay"; readonly id: string; readonly workMs: number }
  | { readonly type: "credit"; readonly id: string }
  | { readonly type: "report" };

/** All that a teller remembers. Lists, so that whatever comes twice shows. */
export interface TellerState {
  /** What was asked of it, in order. */
  readonly taken: readonly string[];
  readonly credits: readonly string[];
  /** What came back from outside. */
  readonly results: readonly string[];
  /** Who waits for that. */
  readonly waiting: Readonly<Record<string, ReplyTo>>;
}

/** What is done outside. */
export type Outside = (work: { readonly id: string; readonly workMs: number }, context: WorkContext) => Promise<string>;

/** Actors that do what clients want, as data. What was asked before is only answered. */
export function tellers(outside: Outside): Catalog["actors"] {
  const logic = plain<TellerState, TellerMessage>({
    init: () => ({ taken: [], credits: [], results: [], waiting: {} }),
    receive,
    signal: hear,
    works: { act: { kind: "idempotent", run: outside as never }, pay: { kind: "irreversible", run: outside as never } },
  });
  return { teller: () => ({ logic }) };
}

function receive(state: TellerState, message: TellerMessage, turn: Turn): TellerState {
  if (message.type === "report") return (turn.reply(state), state);
  if (message.type === "credit") return { ...state, credits: [...state.credits, message.id] };
  const { id, type } = message;
  const isWork = type === "act" || type === "pay";
  const isKnown = state.taken.includes(id);
  const next = isKnown ? state : { ...state, taken: [...state.taken, id] };
  if (isWork && !state.results.includes(id)) {
    if (!isKnown) turn.run(type, { id, workMs: message.workMs }, { tag: id });
    return { ...next, waiting: turn.replyTo === undefined ? state.waiting : { ...state.waiting, [id]: turn.replyTo } };
  }
  if (type === "transfer" && !isKnown) turn.deliver(message.to, { type: "credit", id } satisfies TellerMessage);
  turn.reply(id);
  return next;
}

function hear(state: TellerState, signal: Signal, turn: Turn): TellerState {
  if (signal.type !== "orgtree.done") return state;
  const { [signal.tag]: waiting, ...others } = state.waiting;
  if (waiting !== undefined) turn.reply(signal.tag, waiting);
  return { ...state, results: [...state.results, signal.tag], waiting: others };
}
