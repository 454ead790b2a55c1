import type { AnyEventObject } from "xstate";

/** What an event is sent to: a child of a machine. */
export interface Target {
  _send(event: AnyEventObject): void;
}

/** Events that children may send each other in one turn. More go round in circles, and would hang the process. */
const mostRelays = 10_000;

/** Events for the children of a machine. They are queued, so that a chain of children needs no stack. */
export class RelayQueue {
  readonly #relays: { readonly target: Target; readonly event: AnyEventObject }[] = [];
  #relaying = false;

  /** Brings an event, and all that follows from it, at once; or behind what is being brought. Within a turn they are bounded. */
  deliver(target: Target, event: AnyEventObject, isWithinTurn: boolean): void {
    this.#relays.push({ target, event });
    if (this.#relaying) return;
    this.#relaying = true;
    let left = mostRelays;
    try {
      for (let next = this.#relays.shift(); next !== undefined; next = this.#relays.shift()) {
        if (isWithinTurn && left-- === 0) throw endless();
        next.target._send(next.event);
      }
    } finally {
      this.#relaying = false;
      if (isWithinTurn) this.#relays.length = 0;
    }
  }
}

function endless(): Error {
  return new Error(`the children of a machine have sent each other more than ${mostRelays} events in one turn: they go round in circles`);
}
