import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkBudget, leftOf, noAmount, openAccount, reserve, settle, splitAmount, toMicroUsd, type Amount } from "./budget.ts";
import { BudgetExhaustedError, SpecError } from "./errors.ts";

const counts = fc.nat({ max: 100 });
const amounts = fc.record({ turns: counts, tokens: counts, microUsd: counts });
const budgets = fc.record({ turns: counts, tokens: counts, usd: counts.map((micro) => micro / 1e6) }, { requiredKeys: [] });
const dimensions = ["turns", "tokens", "microUsd"] as const;

/** One call: what it sets aside, and which part of that it takes in the end; a part of 1 is an unknown outcome. */
const calls = fc.record({ worstCase: amounts, part: fc.constantFrom(0, 0.5, 1), closes: fc.boolean() });

function partOf(amount: Amount, part: number): Amount {
  return { turns: Math.floor(amount.turns * part), tokens: Math.floor(amount.tokens * part), microUsd: Math.floor(amount.microUsd * part) };
}

describe("reserve and settle", () => {
  test("never let spent and reserved exceed the limit, and account for every part", () => {
    fc.assert(
      fc.property(budgets, fc.array(calls), (budget, all) => {
        let account = openAccount(budget);
        const open: { worstCase: Amount; part: number }[] = [];
        const spent = { ...noAmount };
        for (const { worstCase, part, closes } of all) {
          const fits = dimensions.every((name) => worstCase[name] <= leftOf(account)[name]);
          if (fits) {
            account = reserve(account, worstCase);
            open.push({ worstCase, part });
          } else {
            expect(() => reserve(account, worstCase)).toThrow(BudgetExhaustedError);
          }
          const call = closes ? open.shift() : undefined;
          if (call !== undefined) {
            const took = partOf(call.worstCase, call.part);
            account = settle(account, call.worstCase, took);
            for (const name of dimensions) spent[name] += took[name];
          }
          const reserved = { ...noAmount };
          for (const { worstCase: aside } of open) for (const name of dimensions) reserved[name] += aside[name];
          expect(account.spent).toEqual(spent);
          expect(account.reserved).toEqual(reserved);
          for (const name of dimensions) expect(spent[name] + reserved[name]).toBeLessThanOrEqual(account.limit[name]);
        }
      }),
    );
  });

  test("name the dimension that has no room, in dollars where it is money", () => {
    const account = openAccount({ tokens: 5, usd: 0.5 });
    expect(() => reserve(account, { ...noAmount, tokens: 6 })).toThrow("budget exhausted: 6 tokens wanted, 5 left");
    expect(() => reserve(account, { ...noAmount, microUsd: 600_000 })).toThrow("budget exhausted: 0.6 usd wanted, 0.5 left");
  });

  test("charge a call that cost more than its worst case in full, so that nothing is left", () => {
    const account = settle(
      reserve(openAccount({ tokens: 10 }), { ...noAmount, tokens: 5 }),
      { ...noAmount, tokens: 5 },
      { ...noAmount, tokens: 12 },
    );
    expect(account.spent.tokens).toBe(12);
    expect(() => reserve(account, { ...noAmount, tokens: 1 })).toThrow("1 tokens wanted, 0 left");
    expect(() => reserve(account, { ...noAmount, turns: 1 })).not.toThrow();
  });
});

describe("splitAmount", () => {
  test("gives each dimension to the one who limits it, and loses nothing", () => {
    fc.assert(
      fc.property(budgets, amounts, (budget, amount) => {
        const account = openAccount(budget);
        const { own, passed } = splitAmount(account, amount);
        for (const name of dimensions) {
          expect(own[name] + passed[name]).toBe(amount[name]);
          expect(account.limit[name] === Infinity ? own[name] : passed[name]).toBe(0);
        }
      }),
    );
  });
});

describe("toMicroUsd", () => {
  test("is exact for whole millionths and rounds everything else up", () => {
    fc.assert(
      fc.property(fc.nat(), (micro) => {
        expect(toMicroUsd(micro / 1e6)).toBe(micro);
      }),
    );
    expect(toMicroUsd(0.1 + 0.2)).toBe(300_000);
    expect(toMicroUsd(0.000_000_1)).toBe(1);
    expect(toMicroUsd(0)).toBe(0);
  });
});

describe("checkBudget", () => {
  test.each([
    [{ turns: -1 }, "turns"],
    [{ turns: 1.5 }, "turns"],
    [{ tokens: Number.NaN }, "tokens"],
    [{ tokens: Infinity }, "tokens"],
    [{ usd: -0.01 }, "usd"],
    [{ usd: Infinity }, "usd"],
    [{ wallMs: 0 }, "wallMs"],
    [{ wallMs: Infinity }, "wallMs"],
  ])("refuses %o and names the field", (budget, field) => {
    expect(() => checkBudget(budget, "spec.budget")).toThrow(SpecError);
    expect(() => checkBudget(budget, "spec.budget")).toThrow(`spec.budget.${field}: `);
  });

  test("accepts an empty budget, and zeros: a subtree that may not spend", () => {
    for (const budget of [{}, { turns: 0, tokens: 0, usd: 0 }]) expect(() => checkBudget(budget, "budget")).not.toThrow();
  });
});
