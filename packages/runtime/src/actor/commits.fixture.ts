import { JournalFencedError, type Address } from "@orgtree/core";
import { noPast } from "../durable/stored-past.ts";
import type { TurnRecord, TurnStore } from "../durable/turn-store.ts";
import { ActorSystem } from "../actor-system.ts";
import type { SystemOptions } from "../system-options.ts";

/** What a test says of where turns are stored. */
export type TestStore = Pick<TurnStore, "store">;

/** A system that stores its turns in the hands of a test, and knows of no past. */
export function createStoringSystem(options: SystemOptions, store: TestStore): ActorSystem {
  return new ActorSystem(options, { store: { isWritten: false, prepare: () => {}, store: (turn) => store.store(turn) }, past: noPast });
}

/** A turn that waits for its commit. */
export interface HeldCommit {
  readonly record: TurnRecord;
  accept(): void;
  /** Somebody else owns the actor. */
  refuse(): void;
  /** The store is in trouble. */
  fail(error: Error): void;
}

/** A store in the hand of a test: it keeps every record, and holds the commits of one address, or all, until it is told. */
export class Commits implements TestStore {
  readonly records: TurnRecord[] = [];
  /** Oldest first; those that were decided stay, but for what a test takes out. */
  readonly held: HeldCommit[] = [];
  /** Commits of this address are held; all others count at once. */
  holds: Address | "all" | undefined;

  store(record: TurnRecord): Promise<void> {
    this.records.push(record);
    if (this.holds !== "all" && record.address !== this.holds) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refuse = (): void => reject(new JournalFencedError("memory", { own: 7, current: 8 }));
    this.held.push({ record, accept: resolve, refuse, fail: reject });
    return promise;
  }

  /** The records of one address. */
  of(address: Address): readonly TurnRecord[] {
    return this.records.filter((record) => record.address === address);
  }

  /** The newest held commit, which must be there. */
  get last(): HeldCommit {
    const held = this.held.at(-1);
    if (held === undefined) throw new Error("no commit is held");
    return held;
  }

  /** Accepts what is held, and everything from now on. */
  release(): void {
    this.holds = undefined;
    for (const held of this.held.splice(0)) held.accept();
  }
}
