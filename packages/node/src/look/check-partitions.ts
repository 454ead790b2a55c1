import { comparePartitions, type PartitionCounts } from "@orgtree/cluster";
import { LeaseError, type Logger } from "@orgtree/core";
import { findNatsLeases, type NatsLink } from "@orgtree/nats";

/** What somebody takes a namespace for. */
export interface SupposedNamespace {
  readonly namespace: string;
  readonly partitions: PartitionCounts;
  readonly logger: Logger;
}

/** How long the servers may take, in milliseconds: whoever serves others does not wait for it. */
const answerMs = 2_000;

/**
 * Looks whether the namespace was made with these partitions; where it cannot be looked at just now, or by this user, that is logged, and taken to be
 * so. Rejects with `ClusterError` where it was not: jobs would be looked for where they are not.
 */
export async function checkNamespacePartitions(link: NatsLink, { namespace, partitions, logger }: SupposedNamespace): Promise<void> {
  try {
    const leases = await findNatsLeases(link, { namespace, answerMs, outageMs: answerMs });
    if (leases === undefined) return;
    try {
      await comparePartitions(leases, partitions);
    } finally {
      leases.close();
    }
  } catch (error) {
    if (!(error instanceof LeaseError)) throw error;
    logger.warn({ namespace, problem: error.message }, "whether the partitions are those of the namespace is not known");
  }
}
