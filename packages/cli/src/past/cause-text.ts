import { causeKindOf, type PastTurn } from "orgtree";
import { shortText } from "./effect-text.ts";

/** What a turn was about: `ADD from /desk/a`, `timer nap`, `decided: exited`. */
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
      return `signal ${type.slice("orgtree.".length)}`;
    case "work":
      return `work ${type.replace(/^xstate\./, "")}`;
    case "rollback":
      return "rollback";
    case "decision":
      return `decided: ${type}`;
    default:
      return kind satisfies never;
  }
}

function timerOf(type: string, message: unknown): string {
  const { name } = (message ?? {}) as { readonly name?: unknown };
  return typeof name === "string" ? name : type.slice("xstate.after.".length);
}
