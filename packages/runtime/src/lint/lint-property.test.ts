import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runThrough, type Configuration, type Runs } from "./brute-force.fixture.ts";
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

/** Hands random machines to the check, with a way to learn all that they can do. */
function forMachines(
  ingredients: Ingredients,
  check: (random: RandomMachine, run: () => Runs) => void,
  numRuns = Number(process.env["RUNS"] ?? 20),
): void {
  const run = (random: RandomMachine): Runs => {
    const runs = runThrough(random);
    fc.pre(runs !== undefined);
    return runs;
  };
  fc.assert(
    fc.property(randomMachine(ingredients), (random) => {
      check(random, () => run(random));
    }),
    { numRuns },
  );
}

const everything = { depth: 3, parallel: true, history: true, always: true } as const;

describe("lintMachine against running the machine through everything", () => {
  test.each([
    ["flat", { depth: 1 }],
    ["nested", { depth: 3 }],
  ] as const)("finds in %s machines exactly the states from which no end is reached", (_, ingredients) => {
    forMachines(ingredients, (random, run) => {
      const { configurations, hangs } = run();
      fc.pre(!hangs && statesWith(random, "no-final").length === 0);
      const leafOf = (run: Configuration): string => run.active.at(-1)!;
      const finishing = new Set(configurations.filter((run) => run.canFinish).map(leafOf));
      const stuck = new Set(configurations.map(leafOf).filter((leaf) => !finishing.has(leaf)));
      expect(statesWith(random, "dead-end", "cannot-finish")).toEqual([...stuck].sort());
    });
  });

  test.each([
    ["with regions", { depth: 3, parallel: true }],
    ["with regions and history", { depth: 3, parallel: true, history: true }],
    ["with regions, history and eventless transitions", everything],
  ] as const)("calls stuck, in machines %s, only states from which no run reaches an end", (_, ingredients) => {
    forMachines(ingredients, (random, run) => {
      const { configurations, hangs } = run();
      fc.pre(!hangs);
      for (const stuck of statesWith(random, "dead-end", "cannot-finish"))
        expect(configurations.filter((run) => isActive(run, stuck) && run.canFinish)).toEqual([]);
      if (statesWith(random, "no-final").length > 0) expect(configurations.filter((run) => run.isDone)).toEqual([]);
    });
  });

  test("calls unreachable only states that no run enters", () => {
    forMachines(everything, (random, run) => {
      const { configurations, hangs } = run();
      fc.pre(!hangs);
      for (const state of statesWith(random, "unreachable")) expect(configurations.filter((run) => isActive(run, state))).toEqual([]);
    });
  });

  test("calls a microstep loop an error only when whatever enters it hangs", () => {
    const check = (random: RandomMachine, run: () => Runs): void => {
      const loops = lintMachine(random.machine).findings.filter(({ rule, severity }) => rule === "microstep-loop" && severity === "error");
      fc.pre(loops.length > 0);
      const { configurations } = run();
      // A step that hangs leaves no configuration behind.
      for (const { state } of loops) expect(configurations.filter((run) => isActive(run, state))).toEqual([]);
    };
    // Few machines have such a loop, and those without are made for nothing.
    forMachines({ ...everything, depth: 2 }, check, 30);
  });

  test("finds a microstep loop in every flat machine that hangs", () => {
    const check = (random: RandomMachine, run: () => Runs): void => {
      fc.pre(run().hangs);
      expect(statesWith(random, "microstep-loop")).not.toEqual([]);
    };
    forMachines({ depth: 1, always: true }, check, 30);
  });
});
