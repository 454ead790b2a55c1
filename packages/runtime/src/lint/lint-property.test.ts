import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runThrough, type Configuration } from "./brute-force.fixture.ts";
import { lintMachine } from "./lint-machine.ts";
import { randomMachine, type Ingredients, type RandomMachine } from "./random-machine.fixture.ts";

function statesWith(random: RandomMachine, ...rules: readonly string[]): readonly string[] {
  return lintMachine(random.machine)
    .findings.filter(({ rule }) => rules.includes(rule))
    .map(({ state }) => state)
    .sort();
}

function isActive(configuration: Configuration, state: string): boolean {
  return configuration.active.includes(state);
}

/** Hands random machines, with all that they can do, to the check. */
function forMachines(ingredients: Ingredients, numRuns: number, check: (random: RandomMachine, runs: readonly Configuration[]) => void): void {
  fc.assert(
    fc.property(randomMachine(ingredients), (random) => {
      const runs = runThrough(random);
      fc.pre(runs !== undefined);
      check(random, runs);
    }),
    { numRuns },
  );
}

describe("lintMachine against running the machine through everything", () => {
  test.each([
    ["flat", { depth: 1 }],
    ["nested", { depth: 3 }],
  ] as const)("finds in %s machines exactly the states from which no end is reached", (_, ingredients) => {
    forMachines(ingredients, 6000, (random, runs) => {
      fc.pre(statesWith(random, "no-final").length === 0);
      const leafOf = (run: Configuration): string => run.active.at(-1)!;
      const active = new Set(runs.map(leafOf));
      const finishing = new Set(runs.filter((run) => run.canFinish).map(leafOf));
      // The lint also judges states that are only left aside by the order of events, which no run enters.
      const found = statesWith(random, "dead-end", "cannot-finish").filter((state) => active.has(state));
      expect(found).toEqual([...active].filter((leaf) => !finishing.has(leaf)).sort());
    });
  });

  test.each([
    ["with regions", { depth: 3, parallel: true }],
    ["with regions and history", { depth: 3, parallel: true, history: true }],
    ["with regions, history and eventless transitions", { depth: 3, parallel: true, history: true, always: true }],
  ] as const)("calls stuck, in machines %s, only states from which no run reaches an end", (_, ingredients) => {
    forMachines(ingredients, 6000, (random, runs) => {
      for (const stuck of statesWith(random, "dead-end", "cannot-finish"))
        expect(runs.filter((run) => isActive(run, stuck) && run.canFinish)).toEqual([]);
      if (statesWith(random, "no-final").length > 0) expect(runs.filter((run) => run.isDone)).toEqual([]);
    });
  });

  test("calls unreachable only states that no run enters", () => {
    forMachines({ depth: 3, parallel: true, history: true, always: true }, 6000, (random, runs) => {
      for (const state of statesWith(random, "unreachable")) expect(runs.filter((run) => isActive(run, state))).toEqual([]);
    });
  });
});
