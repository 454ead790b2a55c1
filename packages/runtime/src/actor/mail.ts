import type { Address, Envelope, ReplyTo } from "@orgtree/core";
import type { EffectKey } from "../durable/effect-key.ts";

/** What a mail carries: a user's message, a signal of the runtime, or an event of a machine's own children and timers. */
export type MailKind = "message" | "signal" | "internal";

/**
 * An envelope in a mailbox. One class with all fields set, so that the hot path stays monomorphic. It is also the effect
 * `tell` and `ask` of a turn: what is sent is collected as the mail that will leave.
 */
export class Mail {
  /**
   * One that is never sent. Where a collection of garbage finds no mail at all, V8 would forget the shape of mails, and with
   * it all optimized code that knows the shape: a third of the speed of the next burst.
   */
  static readonly unsent = new Mail("message", { to: "/", from: undefined, trace: 0 }, undefined);

  readonly kind: MailKind;
  readonly to: Address;
  readonly from: Address | undefined;
  readonly message: unknown;
  readonly trace: Trace;
  replyTo: ReplyTo | undefined;
  /** When a question is over. None in most mails: a number would be an object more in each of them. */
  deadlineMs: number | undefined;
  /** Of a numbered message: under which key its sender knows it. Of a signal: the key of what it is about. */
  key: EffectKey | undefined;

  constructor(kind: MailKind, route: Route, message: unknown) {
    this.kind = kind;
    this.to = route.to;
    this.from = route.from;
    this.message = message;
    this.trace = route.trace;
    this.replyTo = undefined;
    this.deadlineMs = undefined;
    this.key = undefined;
  }
}

/** Where a mail comes from, where it goes, and what it belongs to. */
export interface Route {
  readonly to: Address;
  readonly from: Address | undefined;
  readonly trace: Trace;
}

/** What belongs together. The system's own are numbers, written out only where somebody reads them: most nobody does. */
export type Trace = number | string;

/** A trace as people and records have it. */
export function traceText(trace: Trace): string {
  return typeof trace === "number" ? trace.toString(36) : trace;
}

const redelivered = new WeakSet<Mail>();

/** A message that comes once more, after a rollback: its key is that of the recipient, who owes it to itself. */
export function redeliver(mail: Mail, key: EffectKey): Mail {
  mail.key = key;
  redelivered.add(mail);
  return mail;
}

/** See `redeliver`. */
export function isRedelivered(mail: Mail): boolean {
  return redelivered.has(mail);
}

/** A mail as the world outside sees it. */
export function toEnvelope({ to, from, message, trace, replyTo, deadlineMs }: Mail): Envelope {
  return { to, from, message, trace: traceText(trace), replyTo, deadlineMs: deadlineMs ?? Infinity };
}
