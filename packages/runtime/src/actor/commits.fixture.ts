import type { Address, TurnRecord } from "@orgtree/core";

/** A turn that waits for its commit. */
export interface HeldCommit {
  readonly record: TurnRecord;
  /** The computed state, as a journal would see it. */
  readonly state: unknown;
  resolve(): void;
  reject(error: Error): void;
}

/** A journal in the hand of a test: it keeps every record, and holds the commits of one address until it is told. */
export class Commits {
  readonly records: TurnRecord[] = [];
  readonly held: HeldCommit[] = [];
  /** Commits of this address are held; all others count at once. */
  holds: Address | undefined;

  readonly commit = (record: TurnRecord): Promise<void> => {
    this.records.push(record);
    if (record.address !== this.holds) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.held.push({ record, state: record.state(), resolve, reject });
    return promise;
  };

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
}
