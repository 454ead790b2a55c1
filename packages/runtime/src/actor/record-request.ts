/** Asks for a record of what an actor has spent, in between of its turns: its state is the same behind it. */
export class RecordRequest {
  /** What the record names as its cause. */
  readonly event = { type: "orgtree.spent" };
  /** Rejects where there will be none: it was refused, or the life has ended, whose signal this is. */
  readonly stored: Promise<void>;
  /** The record is there. */
  readonly done: () => void;
  /** It could not be stored. */
  readonly failed: (error: Error) => void;

  constructor(life: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (): void => reject(life.reason);
    life.addEventListener("abort", end, { once: true });
    if (life.aborted) end();
    this.stored = promise.finally(() => life.removeEventListener("abort", end));
    // Whoever asked may not wait any more.
    this.stored.catch(() => {});
    this.done = resolve;
    this.failed = reject;
  }
}
