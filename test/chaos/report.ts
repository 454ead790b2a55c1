import type { Acknowledged, Clients } from "./clients.ts";
import type { History } from "./check-history.ts";
import type { Struck } from "./faults.ts";
import type { Site } from "./site.ts";
import { chores } from "./workload.ts";

interface Material extends History {
  readonly clients: Clients;
  readonly struck: readonly Struck[];
  readonly site: Site;
  readonly times: { readonly beganMs: number; readonly calmMs: number; readonly settledMs: number };
}

/** What was done, how often, and how long it took to go on. */
export function figuresOf({ clients, states, ledger, journals, struck, site, times }: Material): {
  readonly lines: readonly string[];
  readonly delivered: number;
  readonly runs: number;
  readonly crews: number;
} {
  const delivered = Array.from(states.feeders.values()).reduce((all, { taken }) => all + sum(Object.values(taken)), 0);
  const deposits = Array.from(states.accounts.values()).reduce((all, { got }) => all + sum(Object.values(got)), 0);
  const feeders = Array.from(states.feeders.values());
  const jobs = Array.from(clients.jobs.known.values());
  const crews = jobs.filter(({ what }) => what !== chores);
  const done = jobs.filter(({ job }) => job?.status === "done");
  const cutOff = jobs.filter(({ job }) => job?.status === "failed");
  const records = Array.from(journals.values()).flat();
  const openings = records.filter(({ type }) => type === "opening").length;
  const begins = ledger.filter(({ step }) => step === "begin");
  const migrations = Array.from(states.counters.values()).reduce((all, state) => all + state.migrations, 0);
  const lines = [
    `${struck.length} faults in ${seconds(times.calmMs - times.beganMs)}: ${counted(struck.map(({ kind }) => kind))}; all was well ${seconds(times.settledMs - times.calmMs)} after the last`,
    `${site.nodes.length} processes of nodes, ${openings} openings of ${journals.size} journals, ${records.length} messages in them, ${migrations} migrations`,
    `${clients.acknowledged.length} calls acknowledged in ${clients.attempts} attempts, ${delivered} deliveries, ${deposits} transfers, ${sum(feeders.map(({ answered }) => answered))} questions answered and ${sum(feeders.map(({ unanswered }) => unanswered))} not`,
    `${jobs.length} runs, ${crews.length} of them of the crew that mends a repository: ${done.length} done, ${cutOff.length} with an irreversible tool cut off; ${begins.length} effects begun for ${new Set(begins.map(({ key }) => key)).size} keys, ${ledger.filter(({ step }) => step === "undo-end").length} taken back`,
    ...recoveries({ struck, quietMs: 3 * site.leaseMs }, clients.acknowledged),
  ];
  return { lines, delivered, runs: done.length, crews: done.filter(({ what }) => what !== chores).length };
}

/**
 * For each kind of fault: from when it struck to the first call that was begun later and acknowledged, in each partition that it struck. Where
 * everybody stood still it counts from the end of that. Only what struck in quiet says something: no other fault shortly before or behind it.
 */
function recoveries(
  { struck, quietMs }: { readonly struck: readonly Struck[]; readonly quietMs: number },
  acknowledged: readonly Acknowledged[],
): readonly string[] {
  const byPartition = Map.groupBy(acknowledged, ({ partition }) => partition);
  const all = new Map<string, number[]>();
  for (const fault of struck) {
    const { kind, partitions } = fault;
    const fromMs = beginOf(fault);
    if (!struck.every((other) => isApart(fault, other, quietMs))) continue;
    for (const partition of partitions) {
      const later = (byPartition.get(partition) ?? []).filter((call) => call.atMs >= fromMs);
      const endMs = later.reduce((first, call) => Math.min(first, call.endMs), Infinity);
      if (endMs < Infinity) all.set(kind, [...(all.get(kind) ?? []), endMs - fromMs]);
    }
  }
  return Array.from(all, ([kind, times]) => {
    const sorted = times.toSorted((one, other) => one - other);
    const at = (share: number): string => seconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
    return `${kind}: work goes on after p50 ${at(0.5)}, p95 ${at(0.95)}, at most ${seconds(sorted.at(-1)!)} (${sorted.length} partitions)`;
  });
}

/** From when on others can go on with what was struck. */
function beginOf({ kind, atMs, forMs }: Struck): number {
  return kind === "stop-brokers" ? atMs + forMs : atMs;
}

/** Whether one fault is over before the other one can be felt. What is replaced in turn belongs together. */
function isApart(fault: Struck, other: Struck, quietMs: number): boolean {
  if (other === fault || (other.kind === fault.kind && fault.kind.startsWith("roll"))) return true;
  if (other.atMs > fault.atMs) return other.atMs - beginOf(fault) >= quietMs;
  return fault.atMs - other.atMs - other.forMs >= quietMs;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}

function counted(names: readonly string[]): string {
  return Array.from(
    Map.groupBy(names, (name) => name),
    ([name, all]) => `${all.length} ${name}`,
  ).join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
