import {

  leftOf,
  noAmount,
  openAccount,
  reserve,
  settle,
  splitAmount,
  toMicroUsd,
  type Account,
  type Amount,
  type Budget,
} from "@orgtree/core";

/** What an actor sees of its budget. */
export interface BudgetHandle {
  /** Sets the worst case of a call aside; throws `BudgetExhaustedError`, in which case nothing was set aside. */
  reserve(worstCase: { readonly tokens?: number; readonly usd?: number }): Reservation;
  /** What can still be reserved, through all levels. `Infinity` where nothing limits it. */
  left(): { readonly turns: number; readonly tokens: number; readonly usd: number };
  /** What this actor's account has spent, its children included. */
  spent(): { readonly turns: number; readonly tokens: number; readonly usd: number };
}

/** An amount set aside. Settle it once; a call whose outcome is unknown is settled by `keep`, in full. */
export interface Reservation {
  /** Replaces the reservation by what the call really took. A second call does nothing. */
  settle(spent: { readonly tokens?: number; readonly usd?: number }): void;
  /** The outcome is unknown: the whole reservation counts as spent. */
  keep(): void;
}

/**
 * The account of one actor and of everything below it. Dimensions it does not limit are its parent's business. It outlives
 * restarts: spending is never rolled back.
 */
export class BudgetAccount implements BudgetHandle {
  readonly #parent: BudgetAccount | undefined;
  /** What the parent set aside for this account when it was opened. */
  readonly #granted: Amount;
  #account: Account;
  #closed = false;

  /** Opens an account under `parent`, which sets the limits of `budget` aside; throws `BudgetExhaustedError`. */
  constructor(budget: Budget, parent?: BudgetAccount) {
    this.#account = openAccount(budget);
    this.#parent = parent;
    this.#granted = finite(this.#account.limit);
    parent?.take(this.#granted);
  }

  take(amount: Amount): void {
    const { own, passed } = splitAmount(this.#account, amount);
    const reserved = reserve(this.#account, own);
    this.#parent?.take(passed);
    this.#account = reserved;
  }

  giveBack(reserved: Amount, spent: Amount): void {
    const mine = splitAmount(this.#account, reserved);
    const passed = splitAmount(this.#account, spent).passed;
    // What the parent answers for is counted here too, so that `spent` shows the whole subtree.
    this.#account = settle(this.#account, mine.own, spent);
    this.#parent?.giveBack(mine.passed, passed);
  }

  /** One message was taken up; throws `BudgetExhaustedError`. */
  spendTurn(): void {
    const turn: Amount = { turns: 1, tokens: 0, microUsd: 0 };
    this.take(turn);
    this.giveBack(turn, turn);
  }

  reserve(worstCase: { readonly tokens?: number; readonly usd?: number }): Reservation {
    const amount = toAmount(worstCase);
    this.take(amount);
    let open = true;
    const close = (spent: Amount): void => {
      if (open) this.giveBack(amount, spent);
      open = false;
    };
    return { settle: (spent) => close(toAmount(spent)), keep: () => close(amount) };
  }

  left(): { turns: number; tokens: number; usd: number } {
    const own = leftOf(this.#account);
    const above = this.#parent?.left();
    const usd = own.microUsd / 1e6;
    return {
      turns: own.turns === Infinity ? (above?.turns ?? Infinity) : own.turns,
      tokens: own.tokens === Infinity ? (above?.tokens ?? Infinity) : own.tokens,
      usd: usd === Infinity ? (above?.usd ?? Infinity) : usd,
    };
  }

  spent(): { turns: number; tokens: number; usd: number } {
    const { turns, tokens, microUsd } = this.#account.spent;
    return { turns, tokens, usd: microUsd / 1e6 };
  }

  /** The actor is gone for good: what is left goes back to the parent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { spent } = this.#account;
    this.#parent?.giveBack(this.#granted, only(spent, this.#granted));
  }
}

/** Nothing limits it. */
export const unlimited: BudgetHandle = {
  reserve: () => ({ settle: () => {}, keep: () => {} }),
  left: () => ({ turns: Infinity, tokens: Infinity, usd: Infinity }),
  spent: () => ({ turns: 0, tokens: 0, usd: 0 }),
};

function toAmount(part: { readonly tokens?: number; readonly usd?: number }): Amount {
  return { ...noAmount, tokens: part.tokens ?? 0, microUsd: toMicroUsd(part.usd ?? 0) };
}

function finite(limit: Amount): Amount {
  return only(limit, limit);
}

/** The dimensions of `amount` that `mask` limits. */
function only(amount: Amount, mask: Amount): Amount {
  const kept = (name: keyof Amount): number => (mask[name] === Infinity || mask[name] === 0 ? 0 : amount[name]);
  return { turns: kept("turns"), tokens: kept("tokens"), microUsd: kept("microUsd") };
}

