import {
  addAmounts,
  leftOf,
  noAmount,
  openAccount,
  perDimension,
  reserve,
  settle,
  splitAmount,
  subtractAmounts,
  toMicroUsd,
  type Account,
  type Amount,
  type Budget,
} from "@orgtree/core";

/** What an actor sees of its budget. */
export interface BudgetHandle {
  /** Sets the worst case of a call aside; throws `BudgetExhaustedError`, in which case nothing was set aside. */
  reserve(worstCase: { readonly tokens?: number; readonly usd?: number }): Reservation;
  /**
   * Resolves when what is reserved so far is stored, so that a process which dies in the middle of the call has counted it, at its worst
   * case. To be awaited between `reserve` and the call. Rejects where it will not be stored, since the actor has ended or was replaced: the
   * call is not to be made then. Without a journal it resolves at once.
   */
  stored(): Promise<void>;
  /** What can still be reserved, through all levels. `Infinity` where nothing limits it. */
  left(): { readonly turns: number; readonly tokens: number; readonly usd: number };
  /** What this actor's account has spent, its children included. */
  spent(): { readonly turns: number; readonly tokens: number; readonly usd: number };
}

/** An amount set aside. Settle it once; a call whose outcome is unknown is settled by `keep`, in full. */
export interface Reservation {
  /**
   * Replaces the reservation by what the call really took. A second call does nothing. Throws `RangeError` for an amount that
   * is none; the whole reservation counts as spent then.
   */
  settle(spent: { readonly tokens?: number; readonly usd?: number }): void;
  /** The outcome is unknown: the whole reservation counts as spent. */
  keep(): void;
}

/** What an actor's records are to know of its spending. */
export interface SpendingBooks {
  /** It has spent this more; less where something came back. */
  spend(amount: Amount): void;
}

/** The books of one life. */
export interface LifeBooks extends SpendingBooks {
  stored(): Promise<void>;
}

/**
 * What an actor sees of `account`; without one nothing limits it. What is set aside counts as spent in `books`, those of an actor whose
 * turns are stored, until it is known what it was.
 */
export function budgetOf(account: BudgetAccount | undefined, books?: LifeBooks): BudgetHandle {
  if (account === undefined) return unlimited;
  return {
    reserve: (worstCase) => account.reserve(worstCase, books),
    stored: async () => books?.stored(),
    left: () => account.left(),
    spent: () => account.spent(),
  };
}

/** Nothing limits it. */
export const unlimited: BudgetHandle = {
  reserve: () => ({ settle: () => {}, keep: () => {} }),
  stored: async () => {},
  left: () => ({ turns: Infinity, tokens: Infinity, usd: Infinity }),
  spent: () => ({ turns: 0, tokens: 0, usd: 0 }),
};

/**
 * The account of one actor and of everything below it. It outlives restarts: spending is never rolled back.
 *
 * A dimension it does not limit is its parent's business. Of one it limits, the parent has set the whole limit aside when
 * the account was opened; what is spent of it counts as spent there at once, and what is left goes back at the end.
 *
 * What an actor spends is counted here and in its books by the same call, since of a process that dies the books are all that is left.
 */
export class BudgetAccount {
  readonly #parent: BudgetAccount | undefined;
  #account: Account;
  /** What the parent still holds aside for this account: less by what was spent, nothing where there is no limit. */
  #grant: Amount;
  #closed = false;

  /**
   * Opens an account under `parent`, which sets aside what is left of the limits of `budget`; throws `BudgetExhaustedError`.
   * `spent`: in other processes, which counts above already.
   */
  constructor(budget: Budget, parent?: BudgetAccount, spent: Amount = noAmount) {
    this.#account = { ...openAccount(budget), spent };
    this.#parent = parent;
    this.#grant = unspentIn(this.#account);
    parent?.take(this.#grant);
  }

  take(amount: Amount): void {
    const { own, passed } = splitAmount(this.#account, amount);
    const reserved = reserve(this.#account, own);
    this.#parent?.take(this.#closed ? amount : passed);
    if (this.#closed) this.#grant = addAmounts(this.#grant, own);
    this.#account = reserved;
  }

  giveBack(reserved: Amount, spent: Amount): void {
    const { own, passed } = splitAmount(this.#account, reserved);
    this.#account = settle(this.#account, own, spent);
    if (this.#parent === undefined) return;
    // A closed account has given back all but its open reservations, which end here; an open one keeps what is left.
    const used = splitAmount(this.#account, this.#closed ? reserved : spent).own;
    const released = perDimension((name) => Math.min(used[name], this.#grant[name]));
    this.#grant = subtractAmounts(this.#grant, released);
    this.#parent.giveBack(addAmounts(passed, released), spent);
  }

  /** One message was taken up; throws `BudgetExhaustedError`. */
  spendTurn(books?: SpendingBooks): void {
    this.take(oneTurn);
    this.giveBack(oneTurn, oneTurn);
    books?.spend(oneTurn);
  }

  /** The message was put aside: its turn is yet to come. */
  returnTurn(books?: SpendingBooks): void {
    this.giveBack(noAmount, lessOneTurn);
    books?.spend(lessOneTurn);
  }

  /** Sets the worst case of a call aside; throws `BudgetExhaustedError`. */
  reserve(worstCase: { readonly tokens?: number; readonly usd?: number }, books?: SpendingBooks): Reservation {
    const aside = toAmount(worstCase);
    this.take(aside);
    books?.spend(aside);
    let isOpen = true;
    const close = (spent: Amount): void => {
      if (!isOpen) return;
      isOpen = false;
      this.giveBack(aside, spent);
      books?.spend(subtractAmounts(spent, aside));
    };
    const keep = (): void => close(aside);
    const settle = (spent: { readonly tokens?: number; readonly usd?: number }): void => {
      try {
        close(toAmount(spent));
      } finally {
        keep();
      }
    };
    return { settle, keep };
  }

  left(): { turns: number; tokens: number; usd: number } {
    const own = leftOf(this.#account);
    const above = this.#parent?.left();
    return {
      turns: own.turns === Infinity ? (above?.turns ?? Infinity) : Math.max(0, own.turns),
      tokens: own.tokens === Infinity ? (above?.tokens ?? Infinity) : Math.max(0, own.tokens),
      usd: own.microUsd === Infinity ? (above?.usd ?? Infinity) : Math.max(0, own.microUsd) / 1e6,
    };
  }

  spent(): { turns: number; tokens: number; usd: number } {
    const { turns, tokens, microUsd } = this.#account.spent;
    return { turns, tokens, usd: microUsd / 1e6 };
  }

  /** Somebody lives here again: takes from the parent what is left of the limit; throws `BudgetExhaustedError`. */
  reopen(): void {
    if (!this.#closed) return;
    const missing = atLeastNothing(subtractAmounts(unspentIn(this.#account), this.#grant));
    this.#parent?.take(missing);
    this.#grant = addAmounts(this.#grant, missing);
    this.#closed = false;
  }

  /** Nobody lives here: what is left goes back to the parent, but for calls that are still under way. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const left = atLeastNothing(subtractAmounts(this.#grant, this.#account.reserved));
    this.#grant = subtractAmounts(this.#grant, left);
    this.#parent?.giveBack(left, noAmount);
  }
}

const oneTurn: Amount = { turns: 1, tokens: 0, microUsd: 0 };
const lessOneTurn = subtractAmounts(noAmount, oneTurn);

function toAmount(part: { readonly tokens?: number; readonly usd?: number }): Amount {
  const tokens = checkCost(part.tokens ?? 0, "tokens");
  const usd = checkCost(part.usd ?? 0, "usd");
  return { turns: 0, tokens, microUsd: toMicroUsd(usd) };
}

/** A cost of less than nothing would make room, and one that is no number would make any room enough. */
function checkCost(cost: number, name: string): number {
  if (Number.isFinite(cost) && cost >= 0) return cost;
  throw new RangeError(`${name}: a number of at least 0, not ${String(cost)}`);
}

/** What an account may spend yet of its own limits; nothing where it has none. */
function unspentIn({ limit, spent }: Account): Amount {
  return perDimension((name) => (limit[name] === Infinity ? 0 : Math.max(0, limit[name] - spent[name])));
}

function atLeastNothing(amount: Amount): Amount {
  return perDimension((name) => Math.max(0, amount[name]));
}
