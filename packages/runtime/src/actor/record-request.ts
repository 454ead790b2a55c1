/** Asks for a record of what an actor has spent, in between of its turns: its state is the same behind it. */
export class RecordRequest {
  /** What the record names as its cause. */
  readonly event = { type: "orgtree.spent" };
  readonly stored: Promise<void>;
  /** The record is there. */
  readonly done: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stored = promise;
    this.done = resolve;
  }
}
