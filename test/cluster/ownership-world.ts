import {
  type BeginOptions,
  type MemoryLeases,
  MemoryLeaseStore,
  Ownership,
  type OwnershipEvent,
  type OwnershipOptions,
  type PartitionHost,
} from "@orgtree/cluster";
import type { Clock, Endpoint, Random } from "@orgtree/core";
import { VirtualClock } from "@orgtree/runtime";
import { NodeClock } from "./node-clock.ts";
import { seededRandom, silent } from "./post.ts";

/** What hosts partitions in a test: takes its time to begin and to end, and sometimes fails. */
class TrialHost implements PartitionHost {
  /** What runs here, and under which epoch: from when it is to begin until its end is over. */
  readonly running = new Map<Endpoint, number>();
  /** What works. */
  readonly working = new Set<Endpoint>();
  readonly #parts: { readonly clock: Clock; readonly random: Random; readonly begins: (partition: Endpoint, epoch: number) => void };
  mostMs = 0;
  failing = 0;
  /** Ends in their order, and others. */
  readonly ends = { inOrder: 0, atOnce: 0 };

  constructor(parts: { readonly clock: Clock; readonly random: Random; readonly begins: (partition: Endpoint, epoch: number) => void }) {
    this.#parts = parts;
  }

  async begin(partition: Endpoint, { epoch, signal }: BeginOptions): Promise<void> {
    if (this.running.has(partition)) throw new Error(`${partition} runs already`);
    this.#parts.begins(partition, epoch);
    this.running.set(partition, epoch);
    await this.#pause();
    if (signal.aborted) return;
    if (this.#parts.random.next() < this.failing) {
      this.running.delete(partition);
      throw new Error("its journal cannot be read");
    }
    this.working.add(partition);
  }

  async end(partition: Endpoint, { inOrder }: { readonly inOrder: boolean }): Promise<void> {
    this.ends[inOrder ? "inOrder" : "atOnce"]++;
    this.working.delete(partition);
    if (inOrder) await this.#pause();
    this.running.delete(partition);
  }

  #pause(): Promise<void> {
    const ms = this.mostMs * this.#parts.random.next();
    return new Promise((resolve) => void this.#parts.clock.setTimer(ms, resolve));
  }
}

/** A node of the world. */
export interface TrialNode {
  readonly name: string;
  readonly clock: NodeClock;
  readonly leases: MemoryLeases;
  readonly host: TrialHost;
  readonly ownership: Ownership;
  readonly events: OwnershipEvent[];
  readonly started: Promise<unknown>;
  /** It was killed, or has left. */
  isGone: boolean;
}

interface WorldOptions {
  readonly seed?: number;
  readonly partitions?: Readonly<Record<string, number>>;
  readonly limits?: OwnershipOptions["limits"];
  readonly answerMs?: number;
}

/** Nodes that share leases, each on a clock of its own, in one process; and what must be true of them at any time. */
export class OwnershipWorld {
  readonly truth = new VirtualClock();
  readonly store: MemoryLeaseStore;
  readonly random: Random;
  readonly nodes: TrialNode[] = [];
  readonly partitions: Readonly<Record<string, number>>;
  readonly broken: string[] = [];
  readonly #epochs = new Map<Endpoint, number>();
  readonly #limits: OwnershipOptions["limits"];

  constructor({ seed = 1, partitions = { main: 4 }, limits = {}, answerMs = 1_000 }: WorldOptions = {}) {
    this.random = seededRandom(seed);
    this.partitions = partitions;
    this.#limits = limits;
    this.store = new MemoryLeaseStore({ clock: this.truth, passage: () => ({ thereMs: 1, backMs: 1 }), answerMs });
  }

  join({
    rate = 1,
    pools,
    mostMs = 0,
    failing = 0,
  }: { rate?: number; pools?: readonly string[]; mostMs?: number; failing?: number } = {}): TrialNode {
    const name = `n${this.nodes.length + 1}`;
    const clock = new NodeClock(this.truth, { rate, offsetMs: Math.floor(this.random.next() * 1e6) });
    const leases = this.store.connect(name, clock);
    const random = seededRandom(Math.floor(this.random.next() * 2 ** 32));
    const host = new TrialHost({ clock, random, begins: (partition, epoch) => this.#begins(name, partition, epoch) });
    Object.assign(host, { mostMs, failing });
    const ownership = new Ownership({
      leases,
      clock,
      random,
      logger: silent,
      host,
      name,
      partitions: this.partitions,
      pools,
      facts: { host: "here", pid: 1, version: "1" },
      limits: this.#limits,
    });
    const events: OwnershipEvent[] = [];
    ownership.listen((event) => void events.push(event));
    const started = ownership.start().catch((error: unknown) => error);
    const node = { name, clock, leases, host, ownership, events, started, isGone: false };
    this.nodes.push(node);
    // Who could not join in time has gone again.
    void started.then((error) => (node.isGone ||= error !== undefined));
    return node;
  }

  get present(): readonly TrialNode[] {
    return this.nodes.filter(({ isGone }) => !isGone);
  }

  kill(node: TrialNode): void {
    node.clock.stop();
    node.leases.cut();
    node.isGone = true;
  }

  /** Time goes on, and is looked at closely. */
  async pass(ms: number, stepMs = 25): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      await this.truth.advance(Math.min(stepMs, left));
      this.#look();
    }
  }

  /** Who works in a partition. */
  hostsOf(partition: Endpoint): readonly string[] {
    return this.present
      .filter(({ host, ownership }) => host.working.has(partition) && ownership.mayBegin(partition))
      .map(({ name }) => name);
  }

  get endpoints(): readonly Endpoint[] {
    return Object.entries(this.partitions).flatMap(([pool, count]) => Array.from({ length: count }, (_, n) => `${pool}-${n}`));
  }

  /** How many partitions each present node works in. */
  get loads(): readonly number[] {
    return this.present.map(({ name }) => this.endpoints.filter((partition) => this.hostsOf(partition).includes(name)).length);
  }

  #look(): void {
    for (const partition of this.endpoints) {
      // A node that is stopped or was killed may go on at any moment, for all that its own clock says.
      const may = this.nodes.filter(({ ownership }) => ownership.mayBegin(partition));
      if (may.length > 1) this.#break(`${may.map(({ name }) => name).join(" and ")} may both begin something in ${partition}`);
    }
  }

  #begins(name: string, partition: Endpoint, epoch: number): void {
    if ((this.#epochs.get(partition) ?? 0) >= epoch) this.#break(`${name} begins ${partition} under the epoch ${epoch}, which is old`);
    this.#epochs.set(partition, epoch);
    for (const other of this.nodes) {
      if (other.name === name || !other.host.running.has(partition) || this.#isBuried(other)) continue;
      this.#break(`${name} begins ${partition} while ${other.name} has not ended it`);
    }
  }

  #isBuried({ name, ownership }: TrialNode): boolean {
    // A grave of a name that it had before is one too: what ran under it may still be ending.
    const graves = this.store.records.filter(
      ({ key, value }) => key.startsWith(`node.${name}-`) && (value as { state: string }).state === "buried",
    );
    return graves.length > 0 || this.store.read(`node.${ownership.node}`) === undefined;
  }

  #break(problem: string): void {
    this.broken.push(`at ${this.truth.nowMs()} ms: ${problem}`);
  }
}
