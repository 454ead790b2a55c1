import {
  addAmounts,
  isNothing,
  noAmount,
  perDimension,
  SpecError,
  subtractAmounts,
  type Address,
  type Amount,
  type Budget,
} from "@orgtree/core";
import type { BudgetAccount } from "../kernel/budget-account.ts";
import type { Kernel } from "../kernel/kernel.ts";

/**
 * What is spent at a place in another system, as far as it was told. It outlives the lives there, as a `Grant` does, until the place is
 * dropped.
 *
 * What a child may spend is set aside here as a whole, and its own system keeps it to that: so a limit holds over systems that cannot ask
 * each other before each call.
 */
export class RemoteSpending {
  readonly #kernel: Kernel;
  readonly #address: Address;
  #account: BudgetAccount | undefined;
  /** All that was told of, in all lives. Its system is told it in turn, so that nobody who comes up there has spent less. */
  known: Amount = noAmount;
  /** What of that is not in the books of its supervisor. */
  #owed: Amount = noAmount;

  constructor(kernel: Kernel, address: Address) {
    this.#kernel = kernel;
    this.#address = address;
  }

  /**
   * Sets aside what it may spend. Throws `BudgetExhaustedError`, and `SpecError` where something is limited above and not by its own
   * specification: nobody could keep it to what is left there.
   */
  open(budget: Budget = {}, above: BudgetAccount | undefined): void {
    const left = above?.left();
    for (const name of ["turns", "tokens", "usd"] as const) {
      if (left === undefined || left[name] === Infinity || budget[name] !== undefined) continue;
      const problem = `missing: ${name} are limited above it, and a child in another system cannot share what is left there`;
      throw new SpecError(`${this.#address}.budget.${name}`, `${problem}; give it a part of its own`);
    }
    this.#account = this.#kernel.accounts.grant(this.#address, budget, { above, nowMs: this.#kernel.clock.nowMs() }).account;
  }

  /** Nobody lives there: what is left goes back. */
  close(): void {
    this.#account?.close();
  }

  /** What counts above when it is told. */
  hear(spent: Amount, above: BudgetAccount | undefined): void {
    const more = perDimension((name) => Math.max(0, spent[name] - this.known[name]));
    if (isNothing(more)) return;
    this.known = addAmounts(this.known, more);
    this.#owed = addAmounts(this.#owed, more);
    (this.#account ?? above)?.giveBack(noAmount, more);
  }

  /** What is not in the books of its supervisor yet, to be written there. */
  takeOwed(): Amount {
    const owed = this.#owed;
    this.#owed = subtractAmounts(owed, owed);
    return owed;
  }

  spent(): ReturnType<BudgetAccount["spent"]> | undefined {
    return this.#account?.spent();
  }
}
