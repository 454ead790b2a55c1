/**
 * The process of one contender: it prepares itself, then does a round for each size that it is sent. So every contender
 * has a heap and a just-in-time compiler of its own.
 */
import type { Bench, Job } from "./bench.ts";

const [file, comparison, contender] = process.argv.slice(2);

// What it has started ends with it.
process.once("disconnect", () => process.exit());

try {
  const { bench } = (await import(file!)) as { readonly bench: Bench };
  const job = await setUp(bench);
  if (job !== undefined) process.on("message", (size: number) => void round(job, size));
  process.send!({ ready: job !== undefined });
} catch (error) {
  fail(error);
}

async function setUp(bench: Bench): Promise<Job | undefined> {
  const found = bench.comparisons.find(({ name }) => name === comparison)?.contenders[contender!];
  if (found?.runs !== "node") throw new Error(`no contender "${contender}" for ${bench.name}, ${comparison}`);
  return found.setUp();
}

async function round(job: Job, size: number): Promise<void> {
  try {
    globalThis.gc!();
    const before = process.cpuUsage();
    const sample = await job(size);
    const { user, system } = process.cpuUsage(before);
    process.send!({ sample: { cpu: (user + system) / 1_000, ...sample } });
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
