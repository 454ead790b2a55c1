import { BudgetExhaustedError, isWithin, type Address, type Amount, type Budget } from "@orgtree/core";
import { BudgetAccount } from "./budget-account.ts";

/** What was granted to a place: its account, and the moment at which its wall time is over. */
export interface Grant {
  readonly account: BudgetAccount;
  /** Monotonic milliseconds; `Infinity` for no limit. */
  readonly wallDueMs: number;
  readonly budget: Budget;
}

/**
 * What was granted to each place. A grant is made once and outlives every restart, that of the supervisors above it
 * included; it ends when the spec of the place, or of one above it, is dropped. While nobody lives there, what is left of it
 * is back with whoever granted it.
 */
export class Accounts {
  readonly #grants = new Map<Address, Grant>();
  /** The places with a grant of their own, by the account from which they were granted. */
  readonly #below = new Map<BudgetAccount | undefined, Set<Address>>();

  /** Grants that are open, for tests of leaks. */
  get size(): number {
    return this.#grants.size;
  }

  /**
   * The grant of a place where somebody is about to live: a new one where there was none, less what was spent there in other
   * processes, else what is left of the old one.
   * Throws `BudgetExhaustedError` when `above` has no room for it.
   */
  grant(
    address: Address,
    budget: Budget,
    from: { readonly above: BudgetAccount | undefined; readonly nowMs: number; readonly spent?: Amount | undefined },
  ): Grant {
    const old = this.#grants.get(address);
    if (old !== undefined) {
      old.account.reopen();
      return old;
    }
    const grant = {
      account: new BudgetAccount(budget, from.above, from.spent),
      wallDueMs: from.nowMs + (budget.wallMs ?? Infinity),
      budget,
    };
    this.#grants.set(address, grant);
    const siblings = this.#below.get(from.above);
    if (siblings === undefined) this.#below.set(from.above, new Set([address]));
    else siblings.add(address);
    return grant;
  }

  /** A place is nobody's any more: what it, and everything below it, was granted and did not spend goes back to `above`. */
  drop(address: Address, place: { readonly above: BudgetAccount | undefined; readonly hasChildren: boolean }): void {
    const siblings = this.#below.get(place.above);
    if (siblings === undefined) return;
    if (this.#grants.has(address)) return this.#close(address, siblings, place.above);
    if (!place.hasChildren) return;
    for (const sibling of siblings) if (isWithin(sibling, address)) this.#close(sibling, siblings, place.above);
  }

  #close(address: Address, siblings: Set<Address>, above: BudgetAccount | undefined): void {
    const { account } = this.#grants.get(address)!;
    const below = this.#below.get(account);
    if (below !== undefined) for (const each of below) this.#close(each, below, account);
    this.#grants.delete(address);
    siblings.delete(address);
    if (siblings.size === 0) this.#below.delete(above);
    account.close();
  }
}

/** Why a place whose wall time is over may not run. */
export function wallPassed(budget: Budget): BudgetExhaustedError {
  return new BudgetExhaustedError("wall", budget.wallMs!, 0);
}
