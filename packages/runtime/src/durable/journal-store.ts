import {
  FencedError,
  isWithin,
  type Address,
  type Image,
  type Journal,
  type JournalError,
  type Logger,
  type NewEntry,
} from "@orgtree/core";
import { ActorLog, type Durable } from "./actor-log.ts";
import type { Books } from "./books.ts";
import type { Stored, TurnRecord, TurnStore } from "./turn-store.ts";

interface Prepared {
  readonly entry: NewEntry;
  readonly durable: Durable;
}

/** The turns of all actors of a system, in a journal. */
export class JournalStore implements TurnStore {
  readonly #journal: Journal;
  readonly #epochMs: () => number;
  readonly #logger: Logger;
  readonly #logs = new Map<Address, ActorLog>();
  /** What was found in the journal and nobody has asked for yet. */
  readonly #found = new Map<Address, Stored>();
  readonly #prepared = new WeakMap<TurnRecord, Prepared>();

  constructor(journal: Journal, around: { readonly epochMs: () => number; readonly logger: Logger }) {
    this.#journal = journal;
    this.#epochMs = around.epochMs;
    this.#logger = around.logger;
  }

  /** Reads what is there; gives back the number that the turns of new places are counted from. */
  async load(): Promise<number> {
    for await (const image of this.#journal.images()) this.#read(image);
    let last = -1;
    for (const seq of (await this.#journal.lastSeqs()).values()) last = Math.max(last, seq);
    return last + 1;
  }

  #read({ address, entries }: Image): void {
    const log = new ActorLog(address);
    const newest = log.read(entries);
    this.#logs.set(address, log);
    this.#found.set(address, { durable: log.last!, newest, seq: entries.at(-1)!.seq });
  }

  has(address: Address): boolean {
    return this.#found.has(address);
  }

  untaken(top: Address): readonly (readonly [address: Address, stored: Stored])[] {
    return [...this.#found].filter(([address]) => isWithin(address, top));
  }

  take(address: Address): Stored | undefined {
    const stored = this.#found.get(address);
    this.#found.delete(address);
    return stored;
  }

  prepare(turn: TurnRecord): void {
    const { address, seq, isFresh, incarnation, trace, effects, logic, state, books } = turn;
    let log = this.#logs.get(address);
    if (log === undefined) this.#logs.set(address, (log = new ActorLog(address)));
    const durable = { state, books };
    const cause = { type: turn.cause, from: turn.from, message: turn.message };
    const entry = log.entry({ seq, durable, isFresh, incarnation, atMs: this.#epochMs(), trace, cause, effects, logic });
    this.#prepared.set(turn, { entry, durable });
  }

  async store(turn: TurnRecord): Promise<void> {
    const { entry, durable } = this.#prepared.get(turn)!;
    try {
      await this.#journal.append([entry]);
    } catch (error) {
      if ((error as JournalError).failureClass === "fenced") throw new FencedError(turn.address, (error as Error).message);
      throw error;
    }
    this.#logs.get(turn.address)!.stored(entry, durable);
  }

  booksOf(address: Address): Books | undefined {
    return this.#logs.get(address)?.last?.books;
  }

  end(address: Address, seq: number): void {
    this.#found.delete(address);
    if (!this.#logs.delete(address)) return; // It was never there.
    this.#journal.append([{ address, seq, kind: "end", data: new Uint8Array() }]).catch((error: unknown) => {
      // Nothing is wrong but that a dead place is read again: nobody asks for it.
      this.#logger.warn({ err: error, address }, "the end of an actor could not be stored");
    });
  }
}
