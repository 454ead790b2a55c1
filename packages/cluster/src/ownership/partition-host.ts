import type { Endpoint } from "@orgtree/core";

/** The port of what hosts partitions: for each one that is begun, a system with its journal and its transport. */
export interface PartitionHost {
  /**
   * Begins to host a partition, which is owned under this epoch; resolves when it works. It may take long, since its journal is read. When
   * `signal` aborts it is not wanted any more. What rejects leaves nothing behind, and is tried again later, under a new epoch.
   *
   * Whoever is stopped for long right here may have been replaced meanwhile: look at `mayBegin` before the journal is opened.
   */
  begin(partition: Endpoint, options: BeginOptions): Promise<void>;
  /**
   * Ends a partition, whose beginning is over, or was aborted and takes too long. `inOrder`: finishes turns, stores what they did, closes. Otherwise at once: another node may
   * have it already. It is called without order when it took too long in order. Nothing of it may run when it resolves.
   */
  end(partition: Endpoint, options: { readonly inOrder: boolean }): Promise<void>;
}

/** How a partition begins. */
export interface BeginOptions {
  /** Greater each time that the partition is begun, here or elsewhere. */
  readonly epoch: number;
  readonly signal: AbortSignal;
}
