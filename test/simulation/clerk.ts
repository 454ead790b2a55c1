import { FailureError, type Address, type ReplyTo } from "@orgtree/core";
import { plain, type PlainLogic, type Signal, type Turn, type WorkContext } from "@orgtree/runtime";
import type { Order } from "./order.ts";
import type { SeatsPlan } from "./plan.ts";

/** What actors send each other, beside what clients order. */
export type PeerMessage =
  | { readonly type: "credit"; readonly id: string; readonly amount: number }
  | { readonly type: "hinted" | "published"; readonly id: string }
  | { readonly type: "answer-me"; readonly id: string; readonly answerMs: number }
  | { readonly type: "get"; readonly id: string }
  /** From a supervisor; see `ReplanRequest`. */
  | { readonly type: "replan"; readonly id: undefined; readonly plan: SeatsPlan; readonly version: number };

/** All that a clerk remembers. Lists, so that whatever comes twice shows. */
export interface ClerkState {
  /** When this state began: a number that no other life in the run has. */
  readonly born: number;
  readonly balance: number;
  /** Every message, signal and answer that it took, in order. */
  readonly log: readonly string[];
  /** It puts some messages aside, until the timer of this order. */
  readonly held?: string | undefined;
  /** Questions that it answers later. */
  readonly asked: Readonly<Record<string, ReplyTo>>;
}

/** Begins work outside; settles when it is done. */
export type DoWork = (id: string, context: WorkContext, workMs: number) => Promise<unknown>;

/** What a clerk has of the world outside of its system. */
export interface ClerkWorld {
  readonly doWork: DoWork;
  readonly nextBirth: () => number;
}

/** A plain durable actor that does what clients order, as data. */
export function makeClerk({ doWork, nextBirth }: ClerkWorld): PlainLogic {
  return plain<ClerkState, Order | PeerMessage>({
    init: () => ({ born: nextBirth(), balance: 0, log: [], asked: {} }),
    receive: (state, message, turn) => receive(state, message, { turn, doWork }),
    signal: hear,
  }) as PlainLogic;
}

interface Around {
  readonly turn: Turn;
  readonly doWork: DoWork;
}

/** The state after a message. Orders that were carried out before, in this life, are only answered. */
function receive(state: ClerkState, message: Order | PeerMessage, { turn, doWork }: Around): ClerkState {
  if (message.type === "get") return (turn.reply(reportOf(state)), state);
  if (message.type === "replan") return (answerPlanner(message, turn), { ...state, log: [...state.log, `replan ${message.version}`] });
  if (state.held !== undefined && isPutAside(message.id)) return (turn.postpone(), state);
  const { id, type } = message;
  const done = `${type} ${id}`;
  const isOrder = turn.from === undefined;
  const receipt = { id, born: state.born };
  if (isOrder && state.log.includes(done)) return (turn.reply(receipt), state);
  const next = { ...state, log: [...state.log, done] };
  switch (message.type) {
    case "transfer":
      for (let part = 0; part < message.parts; part++)
        turn.deliver(message.to, { type: "credit", id: `${id}/${part}`, amount: message.amount } satisfies PeerMessage);
      turn.reply(receipt);
      return { ...next, balance: state.balance - message.parts * message.amount };
    case "credit":
      return { ...next, balance: state.balance + message.amount };
    case "answer-me":
      if (message.answerMs === 0) return (turn.reply(`answer to ${id}`), next);
      turn.setTimer(`answer ${id}`, message.answerMs);
      return turn.replyTo === undefined ? next : { ...next, asked: { ...state.asked, [id]: turn.replyTo } };
    case "hold":
      turn.setTimer(`hold ${id}`, message.delayMs);
      turn.reply(receipt);
      return { ...next, held: id };
    case "fail":
      throw new FailureError({ class: message.class, message: `told to fail by ${id}` });
    default:
      carryOut(message, { turn, doWork });
      if (isOrder) turn.reply(receipt);
      return next;
  }
}

/** About half of what comes, so that later messages of a sender are taken before earlier ones. */
export function isPutAside(id: string): boolean {
  return id.charCodeAt(id.length - 1) % 2 === 0;
}

/** Orders that leave nothing in the state but that they were taken. */
function carryOut(message: Exclude<Order | PeerMessage, { type: "replan" }>, { turn, doWork }: Around): void {
  const { id } = message;
  switch (message.type) {
    case "hint":
      return turn.tell(message.to, { type: "hinted", id } satisfies PeerMessage);
    case "question": {
      const question: PeerMessage = { type: "answer-me", id, answerMs: message.answerMs };
      return turn.ask(message.to, question, { tag: id, timeoutMs: message.timeoutMs });
    }
    case "timer":
      return turn.setTimer(id, message.delayMs);
    case "cancel":
      return turn.cancelTimer(message.timer);
    case "work":
      return turn.run(id, (context) => doWork(id, context, message.workMs));
    case "spend":
      return turn.run(id, (context) => spend(message, context, doWork));
    case "checkpoint":
      return turn.checkpoint(id);
    case "register":
      return turn.register(message.name);
    case "join":
      return turn.join(message.group);
    case "depart":
      return turn.leave(message.group);
    case "publish":
      return turn.publish(message.group, { type: "published", id } satisfies PeerMessage);
    case "manage":
      return turn.ask(message.to, callOf(message), { tag: id, timeoutMs: 20_000 });
    case "leave":
      return turn.exit({ kind: message.exit });
    case "watch":
      return turn.watch(message.target);
    default: // `add` and what is for others: taken, and that is all.
  }
}

/** A call that costs tokens, and is paid for whatever comes in between. */
async function spend({ id, worst, cost, workMs }: Order & { type: "spend" }, context: WorkContext, doWork: DoWork): Promise<string> {
  const reservation = context.budget.reserve({ tokens: worst });
  await context.budget.stored();
  await doWork(id, context, workMs);
  reservation.settle({ tokens: cost });
  return `spent ${cost}`;
}

/** What a planner has in store is in the plan itself. */
function answerPlanner({ plan: { next } }: PeerMessage & { type: "replan" }, turn: Turn): void {
  if (next === "refuse") turn.refuse(new Error("no idea"));
  else if (next === "nonsense") turn.reply({ seats: "none" });
  else if (next !== "silent") turn.reply(next);
}

function callOf({ call, child }: Order & { type: "manage" }): object {
  return call === "start-child" ? { type: call, spec: { id: child } } : { type: call, id: child };
}

/** The state after a signal. */
function hear(state: ClerkState, signal: Signal, turn: Turn): ClerkState {
  const log = [...state.log, `${signal.type} ${subjectOf(signal)}`];
  if (signal.type === "orgtree.timer" && signal.name === `hold ${state.held}`) {
    turn.unstash();
    return { ...state, log, held: undefined };
  }
  if (signal.type !== "orgtree.timer" || !signal.name.startsWith("answer ")) return { ...state, log };
  const id = signal.name.slice("answer ".length);
  const asker = state.asked[id];
  if (asker !== undefined) turn.reply(`answer to ${id}`, asker);
  const { [id]: _, ...asked } = state.asked;
  return { ...state, log, asked };
}

/** What a signal is about, in a word. */
function subjectOf(signal: Signal): string {
  switch (signal.type) {
    case "orgtree.down":
      return signal.address;
    case "orgtree.timer":
      return signal.name;
    case "orgtree.refused":
      return signal.to;
    case "orgtree.reply":
    case "orgtree.ask-failed":
    case "orgtree.done":
    case "orgtree.failed":
      return signal.tag;
    default:
      return signal satisfies never;
  }
}

/** What an actor says of itself at the end of a run. */
export interface Report {
  readonly kind: "clerk" | "press";
  readonly born: number;
  readonly balance: number;
  readonly log: readonly string[];
  readonly address?: Address;
}

export function reportOf({ born, balance, log }: ClerkState): Report {
  return { kind: "clerk", born, balance, log };
}
