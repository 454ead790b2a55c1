import { type Clock, LeaseError, type Leases, type Logger } from "@orgtree/core";
import { type OwnershipLimits, retryOf } from "./limits.ts";
import { type NodeFacts, type NodeLease, nodeKey, readNode } from "./records.ts";
import type { View } from "./view.ts";

/** What the lease of a node needs. */
export interface MembershipParts {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly view: View;
  readonly limits: OwnershipLimits;
  readonly pools: readonly string[];
  readonly facts: NodeFacts;
}

interface Beat {
  readonly startMs: number;
  readonly startEpochMs: number;
}

/**
 * The lease of one node, from its joining to its end.
 *
 * Invariants
 *   M1. It is current for two thirds of `leaseMs` from when its newest stored renewal was begun, on its own clock. Others see that renewal no
 *       sooner than it was begun, and wait for the whole of `leaseMs` before they bury; so no clock that is wrong by less than a fifth lets
 *       both be true.
 *   M2. A renewal is stored only where the one before is still there. Who was buried can never renew, and knows it from that.
 *   M3. A renewal of which nobody knows what became of it counts for nothing until it was read.
 */
export class Membership {
  readonly id: string;
  readonly #parts: MembershipParts;
  readonly #since: number;
  /** Of renewals that may still come to be stored, by number. */
  readonly #beats = new Map<number, Beat>();
  #beat = 0;
  #revision = 0;
  #current: Beat | undefined;
  #provedMs: number;
  #isProved = false;
  #isUnsure = false;
  #isBusy = false;
  #isBuried = false;
  #triedAtMs = -Infinity;
  /** Renewed at once, whatever is due: something is to be told, or to be found out. */
  isUrgent = true;
  isDraining = false;

  constructor(id: string, parts: MembershipParts) {
    this.id = id;
    this.#parts = parts;
    this.#since = parts.clock.epochMs();
    this.#provedMs = parts.clock.nowMs();
  }

  /** Whether its lease is there, as far as it knows. */
  get hasJoined(): boolean {
    return this.#current !== undefined && !this.#isBuried;
  }

  get isBuried(): boolean {
    return this.#isBuried;
  }

  /** Whether this node may begin anything now, see M1. */
  get isCurrent(): boolean {
    if (this.#current === undefined || this.#isBuried) return false;
    const { clock, limits } = this.#parts;
    const mostMs = (limits.leaseMs * 2) / 3;
    // While a machine sleeps its monotonic clock may stand still; the other one does not.
    return clock.nowMs() - this.#current.startMs < mostMs && clock.epochMs() - this.#current.startEpochMs < mostMs;
  }

  /** For how long it could not renew. */
  get aloneMs(): number {
    return this.#parts.clock.nowMs() - this.#provedMs;
  }

  /** When it is to renew next. */
  get dueMs(): number {
    const { limits } = this.#parts;
    if (this.#isBusy || this.#isBuried) return Infinity;
    if (this.isUrgent) return this.#triedAtMs + retryOf(limits);
    return this.#triedAtMs + (this.#isProved ? limits.leaseMs / 3 : retryOf(limits));
  }

  /** From when to now it has been able to renew, as far as it knows: since then silence of others is not proved. */
  get provedMs(): number {
    return this.#provedMs;
  }

  /** Renews, or finds out what became of the last try. Settles when the leases do. */
  async renew(): Promise<void> {
    if (this.#isBusy || this.#isBuried) return;
    this.#isBusy = true;
    this.#triedAtMs = this.#parts.clock.nowMs();
    this.isUrgent = false;
    try {
      if (this.#isUnsure) await this.#findOut();
      if (!this.#isBuried) await this.#renew();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** The watch says that others have buried it. */
  notice(): void {
    if (this.#parts.view.nodes.get(this.id)?.lease.state === "buried") this.#isBuried = true;
  }

  /** Takes its lease away: it is no member any more. False when that is to be tried again. */
  async leave(): Promise<boolean> {
    if (this.#isBusy) return false;
    if (this.#isBuried) return true;
    this.#isBusy = true;
    try {
      if (this.#isUnsure) await this.#findOut();
      if (this.#revision === 0 || this.#isBuried) return true;
      if (await this.#parts.leases.remove(nodeKey(this.id), this.#revision)) return true;
      await this.#findOut();
      return this.#isBuried;
    } catch (error) {
      this.#fail(error);
      return false;
    } finally {
      this.#isBusy = false;
    }
  }

  async #renew(): Promise<void> {
    const { clock, leases, view } = this.#parts;
    const beat = ++this.#beat;
    this.#beats.set(beat, { startMs: clock.nowMs(), startEpochMs: clock.epochMs() });
    const value = this.#lease(beat);
    const revision = await leases.put(nodeKey(this.id), value, this.#revision);
    if (revision === undefined) {
      this.#isProved = false;
      return this.#findOut();
    }
    view.take({ key: nodeKey(this.id), revision, value }, clock.nowMs());
    return this.#stored(beat, revision);
  }

  async #findOut(): Promise<void> {
    const { leases, view, clock } = this.#parts;
    const record = await leases.read(nodeKey(this.id));
    this.#isUnsure = false;
    if (record === undefined) {
      // Gone, for whatever reason: a lease that is not there does not hold.
      if (this.#revision > 0) this.#isBuried = true;
      return;
    }
    if (record.revision < this.#revision) return;
    view.take(record, clock.nowMs());
    const { state, beat } = readNode(record.value);
    if (state === "buried") this.#isBuried = true;
    else this.#stored(beat, record.revision);
  }

  #stored(beat: number, revision: number): void {
    const { clock, view } = this.#parts;
    this.#revision = Math.max(revision, this.#revision);
    const stored = this.#beats.get(beat);
    for (const older of this.#beats.keys()) if (older <= beat) this.#beats.delete(older);
    if (stored === undefined) return;
    this.#current = stored;
    const now = clock.nowMs();
    // A time in which this node could not renew, or did not run, says nothing of the others.
    if (this.#isProved && now - this.#provedMs <= this.#parts.limits.leaseMs / 2) view.prove(this.#provedMs, now);
    this.#provedMs = now;
    this.#isProved = true;
  }

  #fail(error: unknown): void {
    this.#isProved = false;
    this.#isUnsure ||= !(error instanceof LeaseError) || error.outcome === "unknown";
    const problem = error instanceof Error ? error.message : String(error);
    this.#parts.logger.warn({ node: this.id, problem }, "a lease was not renewed");
  }

  #lease(beat: number): NodeLease {
    const { pools, facts } = this.#parts;
    return { state: this.isDraining ? "draining" : "live", pools, ...facts, since: this.#since, beat, beatMs: this.#parts.clock.epochMs() };
  }
}
