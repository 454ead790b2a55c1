import { addAmounts, noAmount, subtractAmounts, type Amount } from "@orgtree/core";
import type { EffectKey } from "../durable/effect-key.ts";
import { Notes } from "./notes.ts";

/** Who has another's spending and notes in a record of his own. */
export interface Voucher {
  note(what: unknown): void;
  spend(amount: Amount): void;
}

/** What has come up at a place since its last record, and goes into the next one. */
export class Unrecorded {
  readonly notes = new Notes();
  #spent: Amount = noAmount;
  /** What of that is in a record of its supervisor, for as long. */
  #vouched: Amount = noAmount;
  #acknowledged: EffectKey[] = noKeys;

  get spent(): Amount {
    return this.#spent;
  }

  spend(amount: Amount): void {
    this.#spent = addAmounts(this.#spent, amount);
  }

  /** What was spent since it was asked last, and what of that a supervisor has vouched for. */
  takeSpent(): { readonly spent: Amount; readonly vouched: Amount } {
    const taken = { spent: this.#spent, vouched: this.#vouched };
    this.#spent = this.#vouched = noAmount;
    return taken;
  }

  /** It goes into a record of the supervisor's; what was spent until there is one of its own. */
  vouch(above: Voucher): void {
    for (const note of this.notes.take()) above.note(note);
    above.spend(subtractAmounts(this.#spent, this.#vouched));
    this.#vouched = this.#spent;
  }

  acknowledge(key: EffectKey): void {
    if (this.#acknowledged === noKeys) this.#acknowledged = [key];
    else this.#acknowledged.push(key);
  }

  takeAcknowledged(): readonly EffectKey[] {
    const keys = this.#acknowledged;
    this.#acknowledged = noKeys;
    return keys;
  }
}

const noKeys: EffectKey[] = [];
