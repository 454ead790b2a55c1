import {
  type ChannelLimits,
  LocalFirstWire,
  Ownership,
  type OwnershipEvent,
  type OwnershipLimits,
  partitionOf,
  type PartitionCounts,
  type PartitionHost,
  WireTransport,
} from "@orgtree/cluster";
import { type Address, type Clock, type Endpoint, JournalError, LeaseError, type Logger, type Random } from "@orgtree/core";
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
import { deskEndpoint, type DeskLimits } from "./desk.ts";
import { LeasedJournal } from "./leased-journal.ts";
import { LetterBook } from "./look/letter-book.ts";
import { serveNode } from "./look/node-service.ts";
import { Partition } from "./partition.ts";
import { Refusals } from "./refusals.ts";
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

/** Which endpoint has an address, in a namespace with these partitions. */
export function endpointsOf(partitions: PartitionCounts): (address: Address) => Endpoint {
  return (address) => deskEndpoint(address) ?? partitionOf(address, { partitions });
}

/** True for the endpoint of a partition: another process goes on with what is there. */
export function isPartition(partitions: PartitionCounts, endpoint: Endpoint): boolean {
  const at = endpoint.lastIndexOf("-");
  return Object.hasOwn(partitions, endpoint.slice(0, at)) && /^\d+$/.test(endpoint.slice(at + 1));
}

/** One process of a cluster that hosts its share of the partitions. */
export class ClusterNode implements PartitionHost, AsyncDisposable {
  readonly ownership: Ownership;
  readonly #options: ClusterNodeOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #wire: LocalFirstWire;
  readonly #natsWire: NatsWire;
  readonly #leases: NatsLeases;
  readonly #partitions = new Map<Endpoint, Partition>();
  /** The newest beginning of each partition. */
  readonly #beginnings = new Map<Endpoint, object>();
  readonly #letters = new LetterBook();
  readonly #refusals = new Refusals();
  readonly #transports = new Map<Endpoint, WireTransport>();
  readonly #stopNews = new Map<Endpoint, () => void>();
  readonly #left = Promise.withResolvers<void>();
  #service: MicroService | undefined;
  /** One service after the other. */
  #serving: Promise<void> = Promise.resolve();
  #isOver = false;

  private constructor(options: ClusterNodeOptions, leases: NatsLeases) {
    const { link, namespace, name, version, partitions, pools, logger } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#leases = leases;
    this.#natsWire = new NatsWire(link, { namespace });
    this.#wire = new LocalFirstWire(this.#natsWire, this.#clock);
    this.ownership = new Ownership({
      leases,
      clock: this.#clock,
      random: this.#random,
      logger,
      host: this,
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
        partitions: this.#partitions,
        letters: this.#letters,
        drain: () => void this.drain(),
      });
    } catch (error) {
      logger.warn({ node: this.ownership.node, error }, "nobody can look at this node");
    }
  }

  /** What this node hosts, by endpoint. */
  get partitions(): ReadonlyMap<Endpoint, Partition> {
    return this.#partitions;
  }

  /** What came and was not taken, and what this node was not allowed to do, counted by reason. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals.byReason;
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
    this.#natsWire.close();
    this.#leases.close();
    this.#left.resolve();
  }

  /** @internal For its ownership. */
  async begin(endpoint: Endpoint, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { link, name, namespace, replicas = 1, catalog, logger, partitions, channels, desk, journals } = this.#options;
    const { marks = join(tmpdir(), `orgtree-runs-${namespace}`) } = this.#options;
    const [clock, random] = [this.#clock, this.#random];
    // Opening it fences whoever has it: a process that was stopped right here, and replaced, must not.
    if (!this.ownership.mayBegin()) throw new LeaseError(namespace, `${endpoint} is not begun: the lease of this node does not hold`);
    // What is left of an earlier beginning of the same partition, here, has nothing to say any more.
    const beginning = {};
    this.#beginnings.set(endpoint, beginning);
    const isNewest = (): boolean => this.#beginnings.get(endpoint) === beginning;
    const whole = await openJetStreamJournal(link, { ...journals, name: journalName(namespace, endpoint), replicas });
    const fell = (error: unknown): void => {
      if (isNewest() && !signal.aborted) this.ownership.fell(endpoint, error);
    };
    let partition: Partition | undefined;
    try {
      signal.throwIfAborted();
      const transport = new WireTransport({
        wire: this.#wire,
        clock,
        random,
        logger,
        endpoint,
        endpointOf: endpointsOf(partitions),
        outlives: (at) => isPartition(partitions, at),
        epoch: whole.epoch,
        limits: channels,
      });
      const journal = new LeasedJournal(whole, {
        clock,
        holds: () => isNewest() && this.ownership.mayBegin(endpoint),
        ending: signal,
        // Nobody can store through it any more: it is to be opened again.
        failed: (error) => whole.over !== undefined && fell(error),
      });
      const fenced = (problem: string): void => fell(new JournalError(endpoint, problem));
      partition = await Partition.begin({
        endpoint,
        journal,
        transport,
        catalog,
        clock,
        random,
        logger,
        desk,
        fenced,
        marks,
        process: name,
        letters: this.#letters,
        violated: () => this.#refusals.add("role-violation"),
      });
      signal.throwIfAborted();
      this.#partitions.set(endpoint, partition);
      this.#transports.set(endpoint, transport);
      this.#refusals.begin(transport);
      this.#stopNews.set(
        endpoint,
        await serveNews(link, { namespace, endpoint, partition, holds: () => this.ownership.mayBegin(endpoint) }),
      );
    } catch (error) {
      // Where this took too long there may be another one by now.
      if (this.#partitions.get(endpoint) === partition) await this.end(endpoint);
      await partition?.end();
      await whole.close();
      throw error;
    }
  }

  /** @internal For its ownership. */
  async end(endpoint: Endpoint): Promise<void> {
    const partition = this.#partitions.get(endpoint);
    this.#partitions.delete(endpoint);
    this.#stopNews.get(endpoint)?.();
    this.#stopNews.delete(endpoint);
    const transport = this.#transports.get(endpoint);
    this.#transports.delete(endpoint);
    await partition?.end();
    if (transport !== undefined) this.#refusals.end(transport);
  }
}
