import { comparePartitions, type PartitionCounts, readPartitions } from "@orgtree/cluster";
import { LeaseError, type Logger } from "@orgtree/core";
import { findNatsLeases, type NatsLink } from "@orgtree/nats";

/** How long to look, in milliseconds: a gateway may be up before the servers lead anything. */
const lookMs = 1_000;

/**
 * Looks whether a namespace that is there has the partitions that this gateway takes it to have: it would look for jobs where they are not.
 * Rejects with `ClusterError`. Where it cannot look that is logged: nodes may be about to make it.
 */
export async function checkNamespace(
  link: NatsLink,
  { namespace, partitions }: { readonly namespace: string; readonly partitions: PartitionCounts },
  logger: Pick<Logger, "warn">,
): Promise<void> {
  try {
    const leases = await findNatsLeases(link, { namespace, answerMs: lookMs, outageMs: lookMs });
    const there = leases === undefined ? undefined : await readPartitions(leases).finally(() => leases.close());
    if (there !== undefined) comparePartitions(there, partitions);
  } catch (error) {
    if (!(error instanceof LeaseError)) throw error;
    logger.warn({ namespace, problem: error.message }, "the partitions of the namespace cannot be looked at");
  }
}
