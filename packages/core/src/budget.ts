import { BudgetExhaustedError, SpecError } from "./errors.ts";
import { checkFields } from "./known-fields.ts";

/**
 * What a subtree may spend. A dimension that is left out is limited by the parent's.
 *
 * A parent hands out parts and gets back what is left; everything is reserved at the worst case before it is spent, so no
 * subtree can spend more than its budget. Restarts do not refill it.
 */
export interface Budget {
  /** Messages processed. An integer, at least 0. */
  readonly turns?: number | undefined;
  /** Model tokens, input and output. An integer, at least 0. */
  readonly tokens?: number | undefined;
  /** Money in US dollars, kept to the millionth. At least 0. */
  readonly usd?: number | undefined;
  /** Wall time in milliseconds since the actor was first started; children inherit the earlier deadline. More than 0. */
  readonly wallMs?: number | undefined;
}

/** A quantity in the three dimensions that are reserved. Money is in whole millionths of a dollar. */
export interface Amount {
  readonly turns: number;
  readonly tokens: number;
  readonly microUsd: number;
}

/** Nothing. */
export const noAmount: Amount = { turns: 0, tokens: 0, microUsd: 0 };

/** Both together; `a` itself where `b` is nothing. */
export function addAmounts(a: Amount, b: Amount): Amount {
  return isNothing(b) ? a : perDimension((name) => a[name] + b[name]);
}

/** What is left of `a` without `b`, which may be less than nothing; `a` itself where `b` is nothing. */
export function subtractAmounts(a: Amount, b: Amount): Amount {
  return isNothing(b) ? a : perDimension((name) => a[name] - b[name]);
}

/** True for nothing in any dimension. */
export function isNothing({ turns, tokens, microUsd }: Amount): boolean {
  return turns === 0 && tokens === 0 && microUsd === 0;
}

/** The amount that has this in each dimension. */
export function perDimension(valueOf: (name: keyof Amount) => number): Amount {
  return { turns: valueOf("turns"), tokens: valueOf("tokens"), microUsd: valueOf("microUsd") };
}

/** The state of a budget: `spent + reserved` never exceeds `limit`, unless a call cost more than its reserved worst case. */
export interface Account {
  /** `Infinity` where this account sets no limit of its own. */
  readonly limit: Amount;
  readonly reserved: Amount;
  readonly spent: Amount;
}

const dimensions = ["turns", "tokens", "microUsd"] as const;

const knownFields: readonly string[] = ["turns", "tokens", "usd", "wallMs"] satisfies (keyof Budget)[];

/** Checks a budget; throws `SpecError` naming `field`. */
export function checkBudget(budget: Budget, field: string): void {
  checkFields(budget, { field, known: knownFields });
  for (const name of ["turns", "tokens"] as const) {
    const value = budget[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 0))
      throw new SpecError(`${field}.${name}`, `an integer of at least 0, not ${value}`);
  }
  if (budget.usd !== undefined && !(Number.isFinite(budget.usd) && budget.usd >= 0))
    throw new SpecError(`${field}.usd`, `a number of at least 0, not ${budget.usd}`);
  if (budget.wallMs !== undefined && !(Number.isFinite(budget.wallMs) && budget.wallMs > 0)) {
    throw new SpecError(`${field}.wallMs`, `milliseconds, more than 0, not ${budget.wallMs}`);
  }
}

/** Dollars to whole millionths; rounds up, so that a reservation is never too small. */
export function toMicroUsd(usd: number): number {
  return usd > 0 ? Math.max(1, Math.ceil(Math.round(usd * 1e9) / 1e3)) : 0;
}

/** A fresh account with the limits of `budget`. */
export function openAccount(budget: Budget): Account {
  const limit: Amount = {
    turns: budget.turns ?? Infinity,
    tokens: budget.tokens ?? Infinity,
    microUsd: budget.usd === undefined ? Infinity : toMicroUsd(budget.usd),
  };
  return { limit, reserved: noAmount, spent: noAmount };
}

/** What can still be reserved. */
export function leftOf(account: Account): Amount {
  return subtractAmounts(account.limit, addAmounts(account.reserved, account.spent));
}

/** The part of `amount` that this account limits itself, and the part its parent has to answer for. */
export function splitAmount(account: Account, amount: Amount): { own: Amount; passed: Amount } {
  const own = { ...noAmount };
  const passed = { ...noAmount };
  for (const name of dimensions) (account.limit[name] === Infinity ? passed : own)[name] = amount[name];
  return { own, passed };
}

/** Sets `amount` aside; throws `BudgetExhaustedError` naming the dimension, in which case nothing was set aside. */
export function reserve(account: Account, amount: Amount): Account {
  for (const name of dimensions) {
    // Overdrawn is not less than nothing: what is not wanted is there.
    const left = Math.max(0, account.limit[name] - account.reserved[name] - account.spent[name]);
    if (amount[name] > left) {
      const money = name === "microUsd";
      throw new BudgetExhaustedError(money ? "usd" : name, money ? amount[name] / 1e6 : amount[name], money ? left / 1e6 : left);
    }
  }
  return { ...account, reserved: addAmounts(account.reserved, amount) };
}

/** Replaces a reservation by what was really spent; with an unknown outcome that is the reservation itself. */
export function settle(account: Account, reserved: Amount, spent: Amount): Account {
  return { ...account, reserved: subtractAmounts(account.reserved, reserved), spent: addAmounts(account.spent, spent) };
}
