import { BudgetExhaustedError, type Budget } from "@orgtree/core";
import * as fc from "fast-check";
import { expect } from "vitest";
import { BudgetAccount, type Reservation } from "./budget-account.ts";

/** Amounts small enough that budgets run out. */
export const counts = fc.nat({ max: 60 });
const budgets: fc.Arbitrary<Budget> = fc.record(
  { turns: counts, tokens: counts, usd: counts.map((micro) => micro / 1e6) },
  { requiredKeys: [] },
);

/** What can be done to a tree of accounts. Numbers choose among those that are there. */
export type Step =
  | { readonly kind: "open"; readonly parent: number; readonly budget: Budget }
  | { readonly kind: "turn"; readonly account: number }
  | { readonly kind: "reserve"; readonly account: number; readonly tokens: number; readonly micro: number }
  | { readonly kind: "settle"; readonly call: number; readonly part: 0 | 0.5 | 1 }
  | { readonly kind: "keep"; readonly call: number }
  | { readonly kind: "close"; readonly account: number }
  | { readonly kind: "reopen"; readonly account: number };

export const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("open" as const), parent: fc.nat(), budget: budgets }),
  fc.record({ kind: fc.constant("turn" as const), account: fc.nat() }),
  fc.record({ kind: fc.constant("reserve" as const), account: fc.nat(), tokens: counts, micro: counts }),
  fc.record({ kind: fc.constant("settle" as const), call: fc.nat(), part: fc.constantFrom(0 as const, 0.5 as const, 1 as const) }),
  fc.record({ kind: fc.constant("keep" as const), call: fc.nat() }),
  fc.record({ kind: fc.constant("close" as const), account: fc.nat() }),
  fc.record({ kind: fc.constant("reopen" as const), account: fc.nat() }),
);

/** A tree of accounts beside what was really spent below each of them. */
export class Bookkeeper {
  readonly accounts: {
    account: BudgetAccount;
    parents: number[];
    children: number;
    open: boolean;
    spent: { turns: number; tokens: number; micro: number };
  }[] = [];
  readonly calls: { reservation: Reservation; account: number; tokens: number; micro: number }[] = [];
  readonly #limit: { turns: number; tokens: number; micro: number };

  constructor(limit: { turns: number; tokens: number; micro: number }) {
    this.#limit = limit;
    const { turns, tokens, micro } = limit;
    this.#add(new BudgetAccount({ turns, tokens, usd: micro / 1e6 }), []);
  }

  #add(account: BudgetAccount, parents: number[]): void {
    this.accounts.push({ account, parents, children: 0, open: true, spent: { turns: 0, tokens: 0, micro: 0 } });
  }

  #pick(at: number) {
    const open = this.accounts.map((entry, number) => ({ ...entry, number })).filter((entry) => entry.open);
    return open[at % open.length]!;
  }

  #spend(number: number, part: { turns?: number; tokens?: number; micro?: number }): void {
    for (const at of [number, ...this.accounts[number]!.parents]) {
      const { spent } = this.accounts[at]!;
      spent.turns += part.turns ?? 0;
      spent.tokens += part.tokens ?? 0;
      spent.micro += part.micro ?? 0;
    }
  }

  /** Runs `work`; true when there was room. */
  #fits(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(BudgetExhaustedError);
      return false;
    }
  }

  carryOut(step: Step): void {
    switch (step.kind) {
      case "open": {
        const parent = this.#pick(step.parent);
        const wasOpened = this.#fits(() => this.#add(new BudgetAccount(step.budget, parent.account), [parent.number, ...parent.parents]));
        if (wasOpened) this.accounts[parent.number]!.children++;
        return;
      }
      case "turn": {
        const { account, number } = this.#pick(step.account);
        if (this.#fits(() => account.spendTurn())) this.#spend(number, { turns: 1 });
        return;
      }
      case "reserve": {
        const { account, number } = this.#pick(step.account);
        const { tokens, micro } = step;
        this.#fits(() => this.calls.push({ reservation: account.reserve({ tokens, usd: micro / 1e6 }), account: number, tokens, micro }));
        return;
      }
      case "settle":
      case "keep": {
        const [call] = this.calls.splice(step.call % Math.max(1, this.calls.length), 1);
        if (call === undefined) return;
        const part = step.kind === "keep" ? 1 : step.part;
        const [tokens, micro] = [Math.floor(call.tokens * part), Math.floor(call.micro * part)];
        if (step.kind === "keep") call.reservation.keep();
        else call.reservation.settle({ tokens, usd: micro / 1e6 });
        call.reservation.keep(); // The second one does nothing.
        this.#spend(call.account, { tokens, micro });
        return;
      }
      case "close": {
        const entry = this.#pick(step.account);
        if (entry.parents.length === 0 || entry.children > 0) return;
        this.accounts[entry.number]!.open = false;
        this.accounts[entry.parents[0]!]!.children--;
        entry.account.close();
        entry.account.close();
        return;
      }
      case "reopen": {
        const closed = this.accounts.filter(({ open, parents }) => !open && this.accounts[parents[0]!]!.open);
        const entry = closed[step.account % Math.max(1, closed.length)];
        if (entry === undefined || !this.#fits(() => entry.account.reopen())) return;
        entry.open = true;
        this.accounts[entry.parents[0]!]!.children++;
        return;
      }
      default:
        return step satisfies never;
    }
  }

  check(): void {
    for (const { account, spent } of this.accounts) {
      expect(account.spent()).toEqual({ turns: spent.turns, tokens: spent.tokens, usd: spent.micro / 1e6 });
    }
    const [root] = this.accounts;
    for (const name of ["turns", "tokens", "micro"] as const) expect(root!.spent[name]).toBeLessThanOrEqual(this.#limit[name]);
  }

  /** Everything is settled and closed: what was not spent is there again. */
  checkAtTheEnd(): void {
    while (this.calls.length > 0) this.carryOut({ kind: "settle", call: 0, part: 0.5 });
    for (const entry of this.accounts.slice(1).reverse()) entry.account.close();
    this.check();
    const [root] = this.accounts;
    const { turns, tokens, usd } = root!.account.left();
    expect(turns).toBe(this.#limit.turns - root!.spent.turns);
    expect(tokens).toBe(this.#limit.tokens - root!.spent.tokens);
    expect(Math.round(usd * 1e6)).toBe(this.#limit.micro - root!.spent.micro);
  }
}
