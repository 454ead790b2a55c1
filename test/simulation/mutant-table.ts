import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { mutants, type Mutant } from "./mutants.ts";

/** What became of one mutant. */
export interface MutantResult {
  readonly name: string;
  /** Undefined when it was not found, or could not be run. */
  readonly found: { readonly seed: number; readonly invariant: string; readonly problem: string } | undefined;
  readonly trouble: string | undefined;
}

const program = fileURLToPath(new URL("mutant-process.ts", import.meta.url));
/** A mutant may hang a run; the simulator would count steps, but not where no step ends. */
const longestMs = 120_000;

/** Runs the mutants, some at a time, each in a process of its own. */
export async function runMutants(options: {
  readonly seeds: number;
  readonly atOnce: number;
  readonly only?: (mutant: Mutant) => boolean;
}): Promise<readonly MutantResult[]> {
  const waiting = mutants.filter(options.only ?? (() => true));
  const results = new Map<Mutant, MutantResult>();
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift())
      results.set(mutant, await runMutant(mutant, options.seeds));
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return mutants.flatMap((mutant) => results.get(mutant) ?? []);
}

function runMutant({ name }: Mutant, seeds: number): Promise<MutantResult> {
  const args = ["--conditions=@orgtree/source", program, name, String(seeds)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: longestMs }, (error, stdout, stderr) => {
      if (error !== null) return resolve({ name, found: undefined, trouble: /^.*Error: .*$/m.exec(stderr)?.[0] ?? error.message });
      const { seed, found } = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
        seed: number;
        found?: { invariant: string; problem: string };
      };
      resolve({ name, found: found === undefined ? undefined : { seed, ...found }, trouble: undefined });
    });
  });
}

/** The results as a table. */
export function describeMutants(results: readonly MutantResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results
    .map(({ name, found, trouble }) => {
      const verdict = found === undefined ? (trouble ?? "NOT FOUND") : `seed ${String(found.seed).padStart(3)}  ${found.invariant}`;
      return `${name.padEnd(width)}  ${verdict}`;
    })
    .join("\n");
}
