import { type Clock, LeaseError, type Leases } from "@orgtree/core";
import { ClusterError } from "./cluster-error.ts";
import type { PartitionCounts } from "./partition-of.ts";

const key = "meta";
const formatVersion = 1;
const pauseMs = 200;

interface NamespaceRecord {
  readonly version: number;
  readonly partitions: PartitionCounts;
}

/** The partitions of a namespace; undefined where nobody has made it. Rejects with `LeaseError`, and with `ClusterError` for another version. */
export async function readPartitions(leases: Pick<Leases, "read">): Promise<PartitionCounts | undefined> {
  const record = await leases.read(key);
  if (record === undefined) return undefined;
  const { version, partitions } = record.value as Partial<NamespaceRecord>;
  checkVersion(version);
  return partitions;
}

/** How to look at a namespace. */
export interface NamespaceParts {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly partitions: PartitionCounts;
  /** How long to wait for the leases. */
  readonly startMs: number;
}

/**
 * Looks whether a namespace is what this process takes it for; the first process of all makes it. Rejects with `ClusterError`: addresses
 * would be looked for in other partitions, or records be misread.
 */
export async function checkNamespace({ leases, clock, partitions, startMs }: NamespaceParts): Promise<void> {
  const untilMs = clock.nowMs() + startMs;
  for (;;) {
    try {
      const record = await leases.read(key);
      if (record !== undefined) return compare(record.value as Partial<NamespaceRecord>, partitions);
      // Whatever became of it, what is there then is what counts.
      await leases.put(key, { version: formatVersion, partitions } satisfies NamespaceRecord, 0);
    } catch (error) {
      if (!(error instanceof LeaseError)) throw error;
      if (!error.retryable || clock.nowMs() + pauseMs > untilMs) {
        throw new ClusterError("unavailable", `the namespace cannot be looked at within ${startMs} ms (${error.message})`, error);
      }
      await new Promise<void>((resolve) => void clock.setTimer(pauseMs, resolve));
    }
  }
}

function compare({ version, partitions }: Partial<NamespaceRecord>, own: PartitionCounts): void {
  checkVersion(version);
  comparePartitions(partitions ?? {}, own);
}

/** Throws `ClusterError` where a namespace has other partitions than a process takes it to have. */
export function comparePartitions(partitions: PartitionCounts, own: PartitionCounts): void {
  const [there, here] = [shown(partitions), shown(own)];
  if (there === here) return;
  throw new ClusterError(
    "partitions",
    `the namespace was made with the partitions { ${there} }, and this process has { ${here} }: give it the same, or name another namespace; their number cannot change`,
  );
}

function checkVersion(version: unknown): void {
  if (version === formatVersion) return;
  throw new ClusterError(
    "version",
    `the namespace has the format ${String(version)}, and this program knows ${formatVersion}: run the same version of orgtree everywhere, or name another namespace`,
  );
}

function shown(partitions: PartitionCounts): string {
  const pools = Object.entries(partitions).sort(([one], [other]) => (one < other ? -1 : 1));
  return pools.map(([pool, count]) => `${pool}: ${count}`).join(", ");
}
