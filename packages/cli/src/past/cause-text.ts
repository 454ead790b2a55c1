import { causeKindOf, type Address, type PastTurn, type RollbackReport } from "orgtree";
import { shortText } from "./effect-text.ts";
import { afterName, childName, stateName, workName } from "./user-names.ts";

/** What a turn was about: `ADD from /desk/a`, `timer nap`, `work booking done`, `decided: exited`. */
export function describeCause(cause: PastTurn["cause"]): string {
  const { type, from, message } = cause;
  const sender = from === undefined ? "" : ` from ${from}`;
  const kind = causeKindOf(cause);
  switch (kind) {
    case "begin":
      return "begin";
    case "message":
      // Without a type of its own it is called "message".
      return `${type === "message" ? shortText(message) : type}${sender}`;
    case "timer":
      return `timer ${timerOf(type, message)}`;
    case "signal":
      return describeSignal(type, message);
    case "work":
      return describeOwn(type, message);
    case "rollback":
      return `rollback ${rollbackText(message)}`;
    case "decision":
      return `decided: ${type}`;
    default:
      return kind satisfies never;
  }
}

function timerOf(type: string, message: unknown): string {
  const { name } = (message ?? {}) as { readonly name?: unknown };
  return typeof name === "string" ? name : `of ${afterName(type) ?? type}`;
}

function describeSignal(type: string, message: unknown): string {
  const { tag, address, to } = (message ?? {}) as Partial<Record<"tag" | "address" | "to", unknown>>;
  const whom = address ?? to;
  switch (type) {
    case "orgtree.done":
      return `work ${workName(tag, undefined)} done`;
    case "orgtree.failed":
      return `work ${workName(tag, undefined)} failed`;
    case "orgtree.reply":
      return `answer to ${String(tag)}`;
    case "orgtree.ask-failed":
      return `no answer to ${String(tag)}`;
    default:
      return `signal ${type.slice("orgtree.".length)}${whom === undefined ? "" : ` ${shortText(whom)}`}`;
  }
}

/** What a machine heard of its own children and states, by the names that XState gives these events. */
function describeOwn(type: string, message: unknown): string {
  if (type === "orgtree.outcome") {
    const { key, notDone } = (message ?? {}) as { readonly key?: unknown; readonly notDone?: unknown };
    return `told that work ${shortText(key)} was ${notDone === true ? "not done" : "done"}`;
  }
  if (type.startsWith("orgtree.")) return type.slice("orgtree.".length);
  const [, what, id] = /^xstate\.(done\.actor|error\.actor|snapshot|done\.state)\.(.+)$/.exec(type) ?? [];
  switch (what) {
    case "done.actor":
      return `work ${childName(id!)} done`;
    case "error.actor":
      return `work ${childName(id!)} failed`;
    case "snapshot":
      return `news of ${childName(id!)}`;
    case "done.state":
      return `state ${stateName(id!)} done`;
    default:
      return `own ${type}`;
  }
}

/** To where, and who was put back. */
function rollbackText(message: unknown): string {
  const { to, top } = (message ?? {}) as Partial<RollbackCause>;
  if (to === undefined) return "";
  const whole = top === undefined || top === to.address ? "" : ` of ${top}`;
  return `to ${to.name === undefined ? "" : `${to.name}, `}${to.address}@${to.seq}${whole}`;
}

/** What the turn of an actor that was put back says of that. */
export interface RollbackCause {
  /** Who was put back with all below it. */
  readonly top: Address;
  readonly to: RollbackReport["to"];
}
