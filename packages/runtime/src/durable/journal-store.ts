import {
  FencedError,
  isWithin,
  noAmount,
  type Address,
  type Image,
  type Journal,
  type JournalError,
  type Logger,
  type NewEntry,
  type RollbackReport,
} from "@orgtree/core";
import { ActorLog, type Durable } from "./actor-log.ts";
import type { Books } from "./books.ts";
import { TreeParkedError } from "./logic-changed.ts";
import { planRollback, type RollbackOrder, type RolledBackActor } from "./rollback.ts";
import type { StoredTurn } from "./turn-entry.ts";
import type { Stored, TurnRecord, TurnStore } from "./turn-store.ts";

interface Prepared {
  readonly entry: NewEntry;
  readonly durable: Durable;
}

/** What a journal store needs of its system. */
export interface StoreSurroundings {
  readonly epochMs: () => number;
  readonly logger: Logger;
  /** For tests: what is stored is read again at once; see `TurnStore.reread`. */
  readonly rereads: boolean;
}

/** A journal that keeps nothing, for systems that read at once what they store. */
export const nowhere: Journal = {
  epoch: 0,
  append: async () => 0,
  images: async function* () {},
  image: async () => undefined,
  read: async function* () {},
  lastSeqs: async () => new Map(),
  pin: nothingThere,
  compact: nothingThere,
  close: async () => {},
};

function nothingThere(): never {
  throw new Error("a journal that keeps nothing has no past");
}

interface Written {
  readonly actor: RolledBackActor;
  readonly log: ActorLog;
  readonly entry: NewEntry;
  readonly newest: StoredTurn;
}

/** The turns of all actors of a system, in a journal. */
export class JournalStore implements TurnStore {
  readonly #journal: Journal;
  readonly #epochMs: () => number;
  readonly #logger: Logger;
  readonly #logs = new Map<Address, ActorLog>();
  /** What was found in the journal and nobody has asked for yet. */
  readonly #found = new Map<Address, Stored>();
  /** Trees that stay as they are stored, by their tops, and because of whom. */
  readonly #parked = new Map<Address, Address>();
  readonly #prepared = new WeakMap<TurnRecord, Prepared>();
  /** For tests: logs that know only what was written. */
  readonly #readers = new Map<Address, ActorLog>();
  readonly reread?: (address: Address) => unknown;

  constructor(journal: Journal, around: StoreSurroundings) {
    this.#journal = journal;
    this.#epochMs = around.epochMs;
    this.#logger = around.logger;
    if (around.rereads) this.reread = (address) => this.#readers.get(address)!.last!.state;
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
    if (this.reread !== undefined) this.#readerOf(address).read(entries);
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

  park(address: Address): void {
    const top = topOf(address);
    if (!this.#parked.has(top)) this.#parked.set(top, address);
  }

  isParked(address: Address): boolean {
    return this.#parked.has(topOf(address));
  }

  #checkParked(address: Address): void {
    const refused = this.#parked.get(topOf(address));
    if (refused !== undefined) throw new TreeParkedError(address, refused);
  }

  prepare(turn: TurnRecord): void {
    this.#checkParked(turn.address);
    const { address, seq, isFresh, incarnation, trace, effects, logic, state, books, mark, kind, key, plan } = turn;
    let log = this.#logs.get(address);
    if (log === undefined) this.#logs.set(address, (log = new ActorLog(address)));
    const durable = { state, books };
    const cause = { kind, key, type: turn.cause, from: turn.from, message: turn.message };
    const entry = log.entry({ seq, mark, durable, isFresh, incarnation, atMs: this.#epochMs(), trace, cause, effects, logic, plan });
    this.#prepared.set(turn, { entry, durable });
  }

  async store(turn: TurnRecord): Promise<void> {
    this.#checkParked(turn.address);
    const { entry, durable } = this.#prepared.get(turn)!;
    try {
      await this.#journal.append([entry]);
    } catch (error) {
      if ((error as JournalError).failureClass === "fenced") throw new FencedError(turn.address, (error as Error).message);
      throw error;
    }
    this.#logs.get(turn.address)!.stored(entry, durable);
    if (this.reread !== undefined) this.#readerOf(turn.address).read([{ ...entry, position: 0 }]);
  }

  #readerOf(address: Address): ActorLog {
    let reader = this.#readers.get(address);
    if (reader === undefined) this.#readers.set(address, (reader = new ActorLog(address)));
    return reader;
  }

  async rollBack(order: RollbackOrder): Promise<RollbackReport> {
    const { top, birth } = order;
    const done = this.#found.get(top)?.newest.cause;
    // The process ended between the record and what it is for.
    if (done?.kind === "rollback" && this.#found.get(top)!.durable.books.birth === birth) return done.message as RollbackReport;
    const { actors, gone, toEnd, report } = await planRollback(this.#journal, order);
    const written = actors.map((actor) => this.#rollbackEntry(actor, actor.address === top ? report : undefined));
    const ends = toEnd.map(({ address, seq }): NewEntry => ({ address, seq, kind: "end", data: new Uint8Array() }));
    await this.#journal.append([...written.map(({ entry }) => entry), ...ends]);
    for (const { actor, log, entry, newest } of written) {
      const { address, durable, seq } = actor;
      log.stored(entry, durable);
      this.#logs.set(address, log);
      this.#found.set(address, { durable, newest, seq, isCharged: true });
    }
    for (const address of gone) this.#logs.delete(address);
    return report;
  }

  async previewRollback(top: Address, cut: Pick<RollbackOrder, "to" | "orBirth">): Promise<RollbackReport> {
    const { report } = await planRollback(this.#journal, { top, ...cut, birth: 0, spent: noAmount, nextSeq: 0 });
    return report;
  }

  #rollbackEntry(actor: RolledBackActor, report: RollbackReport | undefined): Written {
    const { address, seq, durable, moment } = actor;
    const log = new ActorLog(address);
    const { incarnation, trace, logic, plan } = moment.turn;
    const cause = { kind: "rollback", key: undefined, type: "rollback", from: undefined, message: report } as const;
    const turn = { incarnation, atMs: this.#epochMs(), trace, cause, effects: [], logic, plan };
    const entry = log.entry({ ...turn, seq, durable, isFresh: true });
    return { actor, log, entry, newest: { ...turn, change: { whole: durable } } };
  }

  booksOf(address: Address): Books | undefined {
    return this.#logs.get(address)?.last?.books;
  }

  end(address: Address, seq: number): void {
    if (this.#parked.has(topOf(address))) return;
    this.#found.delete(address);
    if (!this.#logs.delete(address)) return; // It was never there.
    this.#journal.append([{ address, seq, kind: "end", data: new Uint8Array() }]).catch((error: unknown) => {
      // Nothing is wrong but that a dead place is read again: nobody asks for it.
      this.#logger.warn({ err: error, address }, "the end of an actor could not be stored");
    });
  }
}

/** The address at the top of a tree, below the root. */
function topOf(address: Address): Address {
  const end = address.indexOf("/", 1);
  return end === -1 ? address : (address.slice(0, end) as Address);
}
