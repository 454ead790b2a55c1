import type { Address } from "./address.ts";

/** Where an answer goes: plain data, so that an actor may keep it in its state and answer in a later turn. */
export interface ReplyTo {
  readonly address: Address | undefined;
  readonly askId: number;
}

/** A message on its way. */
export interface Envelope<M = unknown> {
  readonly to: Address;
  /** The sending actor; undefined when the message came from outside the tree. */
  readonly from: Address | undefined;
  readonly message: M;
  /** Links everything that one outside message caused. */
  readonly trace: string;
  /** Set on an ask. */
  readonly replyTo: ReplyTo | undefined;
  /** Monotonic milliseconds after which nobody waits for it any more; `Infinity` for none. */
  readonly deadlineMs: number;
}

/** Why a message was not processed. */
export type DeadLetterReason =
  | "no-recipient" // nobody lives there
  | "stopped" // the recipient ended before it came to the message
  | "failed" // the turn that processed it failed
  | "mailbox-full" // told by an actor whose refusal notice nobody handles, or shed
  | "expired" // its deadline passed in the mailbox
  | "unhandled" // the machine has no transition for it in this state
  | "malformed" // no event: a machine takes objects with a type
  | "forged" // its type belongs to the runtime
  | "oversized"
  | "forbidden" // the broker does not let this process send there
  | "late-reply" // an answer that nobody waits for
  | "turn-aborted" // sent by a turn that failed before the message left
  | "unreachable" // nobody was there, in the other process, to take it
  | "connection-lost"; // it was on its way to another process; it may have arrived

/** A message that was lost, and why. Every lost message is exactly one of these. */
export interface DeadLetter {
  readonly envelope: Envelope;
  readonly reason: DeadLetterReason;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Prefixes of message types that only the runtime may use: XState's own events and orgtree's signals are forgeable. */
export const reservedPrefixes = ["xstate.", "orgtree."] as const;

/** True for a message type that is refused when it comes from another actor or from outside. */
export function isReservedType(type: string): boolean {
  return type.startsWith("xstate.") || type.startsWith("orgtree.") || type === "*";
}
