import { SeededRandom } from "../simulation/seeded-random.ts";

/** Chance that can be had again: the seed is printed, and `CRASH_SEED` gives it back. */
export function openSeed(test: string): SeededRandom {
  const seed = process.env["CRASH_SEED"] ?? Date.now().toString(36);
  print(`${test}: seed ${seed} (again: CRASH_SEED=${seed})`);
  return new SeededRandom(`${test}/${seed}`);
}

/** `CRASH_ROUNDS=10` makes ten times as many rounds as `npm test` has time for. */
export const times: number = Math.max(1, Number(process.env["CRASH_ROUNDS"] ?? 1));

/** For people who read the output of the tests. */
export function print(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
