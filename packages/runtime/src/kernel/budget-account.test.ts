import { addAmounts, BudgetExhaustedError, noAmount, type Amount } from "@orgtree/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BudgetAccount, budgetOf, unlimited } from "./budget-account.ts";
import { Bookkeeper, counts, steps } from "./bookkeeper.fixture.ts";

describe("BudgetAccount", () => {
  test("counts everything that is spent below it at once, lets nobody overspend, and gets back what is left", () => {
    fc.assert(
      fc.property(fc.record({ turns: counts, tokens: counts, micro: counts }), fc.array(steps, { maxLength: 60 }), (limit, all) => {
        const books = new Bookkeeper(limit);
        for (const step of all) {
          books.carryOut(step);
          books.check();
        }
        books.checkAtTheEnd();
      }),
      { numRuns: 500 },
    );
  });

  test("asks its parent for what it does not limit itself", () => {
    const parent = new BudgetAccount({ tokens: 10 });
    const child = new BudgetAccount({ usd: 1 }, parent);
    expect(child.left()).toEqual({ turns: Infinity, tokens: 10, usd: 1 });
    child.reserve({ tokens: 10 });
    expect(() => child.reserve({ tokens: 1 })).toThrow("budget exhausted: 1 tokens wanted, 0 left");
    expect(parent.left().tokens).toBe(0);
  });

  test("sets nothing aside when one dimension has no room", () => {
    const parent = new BudgetAccount({ tokens: 10 });
    const child = new BudgetAccount({ usd: 1 }, parent);
    expect(() => child.reserve({ tokens: 11, usd: 0.5 })).toThrow(BudgetExhaustedError);
    expect(() => child.reserve({ tokens: 5, usd: 1.5 })).toThrow(BudgetExhaustedError);
    expect(child.left()).toEqual({ turns: Infinity, tokens: 10, usd: 1 });
  });

  test("cannot be opened when the parent has no room for it", () => {
    const parent = new BudgetAccount({ tokens: 10 });
    expect(new BudgetAccount({ tokens: 6 }, parent).left().tokens).toBe(6);
    expect(() => new BudgetAccount({ tokens: 5 }, parent)).toThrow(BudgetExhaustedError);
    expect(parent.left().tokens).toBe(4);
  });

  test("charges more than its worst case in full, up to the top", () => {
    const parent = new BudgetAccount({ tokens: 100 });
    const child = new BudgetAccount({ tokens: 10 }, parent);
    child.reserve({ tokens: 5 }).settle({ tokens: 25 });
    expect([child.spent().tokens, child.left().tokens]).toEqual([25, 0]);
    expect([parent.spent().tokens, parent.left().tokens]).toEqual([25, 75]);
    expect(() => child.spendTurn()).not.toThrow();
    expect(() => child.reserve({ tokens: 1 })).toThrow(BudgetExhaustedError);
    child.close();
    expect(parent.left().tokens).toBe(75);
  });

  test("keeps aside what is under way when it is closed, until that is settled", () => {
    const parent = new BudgetAccount({ tokens: 100 });
    const child = new BudgetAccount({ tokens: 50 }, parent);
    const call = child.reserve({ tokens: 20 });
    child.close();
    expect(parent.left().tokens).toBe(80);
    call.settle({ tokens: 5 });
    expect(parent.left().tokens).toBe(95);
    const late = child.reserve({ tokens: 10 });
    expect(parent.left().tokens).toBe(85);
    late.keep();
    expect(parent.spent().tokens).toBe(15);
  });

  test.each([{ tokens: -1 }, { tokens: Number.NaN }, { tokens: Infinity }, { usd: -0.5 }, { usd: Number.NaN }])(
    "refuses the amount %o, which would make room",
    (amount) => {
      const account = new BudgetAccount({ tokens: 10, usd: 1 });
      expect(() => account.reserve(amount)).toThrow(RangeError);
      const call = account.reserve({ tokens: 1 });
      expect(() => call.settle(amount)).toThrow(RangeError);
      expect(account.left()).toEqual({ turns: Infinity, tokens: 9, usd: 1 });
      call.keep();
      expect(account.spent().tokens).toBe(1);
    },
  );
});

describe("budgetOf", () => {
  test("counts in the books what the account counts, whatever a call is settled with", () => {
    const account = new BudgetAccount({ turns: 10, tokens: 100, usd: 1 });
    let booked = noAmount;
    const books = { spend: (amount: Amount): void => void (booked = addAmounts(booked, amount)), stored: async () => {} };
    const budget = budgetOf(account, books);
    const call = budget.reserve({ tokens: 30, usd: 0.1 });
    expect(booked).toEqual({ turns: 0, tokens: 30, microUsd: 100_000 });
    expect(() => call.settle({ tokens: Number.NaN })).toThrow(RangeError);
    call.settle({ tokens: 1 });
    budget.reserve({ tokens: 20 }).settle({ tokens: 5 });
    expect(() => budget.reserve({ tokens: 1_000 })).toThrow(BudgetExhaustedError);
    account.spendTurn(books);
    account.spendTurn(books);
    account.returnTurn(books);
    expect(booked).toEqual({ turns: 1, tokens: 35, microUsd: 100_000 });
    expect(account.spent()).toEqual({ turns: 1, tokens: 35, usd: 0.1 });
  });
});

describe("unlimited", () => {
  test("lets everything pass and keeps no books", () => {
    const call = unlimited.reserve({ tokens: 1e9 });
    call.settle({ tokens: 1e9 });
    call.keep();
    expect(unlimited.left()).toEqual({ turns: Infinity, tokens: Infinity, usd: Infinity });
    expect(unlimited.spent()).toEqual({ turns: 0, tokens: 0, usd: 0 });
  });
});
