import type { Endpoint } from "@orgtree/core";
import { connectClient } from "@orgtree/node";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Desk } from "../cli/orgtree-process.ts";
import { print } from "../crash/seed.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { checkHistory, type History } from "./check-history.ts";
import { type Acknowledged, Clients } from "./clients.ts";
import { checkPatches, crewSeries } from "./crew.ts";
import { type FaultKind, planFaults } from "./fault-plan.ts";
import { Faults, type Struck, within } from "./faults.ts";
import type { Series } from "./jobs.ts";
import { readLedger } from "./ledger.ts";
import { figuresOf } from "./report.ts";
import { namespace, Site } from "./site.ts";
import { readStored, type StoredRecord } from "./stored.ts";
import { chores } from "./workload.ts";

/** How much chaos. */
export interface ChaosOptions {
  readonly seed: string;
  /** How long faults strike. */
  readonly forMs: number;
  readonly leaseMs: number;
  readonly partitions: number;
  /** These come first. */
  readonly first: readonly FaultKind[];
  /** Only these come at all. Default: all of them. */
  readonly only?: readonly FaultKind[] | undefined;
  /** The name of a mistake that is planted in the nodes. Default: none. */
  readonly mutant?: string | undefined;
  /** How long everything may take to be well again when they are over. */
  readonly settleMs: number;
  /** Less than that shows nothing. */
  readonly least: {
    readonly faults: number;
    readonly acknowledged: number;
    readonly delivered: number;
    readonly runs: number;
    readonly crews: number;
  };
}

/** What came of it. */
export interface ChaosResult {
  /** What should not have happened, and what was too little. */
  readonly violations: readonly string[];
  /** Figures, one a line. */
  readonly report: readonly string[];
}

const drainMs = 30_000;
const choresSeries: Series = { what: chores, input: { task: "Do them all." }, most: 12, pauseMs: 250 };

/** Real processes under faults; then looks whether what is guaranteed held. Everything that was started has ended when it settles. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const random = new SeededRandom(`chaos/${options.seed}`);
  await using stack = new AsyncDisposableStack();
  const { partitions, leaseMs, mutant } = options;
  const site = stack.use(await Site.start({ nodes: 3, partitions, leaseMs, thinkMs: 30, mutant }));
  await Promise.all(site.slots.map(({ node }) => within(60_000, node.joined, `${node.name} did not join`)));
  const link = await site.link("chaos");
  const { client } = stack.use(connectClient({ link, namespace, partitions: site.partitions, logger: silent }));
  const desk = stack.use(await Desk.open());
  const series = [choresSeries, await crewSeries(desk)];
  const clients = new Clients(client, { random: random.fork("clients"), partitions: site.partitions, series });
  await clients.start();
  const beganMs = Date.now();
  const faults = new Faults(site, link);
  await faults.run(planFaults(random.fork("faults"), options), AbortSignal.timeout(options.forMs));
  const calmMs = Date.now();
  const stuck = await clients.settle(options.settleMs);
  const settledMs = Date.now();
  const states = await clients.states(10_000);
  const left = stuck.length === 0 ? await leave(site) : [];
  const journals = new Map<Endpoint, readonly StoredRecord[]>();
  for (const endpoint of site.endpoints) journals.set(endpoint, await readStored(link, endpoint));
  const history = { clients, states, ledger: readLedger(site.ledger), journals, stopped: faults.stopped };
  const figures = figuresOf({ ...history, clients, struck: faults.struck, site, times: { beganMs, calmMs, settledMs } });
  const violations = [
    ...faults.problems,
    ...stuck.map((what) => `stuck: ${what}, ${Math.round((settledMs - calmMs) / 1_000)} s after the last fault`),
    ...left,
    ...checkHistory(history),
    ...(await checkPatches(clients.jobs.known.values(), desk)),
    ...tooLittle(options, { struck: faults.struck, acknowledged: clients.acknowledged, figures }),
  ];
  if (violations.length > 0) writeStory(history, process.env["CHAOS_LOGS"]);
  return { violations, report: figures.lines };
}

/** What the journals hold, for whoever looks for the cause. */
function writeStory({ journals, ledger, states }: History, directory: string | undefined): void {
  if (directory === undefined) return;
  for (const [endpoint, records] of journals) {
    const lines = records.flatMap((record) => {
      if (record.type === "other") return [];
      const at = `${record.message} ${new Date(record.atMs).toISOString().slice(11, 23)}`;
      if (record.type === "opening") return [`${at} OPENED by ${record.owner}`];
      return record.turns.map(({ address, seq, incarnation, cause, effects }) => {
        const did = effects.map(({ kind, key, detail }) => `${kind} ${key} ${JSON.stringify(detail)}`).join("; ");
        return `${at} ${address}@${seq} i${incarnation} ${cause.type} ${cause.key ?? ""} from ${cause.from} ${JSON.stringify(cause.message)} | ${did}`;
      });
    });
    writeFileSync(join(directory, `journal-${endpoint}.txt`), `${lines.join("\n")}\n`);
  }
  writeFileSync(join(directory, "ledger.txt"), ledger.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const entries = Object.entries(states).map(([name, each]) => [name, Object.fromEntries(each)]);
  writeFileSync(join(directory, "states.json"), JSON.stringify(Object.fromEntries(entries), undefined, 2));
}

/** All nodes hand over and leave. */
async function leave(site: Site): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { name, node } of site.slots) {
    await node.signal("SIGTERM");
    const code = await within(drainMs, node.exited, name).catch(() => "late" as const);
    if (code !== 0) problems.push(`${name} ended with ${code} when all was calm and it was told to leave`);
  }
  return problems;
}

function tooLittle(
  { least }: ChaosOptions,
  done: {
    readonly struck: readonly Struck[];
    readonly acknowledged: readonly Acknowledged[];
    readonly figures: { readonly delivered: number; readonly runs: number; readonly crews: number };
  },
): readonly string[] {
  const facts = { faults: done.struck.length, acknowledged: done.acknowledged.length, ...done.figures };
  return (Object.keys(least) as (keyof typeof least)[]).flatMap((name) =>
    facts[name] < least[name] ? [`too little to show anything: ${name} ${facts[name]}, not ${least[name]}`] : [],
  );
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Prints what came of it. */
export function printResult(seed: string, { report, violations }: ChaosResult): void {
  for (const line of report) print(line);
  for (const violation of violations) print(`VIOLATION ${violation}`);
  print(violations.length === 0 ? `seed ${seed}: all held` : `seed ${seed}: ${violations.length} violations`);
}
