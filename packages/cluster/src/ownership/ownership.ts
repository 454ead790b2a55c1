import { type Clock, type Endpoint, type LeaseEvent, type Leases, type Logger, type Random, SpecError } from "@orgtree/core";
import { ClusterError } from "./cluster-error.ts";
import { inTime } from "./deadline.ts";
import { type Action, decide, type EndReason, isDead, type Situation } from "./decide.ts";
import { HeldPartition } from "./held-partition.ts";
import { type OwnershipLimits, ownershipLimits, retryOf } from "./limits.ts";
import { Membership } from "./membership.ts";
import { checkNamespace } from "./namespace-record.ts";
import type { PartitionHost } from "./partition-host.ts";
import { checkPartitions, defaultPartitions, listPartitions, mainPool, type Partition, type PartitionCounts } from "./partition-of.ts";
import { type NodeFacts, type NodeLease, nodeKey, partitionKey, type PartitionLease } from "./records.ts";
import { RecordChanges } from "./record-changes.ts";
import { View } from "./view.ts";

/** What ownership needs. */
export interface OwnershipOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly host: PartitionHost;
  /** What the node is called: 1 to 40 letters, digits, `_` and `-`. Something random is added each time that it joins. */
  readonly name: string;
  /** The pools of the namespace; the same at all nodes. Default `{ main: 16 }`. */
  readonly partitions?: PartitionCounts | undefined;
  /** Those that this node hosts. Default `main`. */
  readonly pools?: readonly string[] | undefined;
  readonly facts: NodeFacts;
  readonly limits?: Partial<OwnershipLimits> | undefined;
}

/** What happens to a node and its partitions. */
export type OwnershipEvent =
  /** It takes part, under this name. */
  | { readonly type: "joined"; readonly node: string }
  /** Others found it dead. It ends what it has, and joins again under a new name. */
  | { readonly type: "buried"; readonly node: string }
  /** It found another node dead. */
  | { readonly type: "buries"; readonly node: string }
  | { readonly type: "claimed"; readonly partition: Endpoint; readonly epoch: number }
  | { readonly type: "begun"; readonly partition: Endpoint; readonly epoch: number }
  | { readonly type: "ends"; readonly partition: Endpoint; readonly why: EndReason }
  | { readonly type: "ended"; readonly partition: Endpoint }
  | { readonly type: "released"; readonly partition: Endpoint; readonly next: string | undefined }
  /** It could not begin or end, or has fallen. It is tried again. */
  | { readonly type: "failed"; readonly partition: Endpoint; readonly problem: string };

/**
 * Which partitions this node hosts: joins the others, takes its share, and hands over what another one is to have. Nobody leads; each node
 * decides for itself (`decide`), and the records are changed by compare-and-set.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #limits: OwnershipLimits;
  readonly #partitions: readonly Partition[];
  readonly #pools: readonly string[];
  readonly #counts: PartitionCounts;
  readonly #held: ReadonlyMap<Endpoint, HeldPartition>;
  readonly #view = new View();
  readonly #changes: RecordChanges;
  readonly #listeners = new Set<(event: OwnershipEvent) => void>();
  /** Keys of nodes that are being buried or forgotten, and when that may be tried again. */
  readonly #digging = new Map<string, number>();
  #membership: Membership;
  #hasJoined = false;
  #leaving: "drained" | "closed" | undefined;
  #left: Promise<void> | undefined;
  /** Until when who leaves tries to say so, on the monotonic clock. */
  #tellUntilMs = Infinity;
  #isOver = false;
  #isDeciding = false;
  #cancelTimer: (() => void) | undefined;
  #stopWatch: (() => void) | undefined;
  #changed = Promise.withResolvers<void>();

  /** Throws `SpecError` for a name, pools or limits that are none. */
  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#limits = ownershipLimits(options.limits);
    this.#counts = checkPartitions(options.partitions ?? defaultPartitions);
    this.#pools = options.pools ?? [mainPool];
    if (!/^[A-Za-z0-9_-]{1,40}$/.test(options.name)) throw new SpecError("name", `1 to 40 letters, digits, _ and -, not "${options.name}"`);
    for (const pool of this.#pools) {
      if (!Object.hasOwn(this.#counts, pool)) throw new SpecError("pools", `one of ${Object.keys(this.#counts).join(", ")}, not ${pool}`);
    }
    this.#partitions = listPartitions(this.#counts, this.#pools);
    const { clock, host, leases, logger } = options;
    this.#changes = new RecordChanges({ leases, clock, logger, view: this.#view, name: () => this.node });
    const parts = {
      clock,
      host,
      limits: this.#limits,
      changed: () => this.#decideSoon(),
      failed: (partition: Endpoint, error: unknown) => this.#failed(partition, error),
      begun: (partition: Endpoint, epoch: number) => this.#tell({ type: "begun", partition, epoch }),
    };
    this.#held = new Map(this.#partitions.map(({ endpoint }) => [endpoint, new HeldPartition(endpoint, parts)]));
    this.#membership = this.#newMembership();
  }

  /** What this node is called now. */
  get node(): string {
    return this.#membership.id;
  }

  /** Joins the others. Rejects with `ClusterError` when the namespace is another one, or the leases cannot be reached. */
  async start(): Promise<void> {
    const { leases, clock } = this.#options;
    const { startMs } = this.#limits;
    const untilMs = clock.nowMs() + startMs;
    await checkNamespace({ leases, clock, partitions: this.#counts, startMs });
    this.#stopWatch = leases.watch((event) => this.#hear(event));
    this.#decideSoon();
    while (!this.#hasJoined && !this.#isOver && clock.nowMs() < untilMs) await this.#change(untilMs);
    if (this.#hasJoined) return;
    if (this.#leaving !== undefined)
      throw new ClusterError("unavailable", "this node was told to leave before it had joined: start another one");
    this.#end();
    throw new ClusterError(
      "unavailable",
      `the leases did not take this node within ${startMs} ms: look at the servers and at its permissions`,
    );
  }

  /**
   * Whether an effect may begin now: in a partition, or at all. True at one node at most. What began before may still go on, and what it
   * stores is refused where another node has begun the partition.
   */
  mayBegin(partition?: Endpoint): boolean {
    if (this.#isOver || !this.#membership.isCurrent) return false;
    return partition === undefined || this.#held.get(partition)?.mayWork === true;
  }

  /** The partition does not work any more, though it was not ended here: it is begun again, with pauses that grow. */
  fell(partition: Endpoint, error: unknown): void {
    void this.#held.get(partition)?.fell(error);
  }

  /** Takes nothing more, hands over what it has, in order, and leaves. Resolves when nothing of it runs here. A second call waits for the first. */
  drain(): Promise<void> {
    return this.#leave("drained");
  }

  /** As `drain`, but ends at once what it has; where nobody can be told of it, it goes after a lease. */
  close(): Promise<void> {
    return this.#leave("closed");
  }

  /** Who hosts what, as this node sees it. */
  owners(): ReadonlyMap<Endpoint, string> {
    return new Map(Array.from(this.#view.partitions).flatMap(([endpoint, { node }]) => (node === undefined ? [] : [[endpoint, node]])));
  }

  /** Who takes part, as this node sees it. */
  nodes(): ReadonlyMap<string, NodeLease> {
    const there = Array.from(this.#view.nodes.values()).filter(
      (node) => node.lease.state !== "buried" && !isDead(node, this.#limits.leaseMs),
    );
    return new Map(there.map(({ id, lease }) => [id, lease]));
  }

  /** Hears what happens, until the returned function is called. */
  listen(listener: (event: OwnershipEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #leave(how: "drained" | "closed"): Promise<void> {
    // What is closed while it drains does not wait for order any more.
    if (this.#leaving !== "closed") this.#leaving = how;
    const { clock } = this.#options;
    const { drainMs, leaseMs } = this.#limits;
    // By then others know without being told.
    this.#tellUntilMs = Math.min(this.#tellUntilMs, clock.nowMs() + (how === "closed" ? Math.min(leaseMs, drainMs) : drainMs));
    this.#left ??= this.#goAway();
    this.#decideSoon();
    return this.#left;
  }

  async #goAway(): Promise<void> {
    const { clock, logger } = this.#options;
    const untilMs = clock.nowMs() + this.#limits.drainMs;
    this.#membership.isDraining = this.#membership.isUrgent = true;
    const maySay = (): boolean => this.#isRecorded() && clock.nowMs() < this.#tellUntilMs;
    while (!this.#isOver && (this.#isRunning() || maySay()) && clock.nowMs() < untilMs)
      await this.#change(this.#isRunning() ? untilMs : this.#tellUntilMs);
    if (this.#isRunning() || this.#isRecorded()) {
      logger.warn({ node: this.node }, "what this node had was not handed over in time: others take it when its lease has ended");
      this.#leaving = "closed";
      await Promise.all(Array.from(this.#held.values()).flatMap((held) => (held.phase === "hosting" ? [held.end(false)] : [])));
    }
    while (!(await this.#membership.leave()) && clock.nowMs() < this.#tellUntilMs) await this.#pause(retryOf(this.#limits));
    this.#end();
  }

  /** Whether a partition runs here, … */
  #isRunning(): boolean {
    return Array.from(this.#held.values()).some(({ phase }) => phase !== "idle");
  }

  /** … or the record of one says so. */
  #isRecorded(): boolean {
    if (this.#membership.isBuried) return false;
    return Array.from(this.#held.keys()).some((endpoint) => this.#view.partitions.get(endpoint)?.node === this.node);
  }

  #end(): void {
    this.#isOver = true;
    this.#stopWatch?.();
    this.#cancelTimer?.();
    this.#settle();
  }

  #hear(event: LeaseEvent): void {
    this.#view.hear(event, this.#options.clock.nowMs());
    this.#membership.notice();
    this.#decideSoon();
  }

  #decideSoon(): void {
    if (this.#isDeciding || this.#isOver) return;
    this.#isDeciding = true;
    this.#options.clock.defer(() => {
      this.#isDeciding = false;
      if (!this.#isOver) this.#decide();
    });
  }

  #decide(): void {
    const { clock } = this.#options;
    this.#settle();
    if (this.#membership.isBuried) this.#riseAgain();
    if (this.#membership.dueMs <= clock.nowMs() && this.#view.isComplete) void this.#renew();
    if (this.#hasJoined) for (const action of decide(this.#situation(), clock.nowMs())) this.#do(action);
    this.#arm();
  }

  /** Others have buried it: when nothing runs any more of what it had, it joins under a new name, and not before: its lease would cover that. */
  #riseAgain(): void {
    if (this.#hasJoined) {
      this.#hasJoined = false;
      this.#options.logger.warn({ node: this.node }, "others found this node dead: it ends what it has");
      this.#tell({ type: "buried", node: this.node });
      for (const held of this.#held.values()) if (held.phase === "hosting") this.#endPartition(held, { why: "buried", inOrder: false });
    }
    if (this.#leaving !== undefined || Array.from(this.#held.values()).some(({ phase }) => phase !== "idle")) return;
    this.#membership = this.#newMembership();
  }

  async #renew(): Promise<void> {
    const membership = this.#membership;
    await membership.renew();
    if (this.#isOver) return;
    if (membership.hasJoined && !this.#hasJoined) {
      this.#hasJoined = true;
      this.#tell({ type: "joined", node: membership.id });
    }
    this.#decideSoon();
  }

  #situation(): Situation {
    return {
      me: this.node,
      standing: this.#standing(),
      view: this.#view,
      partitions: this.#partitions,
      holding: (partition) => this.#held.get(partition)!,
      leaseMs: this.#limits.leaseMs,
    };
  }

  #standing(): Situation["standing"] {
    if (this.#membership.isBuried) return "buried";
    if (this.#leaving !== undefined) return this.#leaving;
    if (this.#membership.isCurrent) return "member";
    return this.#membership.aloneMs >= this.#limits.giveUpMs ? "alone" : "suspended";
  }

  #do(action: Action): void {
    switch (action.type) {
      case "bury":
      case "forget":
        return void this.#dig(action);
      case "begin":
        return this.#begin(action.partition, action.epoch);
      case "claim":
        return void this.#claim(action);
      case "end":
        return this.#endPartition(this.#held.get(action.partition)!, action);
      case "release":
        return void this.#release(action);
      default:
        return action satisfies never;
    }
  }

  async #claim({ partition, revision }: Extract<Action, { type: "claim" }>): Promise<void> {
    const value: PartitionLease = { node: this.node };
    await this.#held.get(partition)!.whileBusy(() => this.#changes.store(partitionKey(partition), value, revision));
    this.#decideSoon();
  }

  #begin(partition: Endpoint, epoch: number): void {
    this.#tell({ type: "claimed", partition, epoch });
    this.#held.get(partition)!.begin(epoch);
  }

  async #release({ partition, revision, next }: Extract<Action, { type: "release" }>): Promise<void> {
    const value: PartitionLease = next === undefined ? {} : { next };
    const work = async (): Promise<boolean> => {
      const isStored = await this.#changes.store(partitionKey(partition), value, revision);
      if (this.#view.partitions.get(partition)?.node !== this.node) this.#tell({ type: "released", partition, next });
      return isStored;
    };
    await this.#held.get(partition)!.whileBusy(work, revision);
    this.#decideSoon();
  }

  #endPartition(held: HeldPartition, { why, inOrder }: { readonly why: EndReason; readonly inOrder: boolean }): void {
    const partition = held.endpoint;
    this.#tell({ type: "ends", partition, why });
    const end = async (): Promise<void> => {
      await held.end(inOrder);
      this.#tell({ type: "ended", partition });
      this.#decideSoon();
    };
    void end();
  }

  async #dig({ type, node, revision }: Extract<Action, { type: "bury" | "forget" }>): Promise<void> {
    const { clock } = this.#options;
    if ((this.#digging.get(node) ?? 0) > clock.nowMs()) return;
    this.#digging.set(node, Infinity);
    const lease = this.#view.nodes.get(node)?.lease;
    const isDone =
      type === "bury"
        ? await this.#changes.store(nodeKey(node), { ...lease, state: "buried", by: this.node }, revision)
        : await this.#changes.remove(nodeKey(node), revision);
    if (isDone) this.#digging.delete(node);
    else this.#digging.set(node, clock.nowMs() + retryOf(this.#limits));
    const after = this.#view.nodes.get(node)?.lease;
    if (type === "bury" && after?.state === "buried" && after.by === this.node) this.#tell({ type: "buries", node });
    this.#decideSoon();
  }

  #failed(partition: Endpoint, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn({ node: this.node, partition, problem }, "a partition has failed");
    this.#tell({ type: "failed", partition, problem });
  }

  /** Wakes when something may be due that nothing else tells of. */
  #arm(): void {
    const { clock } = this.#options;
    const { leaseMs } = this.#limits;
    const now = clock.nowMs();
    let dueMs = now + leaseMs / 3;
    for (const { retryAtMs } of this.#held.values()) if (retryAtMs > now) dueMs = Math.min(dueMs, retryAtMs);
    for (const retryAtMs of this.#digging.values()) dueMs = Math.min(dueMs, retryAtMs);
    for (const node of this.#view.nodes.values()) {
      if (node.id === this.node || node.lease.state === "buried" || isDead(node, leaseMs)) continue;
      // One renewal now would prove it dead.
      const deadAtMs = Math.max(this.#membership.provedMs, node.seenAtMs) + leaseMs - node.silentMs;
      if (deadAtMs <= now) this.#membership.isUrgent = true;
      else dueMs = Math.min(dueMs, deadAtMs);
    }
    this.#cancelTimer?.();
    if (this.#view.isComplete) dueMs = Math.min(dueMs, this.#membership.dueMs);
    this.#cancelTimer = clock.setTimer(Math.max(1, dueMs - now), () => this.#decide());
  }

  #newMembership(): Membership {
    const { random, name, facts, leases, clock, logger } = this.#options;
    const secret = Math.floor(random.next() * 2 ** 40).toString(36);
    const parts = { leases, clock, logger, facts, view: this.#view, limits: this.#limits, pools: this.#pools };
    return new Membership(`${name}-${secret}`, parts);
  }

  /** Resolves when something may have changed, or it is `untilMs`. */
  async #change(untilMs: number): Promise<void> {
    const { clock } = this.#options;
    await inTime(clock, Math.max(1, untilMs - clock.nowMs()), () => this.#changed.promise);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#options.clock.setTimer(ms, resolve));
  }

  #settle(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #tell(event: OwnershipEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
