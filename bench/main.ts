/**
 * All benches, or one: `npm run bench`, `npm run bench -- children`.
 *
 * Ratios against peers measured in the same run; see `harness/compare.ts` for how. Ends with 1 when a count does not match.
 */
import type { Bench } from "./harness/bench.ts";
import { compare, type Result } from "./harness/compare.ts";
import { removeErlangModule } from "./harness/erlang-module.ts";
import { gatherFacts } from "./harness/facts.ts";
import { toLines, writeResults } from "./harness/report.ts";
import { bench as children } from "./children.ts";
import { bench as coldStart } from "./cold-start.ts";
import { bench as durable } from "./durable.ts";
import { bench as idleBytes } from "./idle-bytes.ts";
import { bench as jetstream } from "./jetstream.ts";
import { bench as journal } from "./journal.ts";
import { bench as lint } from "./lint.ts";
import { bench as machineEvent } from "./machine-event.ts";
import { bench as modelTurn } from "./model-turn.ts";
import { bench as plainAsk } from "./plain-ask.ts";
import { bench as plainTell } from "./plain-tell.ts";
import { bench as recovery } from "./recovery.ts";
import { bench as remote } from "./remote.ts";
import { bench as spawnStop } from "./spawn-stop.ts";
import { bench as takeover } from "./takeover.ts";

const benches: readonly Bench[] = [
  plainTell,
  plainAsk,
  machineEvent,
  spawnStop,
  idleBytes,
  children,
  modelTurn,
  journal,
  durable,
  recovery,
  lint,
  coldStart,
  remote,
  jetstream,
  takeover,
];

const [wanted] = process.argv.slice(2);
const chosen = wanted === undefined ? benches : benches.filter(({ name }) => name === wanted);
if (chosen.length === 0) {
  console.error(`no bench "${wanted}"; there are ${benches.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}

const facts = await gatherFacts();
if (facts.load > facts.cores / 2) console.error(`the load is ${facts.load} on ${facts.cores} cores: the figures will be noisy`);
const results: Result[] = [];
try {
  for (const bench of chosen) results.push(...(await runBench(bench)));
} finally {
  await removeErlangModule();
}

console.log(`\n${toLines(results).join("\n")}`);
// A part would overwrite the whole.
if (wanted === undefined) console.log(`\nwritten to ${await writeResults(results, facts)}`);
for (const { what, against } of results.filter(({ verdict }) => verdict === "below")) {
  console.log(`below its floor: ${what}${against === undefined ? "" : ` against ${against}`}`);
}

async function runBench(bench: Bench): Promise<Result[]> {
  const begin = performance.now();
  const all: Result[] = [];
  for (const comparison of bench.comparisons) all.push(...(await compare(bench, comparison)));
  console.error(`${bench.name}: ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
  return all;
}
