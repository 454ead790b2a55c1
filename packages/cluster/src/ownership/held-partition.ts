import type { Clock, Endpoint } from "@orgtree/core";
import { inTime } from "./deadline.ts";
import type { Holding } from "./decide.ts";
import { type OwnershipLimits, retryOf } from "./limits.ts";
import type { PartitionHost } from "./partition-host.ts";

/** What a held partition needs. */
export interface HeldPartitionParts {
  readonly clock: Clock;
  readonly host: PartitionHost;
  readonly limits: OwnershipLimits;
  /** Something has changed. */
  readonly changed: () => void;
  /** It could not begin, or it fell. */
  readonly failed: (partition: Endpoint, error: unknown) => void;
  readonly begun: (partition: Endpoint, epoch: number) => void;
}

/** A partition at one node: begins and ends it at its host, one after the other, each within its time. */
export class HeldPartition implements Holding {
  readonly endpoint: Endpoint;
  readonly #parts: HeldPartitionParts;
  #phase: Holding["phase"] = "idle";
  #epoch = 0;
  #spent = 0;
  #retryAtMs = 0;
  #failures = 0;
  #mayWork = false;
  #abort = new AbortController();
  #beginning: Promise<unknown> = Promise.resolve();

  constructor(endpoint: Endpoint, parts: HeldPartitionParts) {
    this.endpoint = endpoint;
    this.#parts = parts;
  }

  get phase(): Holding["phase"] {
    return this.#phase;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get spent(): number {
    return this.#spent;
  }

  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /** Whether it is this node's to work in, if the node's lease is fresh: from its beginning until it was ended, or had to be. */
  get mayWork(): boolean {
    return this.#mayWork;
  }

  /**
   * While its record is being changed nothing else is done; gives false when that failed, and is then tried again a moment later. `spends`:
   * what was claimed up to there must not begin any more.
   */
  async whileBusy(work: () => Promise<boolean>, spends = 0): Promise<void> {
    this.#phase = "busy";
    this.#spent = Math.max(this.#spent, spends);
    const isDone = await work();
    this.#phase = "idle";
    const { clock, limits } = this.#parts;
    if (!isDone) this.#retryAtMs = clock.nowMs() + retryOf(limits);
  }

  begin(epoch: number): void {
    this.#phase = "hosting";
    this.#epoch = this.#spent = epoch;
    this.#mayWork = true;
    this.#abort = new AbortController();
    this.#beginning = this.#begin(epoch, this.#abort);
  }

  /** Resolves when nothing of it runs here, or it did not end in its time. */
  async end(inOrder: boolean): Promise<void> {
    const { clock, host, limits } = this.#parts;
    this.#phase = "busy";
    this.#mayWork &&= inOrder;
    this.#abort.abort();
    await inTime(clock, limits.endMs, () => this.#beginning);
    const ended = inOrder ? await inTime(clock, limits.endMs, () => host.end(this.endpoint, { inOrder })) : undefined;
    this.#mayWork = false;
    if (ended?.type !== "done") {
      const result = await inTime(clock, limits.endMs, () => host.end(this.endpoint, { inOrder: false }));
      if (result.type !== "done")
        this.#parts.failed(this.endpoint, result.type === "late" ? new Error("it did not end in time") : result.error);
    }
    this.#phase = "idle";
  }

  /** It works no more, though nobody ended it: it is begun again, a while later. */
  async fell(error: unknown): Promise<void> {
    if (this.#phase !== "hosting") return;
    this.#parts.failed(this.endpoint, error);
    await this.end(false);
    this.#waitAWhile();
    this.#parts.changed();
  }

  async #begin(epoch: number, { signal }: AbortController): Promise<void> {
    const { clock, host, limits } = this.#parts;
    const result = await inTime(clock, limits.beginMs, () => host.begin(this.endpoint, { epoch, signal }));
    if (signal.aborted) return;
    if (result.type === "done") {
      this.#failures = 0;
      this.#parts.begun(this.endpoint, epoch);
      return;
    }
    // Not awaited: it waits for this.
    void this.fell(result.type === "late" ? new Error(`it did not begin within ${limits.beginMs} ms`) : result.error);
  }

  #waitAWhile(): void {
    const { clock, limits } = this.#parts;
    this.#retryAtMs = clock.nowMs() + Math.min(limits.mostRetryMs, limits.retryMs * 2 ** Math.min(this.#failures++, 20));
  }
}
