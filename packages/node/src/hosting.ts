import { type BeginOptions, type ChannelLimits, type PartitionCounts, type PartitionHost, WireTransport } from "@orgtree/cluster";
import { type Clock, type Endpoint, type Journal, JournalError, LeaseError, type Logger, type Random, type Wire } from "@orgtree/core";
import type { Catalog } from "./catalog.ts";
import type { DeskLimits } from "./desk.ts";
import { endpointsOf, isPartition } from "./endpoints.ts";
import { LeasedJournal } from "./leased-journal.ts";
import { LetterBook } from "./look/letter-book.ts";
import { Partition } from "./partition.ts";
import { Refusals } from "./refusals.ts";

/** What decides what a node hosts, as far as it is asked. */
export interface Leaseholder {
  /** Whether something new may begin: in a partition, or at all. */
  mayBegin(partition?: Endpoint): boolean;
  /** A partition cannot go on here. */
  fell(partition: Endpoint, error: unknown): void;
}

/** A journal that is opened for a partition. */
export interface OpenedJournal extends Journal {
  /** Why nothing more can be stored through this opening; it has to be opened again then. */
  readonly over?: Error | undefined;
}

/** What hosting partitions needs. */
export interface HostingParts {
  readonly namespace: string;
  /** What people call this process. */
  readonly name: string;
  readonly catalog: Catalog;
  readonly partitions: PartitionCounts;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly marks: string;
  readonly channels?: Partial<ChannelLimits> | undefined;
  readonly desk?: Partial<DeskLimits> | undefined;
  readonly leaseholder: () => Leaseholder;
  /** Opens the journal of a partition for writing, which fences whoever has it. */
  readonly openJournal: (endpoint: Endpoint) => Promise<OpenedJournal>;
  /** Has others ask a partition for its news, until the function that it gives back is called. */
  readonly serveNews: (endpoint: Endpoint, partition: Partition) => Promise<() => void>;
}

/** What a beginning of a partition knows of itself. */
interface Beginning {
  readonly signal: AbortSignal;
  readonly isNewest: () => boolean;
}

/** A partition that is hosted here. */
interface Hosted {
  readonly partition: Partition;
  readonly transport: WireTransport;
  stopNews: () => void;
}

/** What a process hosts of a namespace: begins and ends partitions as it is told, each with its journal under the lease. */
export class Hosting implements PartitionHost {
  readonly letters = new LetterBook();
  readonly #parts: HostingParts;
  readonly #hosted = new Map<Endpoint, Hosted>();
  readonly #refusals = new Refusals();
  /** The newest beginning of each partition. */
  readonly #beginnings = new Map<Endpoint, object>();

  constructor(parts: HostingParts) {
    this.#parts = parts;
  }

  /** What is hosted here, by endpoint. */
  get partitions(): ReadonlyMap<Endpoint, Partition> {
    return new Map(Array.from(this.#hosted, ([endpoint, { partition }]) => [endpoint, partition]));
  }

  /** What came and was not taken, and what this process was not allowed to do, counted by reason. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals.byReason;
  }

  async begin(endpoint: Endpoint, { signal }: Pick<BeginOptions, "signal">): Promise<void> {
    const { namespace, openJournal, serveNews, leaseholder } = this.#parts;
    // Opening it fences whoever has it: a process that was stopped right here, and replaced, must not.
    if (!leaseholder().mayBegin()) throw new LeaseError(namespace, `${endpoint} is not begun: the lease of this node does not hold`);
    // What is left of an earlier beginning of the same partition, here, has nothing to say any more.
    const beginning = {};
    this.#beginnings.set(endpoint, beginning);
    const isNewest = (): boolean => this.#beginnings.get(endpoint) === beginning;
    const journal = await openJournal(endpoint);
    let hosted: Hosted | undefined;
    try {
      signal.throwIfAborted();
      hosted = await this.#beginPartition(endpoint, journal, { signal, isNewest });
      signal.throwIfAborted();
      this.#hosted.set(endpoint, hosted);
      this.#refusals.begin(hosted.transport);
      const stopNews = await serveNews(endpoint, hosted.partition);
      if (this.#hosted.get(endpoint) !== hosted) stopNews();
      hosted.stopNews = stopNews;
    } catch (error) {
      // Where this took too long there may be another one by now.
      if (this.#hosted.get(endpoint) === hosted) await this.end(endpoint);
      await hosted?.partition.end();
      await journal.close();
      throw error;
    }
  }

  async #beginPartition(endpoint: Endpoint, whole: OpenedJournal, { signal, isNewest }: Beginning): Promise<Hosted> {
    const { catalog, partitions, wire, clock, random, logger, channels, desk, marks, name, leaseholder } = this.#parts;
    const transport = new WireTransport({
      wire,
      clock,
      random,
      logger,
      endpoint,
      endpointOf: endpointsOf(partitions),
      outlives: (at) => isPartition(partitions, at),
      epoch: whole.epoch,
      limits: channels,
    });
    const fell = (error: unknown): void => {
      if (isNewest() && !signal.aborted) leaseholder().fell(endpoint, error);
    };
    const journal = new LeasedJournal(whole, {
      clock,
      holds: () => isNewest() && leaseholder().mayBegin(endpoint),
      ending: signal,
      // Nobody can store through it any more: it is to be opened again.
      failed: (error) => whole.over !== undefined && fell(error),
    });
    const partition = await Partition.begin({
      endpoint,
      journal,
      transport,
      catalog,
      clock,
      random,
      logger,
      desk,
      marks,
      process: name,
      letters: this.letters,
      fell: (problem) => fell(new JournalError(endpoint, problem)),
      violated: () => this.#refusals.add("role-violation"),
    });
    return { partition, transport, stopNews: () => undefined };
  }

  async end(endpoint: Endpoint): Promise<void> {
    const hosted = this.#hosted.get(endpoint);
    this.#hosted.delete(endpoint);
    if (hosted === undefined) return;
    hosted.stopNews();
    await hosted.partition.end();
    this.#refusals.end(hosted.transport);
  }
}
