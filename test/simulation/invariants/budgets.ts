/** Budgets: no subtree spends more than it has, in all its lives together. */
import { isWithin, type Address } from "@orgtree/core";
import type { Facts } from "../facts.ts";
import type { JournaledTurn } from "../stored-history.ts";
import type { Invariant } from "./invariant.ts";

export const budgetsAreKept: Invariant = {
  name: "no subtree spends more than its budget",
  check(facts) {
    for (const [address, { budget }] of facts.members) {
      const { turns = Infinity, tokens = Infinity } = budget ?? {};
      if (turns === Infinity && tokens === Infinity) continue;
      for (const spent of spendingOf(facts, address)) {
        if (spent.turns > turns)
          return `${address} and those below it took ${spent.turns} messages by ${spent.position}, and may take ${turns}`;
        if (spent.tokens > tokens)
          return `${address} and those below it spent ${spent.tokens} tokens by ${spent.position}, and have ${tokens}`;
      }
    }
    return undefined;
  },
};

interface Spent {
  readonly turns: number;
  readonly tokens: number;
  readonly position: number;
}

/** What a subtree had spent when its place, or one above it, was given up, and in the end: whoever comes then has a budget of its own. */
function spendingOf({ turns, members }: Facts, top: Address): readonly Spent[] {
  const sums: Spent[] = [];
  let count = { turns: 0, tokens: 0 };
  let paid = new Set<string>();
  for (const turn of turns) {
    const { address, kind, took, position, key } = turn;
    if (kind === "end" && isWithin(top, address)) {
      sums.push({ ...count, position });
      count = { turns: 0, tokens: 0 };
      paid = new Set();
    }
    if (!isWithin(address, top) || members.get(address)?.kind === "team") continue;
    // What there was no room for was refused, and is in the journal as that.
    if (took === "message" && !turn.effects.some((effect) => effect.kind === "dead-letter")) count.turns++;
    const cost = costOf(turn);
    // After a rollback an actor hears again what its work came to: that was paid once.
    if (cost === undefined || paid.has(`${address} ${key}`)) continue;
    paid.add(`${address} ${key}`);
    count.tokens += cost;
  }
  return [...sums, { ...count, position: Infinity }];
}

function costOf({ cause, message }: JournaledTurn): number | undefined {
  const { output } = (message ?? {}) as { output?: unknown };
  return cause === "orgtree.done" && typeof output === "string" && output.startsWith("spent ") ? Number(output.slice(6)) : undefined;
}
