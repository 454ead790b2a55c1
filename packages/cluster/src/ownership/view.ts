import type { Endpoint, LeaseEvent, LeaseRecord } from "@orgtree/core";
import { type NodeLease, nodeKey, partitionKey, type PartitionLease, readNode, readPartition, subjectOf } from "./records.ts";

/** A node as another one sees it. */
export interface SeenNode {
  readonly id: string;
  readonly revision: number;
  readonly lease: NodeLease;
  /** When this revision was seen first, on the clock of who sees it. */
  readonly seenAtMs: number;
  /** For how long since then nothing new was seen, while what is new would have been stored. */
  readonly silentMs: number;
}

/** A partition as a node sees it. */
export interface SeenPartition extends PartitionLease {
  readonly revision: number;
}

/**
 * What a node knows of the records: from its watch, and from what it reads and stores itself; the newest revision counts. It may be old:
 * whatever is decided by it is done by compare-and-set.
 */
export class View {
  readonly nodes = new Map<string, SeenNode>();
  readonly partitions = new Map<Endpoint, SeenPartition>();
  #isComplete = false;
  /** What was known when the watch began anew, and of which it has not spoken since: keys and revisions. */
  #untold = new Map<string, number>();

  /** Whether all records have been seen once. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  hear(event: LeaseEvent, nowMs: number): void {
    switch (event.type) {
      case "stored":
        this.#untold.delete(event.record.key);
        return this.take(event.record, nowMs);
      case "removed":
        return this.drop(event.key, event.revision);
      case "lost":
        for (const { id, revision } of this.nodes.values()) this.#untold.set(nodeKey(id), revision);
        for (const [endpoint, { revision }] of this.partitions) this.#untold.set(partitionKey(endpoint), revision);
        return undefined;
      case "complete":
        // What was stored since then by this node itself stays: the watch will speak of it.
        for (const [key, revision] of this.#untold) this.drop(key, revision + 1);
        this.#untold.clear();
        this.#isComplete = true;
        return undefined;
      default:
        return event satisfies never;
    }
  }

  take({ key, revision, value }: LeaseRecord, nowMs: number): void {
    const subject = subjectOf(key);
    if (subject?.type === "node") {
      if ((this.nodes.get(subject.id)?.revision ?? 0) >= revision) return;
      this.nodes.set(subject.id, { id: subject.id, revision, lease: readNode(value), seenAtMs: nowMs, silentMs: 0 });
    } else if (subject?.type === "partition") {
      if ((this.partitions.get(subject.endpoint)?.revision ?? 0) >= revision) return;
      this.partitions.set(subject.endpoint, { ...readPartition(value), revision });
    }
  }

  /** A record is gone since `revision`. */
  drop(key: string, revision: number): void {
    const subject = subjectOf(key);
    if (subject?.type === "node" && (this.nodes.get(subject.id)?.revision ?? 0) < revision) this.nodes.delete(subject.id);
    if (subject?.type === "partition" && (this.partitions.get(subject.endpoint)?.revision ?? 0) < revision)
      this.partitions.delete(subject.endpoint);
  }

  /** From one moment to another everybody could renew, as far as this node can tell: who was not heard of was silent. */
  prove(fromMs: number, toMs: number): void {
    for (const node of this.nodes.values()) {
      const silentMs = node.silentMs + Math.max(0, toMs - Math.max(fromMs, node.seenAtMs));
      this.nodes.set(node.id, { ...node, silentMs });
    }
  }
}
