import {
  type ChannelLimits,
  LocalFirstWire,
  Ownership,
  type OwnershipEvent,
  type OwnershipLimits,
  type PartitionCounts,
} from "@orgtree/cluster";
import type { Clock, Endpoint, Logger, Random } from "@orgtree/core";
import {
  type JetStreamJournalOptions,
  type MicroService,
  type NatsLeases,
  type NatsLink,
  NatsWire,
  openJetStreamJournal,
  openNatsLeases,
} from "@orgtree/nats";
import { systemClock, systemRandom } from "@orgtree/runtime";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Catalog } from "./catalog.ts";
import type { DeskLimits } from "./desk.ts";
import { Hosting } from "./hosting.ts";
import { serveNode } from "./look/node-service.ts";
import type { Partition } from "./partition.ts";
import { journalName } from "./scopes.ts";
import { serveNews } from "./serve-news.ts";

/** What a node of a cluster is made of. */
export interface ClusterNodeOptions {
  /** Stays open when the node is closed. */
  readonly link: NatsLink;
  /** All nodes of a cluster name the same. */
  readonly namespace: string;
  /** What people call this node. */
  readonly name: string;
  readonly version: string;
  readonly catalog: Catalog;
  readonly partitions: PartitionCounts;
  readonly pools?: readonly string[] | undefined;
  /** On how many servers journals and leases are kept. Default 1. */
  readonly replicas?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger: Logger;
  readonly channels?: Partial<ChannelLimits> | undefined;
  readonly ownership?: Partial<OwnershipLimits> | undefined;
  readonly desk?: Partial<DeskLimits> | undefined;
  /** How long the journals wait for their servers. */
  readonly journals?: Pick<JetStreamJournalOptions, "answerMs" | "outageMs"> | undefined;
  /** A directory that all nodes share: the private copies of runs on repositories are kept while their marks are there. Default: in the system's temporary one. */
  readonly marks?: string | undefined;
}

/** One process of a cluster that hosts its share of the partitions. */
export class ClusterNode implements AsyncDisposable {
  readonly ownership: Ownership;
  readonly #options: ClusterNodeOptions;
  readonly #clock: Clock;
  readonly #wire: NatsWire;
  readonly #leases: NatsLeases;
  readonly #hosting: Hosting;
  readonly #left = Promise.withResolvers<void>();
  #service: MicroService | undefined;
  /** One service after the other. */
  #serving: Promise<void> = Promise.resolve();
  #isOver = false;

  private constructor(options: ClusterNodeOptions, leases: NatsLeases) {
    const { link, namespace, name, version, partitions, pools, logger, replicas = 1, catalog, channels, desk, journals } = options;
    const { clock = systemClock, random = systemRandom, marks = join(tmpdir(), `orgtree-runs-${namespace}`) } = options;
    this.#options = options;
    this.#clock = clock;
    this.#leases = leases;
    this.#wire = new NatsWire(link, { namespace });
    this.#hosting = new Hosting({
      namespace,
      name,
      catalog,
      partitions,
      wire: new LocalFirstWire(this.#wire, clock),
      clock,
      random,
      logger,
      marks,
      channels,
      desk,
      leaseholder: () => this.ownership,
      openJournal: (endpoint) => openJetStreamJournal(link, { ...journals, name: journalName(namespace, endpoint), replicas }),
      serveNews: (endpoint, partition) =>
        serveNews(link, { namespace, endpoint, partition, holds: () => this.ownership.mayBegin(endpoint) }),
    });
    this.ownership = new Ownership({
      leases,
      clock,
      random,
      logger,
      host: this.#hosting,
      name,
      partitions,
      pools,
      facts: { host: hostname(), pid: process.pid, version },
      limits: options.ownership,
    });
  }

  /** Joins the cluster; partitions come by and by. Rejects with `ClusterError`, `LeaseError`, `SpecError`. */
  static async start(options: ClusterNodeOptions): Promise<ClusterNode> {
    const { link, namespace, replicas = 1 } = options;
    const leases = await openNatsLeases(link, { namespace, replicas });
    const node = new ClusterNode(options, leases);
    node.ownership.listen(({ type }) => {
      // Who was found dead comes back under a new name.
      if (type === "joined") node.#serving = node.#serving.then(() => node.#serve());
    });
    await node.ownership.start();
    return node;
  }

  /** Resolves when it has left the cluster, whoever asked it to. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Answers those who look after it. Nothing that it hosts depends on that. */
  async #serve(): Promise<void> {
    const { link, namespace, name, version, logger } = this.#options;
    if (this.#isOver) return;
    try {
      await this.#service?.stop();
      this.#service = await serveNode(link, {
        namespace,
        name,
        version,
        node: this.ownership.node,
        clock: this.#clock,
        hosting: this.#hosting,
        drain: () => void this.drain(),
      });
    } catch (error) {
      logger.warn({ node: this.ownership.node, error }, "nobody can look at this node");
    }
  }

  /** What this node hosts, by endpoint. */
  get partitions(): ReadonlyMap<Endpoint, Partition> {
    return this.#hosting.partitions;
  }

  /** What came and was not taken, and what this node was not allowed to do, counted by reason. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#hosting.refusals;
  }

  listen(listener: (event: OwnershipEvent) => void): () => void {
    return this.ownership.listen(listener);
  }

  /** Hands over what it hosts, in order, and leaves. */
  async drain(): Promise<void> {
    await this.ownership.drain();
    await this.#release();
  }

  /** Ends what it hosts at once, and leaves. */
  async close(): Promise<void> {
    await this.ownership.close();
    await this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    this.#isOver = true;
    await this.#serving;
    await this.#service?.stop();
    this.#wire.close();
    this.#leases.close();
    this.#left.resolve();
  }
}
