import {
  addAmounts,
  isNothing,
  isWithin,
  noAmount,
  parentAddress,
  topOf,
  type Address,
  type Amount,
  type GivingUp,
  type Image,
  type Journal,
  type JournalError,
  type Logger,
  type NewEntry,
  type Pin,
  type RollbackReport,
} from "@orgtree/core";
import { ActorLog } from "./actor-log.ts";
import { ActorLogs } from "./actor-logs.ts";
import type { Books } from "./books.ts";
import { findGivingUp, type GivingUpPlaces } from "./given-up.ts";
import { TreeParkedError } from "./logic-changed.ts";
import { UnreadableTurnError } from "./past-errors.ts";
import { CutSearch, type OwedUndo, type RollbackCause } from "./rollback-cut.ts";
import { endEntries, rollbackEntries } from "./rollback-entries.ts";
import { RollbackError } from "./rollback-error.ts";
import { compensate, planRollback, type RollbackOrder } from "./rollback.ts";
import type { Stored, StoredPast } from "./stored-past.ts";
import type { TurnRecord, TurnStore } from "./turn-store.ts";

/** Subtrees whose past is remembered for their next rollback; beyond, all are forgotten and read again. */
const rememberedCuts = 100;

/** What a journal store needs of its system. */
export interface StoreSurroundings {
  readonly epochMs: () => number;
  readonly logger: Logger;
}

/** The turns of all actors of a system, in a journal. */
export class JournalStore implements TurnStore, StoredPast {
  readonly run: string;
  readonly isWritten = true;
  readonly #journal: Journal;
  readonly #epochMs: () => number;
  readonly #logger: Logger;
  readonly #logs = new ActorLogs();
  /** What was found in the journal and nobody has asked for yet. */
  readonly #found = new Map<Address, Stored>();
  /** What was spent at each address and below it when the journal was read. */
  readonly #spent = new Map<Address, Amount>();
  /** Ends of places that are to be stored. */
  #ends: NewEntry[] = [];
  /** Those that are to be stored with the first turn of whoever lives there next. */
  readonly #endsBefore = new Map<Address, number>();
  /** The numbers of the newest lives. */
  readonly #incarnations = new Map<Address, number>();
  /** Trees that stay as they are stored, by their tops, because of whom, and why. */
  readonly #parked = new Map<Address, { readonly refused: Address; readonly why: unknown }>();
  /** What compaction leaves for trees that were given up, by their tops. */
  readonly #pins = new Map<Address, Pin>();
  /** What is known of the past of those that were put back, by their addresses. */
  readonly #cuts = new Map<Address, CutSearch>();
  /** What is wrong with what is stored of an actor. */
  readonly #unreadable = new Map<Address, UnreadableTurnError>();
  readonly #prepared = new WeakMap<TurnRecord, NewEntry>();

  constructor(journal: Journal, around: StoreSurroundings) {
    this.#journal = journal;
    this.run = journal.run;
    this.#epochMs = around.epochMs;
    this.#logger = around.logger;
  }

  async load(): Promise<number> {
    for await (const image of this.#journal.images()) this.#tryToRead(image);
    let last = -1;
    for (const seq of (await this.#journal.lastSeqs()).values()) last = Math.max(last, seq);
    return last + 1;
  }

  /** One actor that cannot be read leaves its tree as it is, and no other. */
  #tryToRead(image: Image): void {
    try {
      this.#read(image);
    } catch (error) {
      if (!(error instanceof UnreadableTurnError)) throw error;
      const { address } = image;
      this.#logger.error({ err: error, address }, "what is stored of an actor cannot be read; its tree stays as it is");
      this.#unreadable.set(address, error);
      this.park(address, error);
    }
  }

  #read({ address, entries }: Image): void {
    const log = new ActorLog(address);
    const { turn } = log.read(entries);
    const durable = log.last!;
    this.#logs.set(address, log);
    this.#found.set(address, { durable, newest: turn, seq: turn.seq });
    this.#incarnations.set(address, turn.incarnation);
    const { spent } = durable.books;
    if (isNothing(spent)) return;
    for (let at: Address | undefined = address; at !== undefined; at = parentAddress(at))
      this.#spent.set(at, addAmounts(this.spentWithin(at), spent));
  }

  lastIncarnation(address: Address): number {
    return this.#incarnations.get(address) ?? 0;
  }

  spentWithin(address: Address): Amount {
    return this.#spent.get(address) ?? noAmount;
  }

  has(address: Address): boolean {
    return this.#found.has(address);
  }

  untaken(top: Address): readonly (readonly [address: Address, stored: Stored])[] {
    return [...this.#found].filter(([address]) => isWithin(address, top));
  }

  take(address: Address): Stored | undefined {
    const unreadable = this.#unreadable.get(address);
    if (unreadable !== undefined) throw unreadable;
    const stored = this.#found.get(address);
    this.#found.delete(address);
    return stored && { ...stored, durable: { ...stored.durable, books: this.#handedOn(address, stored.durable.books) } };
  }

  park(address: Address, why: unknown): void {
    const top = topOf(address);
    if (!this.#parked.has(top)) this.#parked.set(top, { refused: address, why });
  }

  isParked(address: Address): boolean {
    return this.#parked.has(topOf(address));
  }

  checkParked(address: Address): void {
    const parked = this.#parked.get(topOf(address));
    if (parked !== undefined) throw new TreeParkedError(address, parked.refused, parked.why);
  }

  prepare(turn: TurnRecord): void {
    this.checkParked(turn.address);
    const { address, incarnation } = turn;
    let log = this.#logs.get(address);
    if (log === undefined) this.#logs.set(address, (log = new ActorLog(address)));
    this.#prepared.set(turn, log.entry(turn));
    this.#incarnations.set(address, incarnation);
  }

  async store(turn: TurnRecord): Promise<void> {
    this.checkParked(turn.address);
    const entry = this.#prepared.get(turn)!;
    const ends = endEntries({ toEnd: turn.ends ?? [] });
    this.#storeEnds();
    const before = this.#endsBefore.get(turn.address);
    await this.#journal.append([
      ...endEntries({ toEnd: before === undefined ? [] : [{ address: turn.address, seq: before }] }),
      entry,
      ...ends,
    ]);
    this.#endsBefore.delete(turn.address);
    this.#logs.get(turn.address)!.stored(entry, turn);
    for (const { address } of ends) this.#forget(address);
  }

  mayBegin(): Promise<void> | undefined {
    return this.#journal.mayBegin?.();
  }

  async rollBack(order: RollbackOrder): Promise<RollbackReport> {
    const { top, birth } = order;
    const done = this.#found.get(top)?.newest.cause;
    // The process ended between the record and what it is for.
    if (done?.kind === "rollback" && this.#found.get(top)!.durable.books.birth === birth) {
      const { top: _, ...report } = done.message as RollbackCause & RollbackReport;
      return report;
    }
    const planned = await planRollback(this.#journal, order, this.#cutsOf(top));
    const { gone } = planned;
    checkWanted(order);
    const report = await compensate(planned, order.undo);
    checkWanted(order);
    // Numbers of lives never go back.
    const lastIncarnation = (address: Address): number => this.lastIncarnation(address);
    const written = rollbackEntries({ ...planned, report, top }, { atMs: this.#epochMs(), lastIncarnation });
    for (const { actor, newest } of written) this.#incarnations.set(actor.address, newest.incarnation);
    this.#storeEnds();
    await this.#journal.append([...written.map(({ entry }) => entry), ...endEntries(planned)]);
    for (const address of gone) this.#logs.delete(address);
    // Given up in the meantime: whoever comes there goes on from nothing of this.
    checkWanted(order);
    for (const { actor, log, entry, newest } of written) {
      const { address, durable, seq } = actor;
      log.stored(entry, durable);
      this.#logs.set(address, log);
      this.#endsBefore.delete(address);
      this.#found.set(address, { durable, newest, seq });
    }
    return report;
  }

  owesUndo(top: Address): boolean {
    return !this.isParked(top) && owedIn(this.#found.get(top)) !== undefined;
  }

  async takeBack(top: Address, { seq, undo }: Parameters<StoredPast["takeBack"]>[1]): Promise<void> {
    const { owed, ...owing } = owedIn(this.#found.get(top))!;
    const report = await compensate({ report: owing, outputs: new Map(owed) }, undo);
    const found = this.#found.get(top);
    const log = this.#logs.get(top);
    if (found === undefined || log === undefined) return; // Its place was given up meanwhile.
    const { durable, newest } = found;
    const turn = { ...newest, atMs: this.#epochMs(), cause: { ...newest.cause, message: report } };
    const entry = log.entry({ ...turn, ...durable, address: top, seq, isFresh: true, mark: undefined });
    this.#storeEnds();
    await this.#journal.append([entry]);
    log.stored(entry, durable);
    if (this.#found.has(top)) this.#found.set(top, { durable, newest: turn, seq });
  }

  async previewRollback(top: Address, cut: Pick<RollbackOrder, "to" | "orBeginning">): Promise<RollbackReport> {
    const { report } = await planRollback(this.#journal, { top, ...cut, birth: 0, spent: noAmount, seq: 0 }, this.#cutsOf(top));
    return report;
  }

  #cutsOf(top: Address): CutSearch {
    let cuts = this.#cuts.get(top);
    if (cuts !== undefined) return cuts;
    if (this.#cuts.size >= rememberedCuts) this.#cuts.clear();
    this.#cuts.set(top, (cuts = new CutSearch(this.#journal, top)));
    return cuts;
  }

  booksOf(address: Address): Books | undefined {
    const books = this.#logs.get(address)?.last?.books;
    return books && this.#handedOn(address, books);
  }

  placesBelow(top: Address): readonly Address[] {
    return this.#parked.has(topOf(top)) ? [] : [...this.#logs.below(top)];
  }

  /** What was spent at a place that has ended was spent by its supervisor. */
  #handedOn(address: Address, books: Books): Books {
    return this.#endsBefore.has(address) ? { ...books, spent: noAmount } : books;
  }

  keep(top: Address, gaveUp: GivingUp): void {
    // Until it is known where that was, nothing is removed of what is there.
    this.#pin(top, 0);
    this.findGivingUp(top, gaveUp).then(
      ({ before }) => this.#pins.has(top) && this.#pin(top, before?.position),
      (error: unknown) => this.#logger.warn({ err: error, address: top }, "where a tree was before it was given up could not be found"),
    );
  }

  /** In place of what was pinned before; nothing where there is no position. */
  #pin(top: Address, position: number | undefined): void {
    const next = position === undefined ? undefined : this.#journal.pin(position);
    this.#pins.get(top)?.release();
    if (next === undefined) this.#pins.delete(top);
    else this.#pins.set(top, next);
  }

  findGivingUp(top: Address, gaveUp: GivingUp): Promise<GivingUpPlaces> {
    return findGivingUp(this.#journal, top, gaveUp);
  }

  end(address: Address, seq: number): void {
    // Who was put back since has not ended.
    if (this.#parked.has(topOf(address)) || (this.#found.get(address)?.seq ?? -1) > seq) return;
    this.#pin(address, undefined);
    if (!this.#forget(address)) return; // It was never there.
    this.#ends.push({ address, seq, kind: "end", data: new Uint8Array() });
    this.#storeEnds();
  }

  endBefore(address: Address, seq: number): void {
    if (this.#parked.has(topOf(address)) || !this.#logs.has(address)) return;
    this.#pin(address, undefined);
    this.#endsBefore.set(address, seq);
    this.#spent.delete(address);
  }

  /** Whoever comes has taken and spent nothing yet; false where nobody was there. */
  #forget(address: Address): boolean {
    this.#found.delete(address);
    this.#incarnations.delete(address);
    this.#spent.delete(address);
    this.#endsBefore.delete(address);
    return this.#logs.delete(address);
  }

  /** In front of whatever is stored next, so that nobody is stored at a place before its end. */
  #storeEnds(): void {
    if (this.#ends.length === 0) return;
    const ends = this.#ends;
    this.#ends = [];
    this.#journal.append(ends).catch((error: unknown) => {
      if ((error as JournalError).failureClass === "fenced") return;
      // Otherwise whoever comes there would count his lives from the first again, as if nobody had lived there.
      this.#ends = [...ends, ...this.#ends];
      this.#logger.warn({ err: error, addresses: ends.map(({ address }) => address) }, "the end of actors could not be stored yet");
    });
  }
}

/** What is stored of an actor that was put back, and whose work nobody has taken back yet. */
function owedIn(stored: Stored | undefined): OwedUndo | undefined {
  const { kind, message } = stored?.newest.cause ?? { kind: undefined, message: undefined };
  return kind === "rollback" && (message as Partial<OwedUndo>).owed !== undefined ? (message as OwedUndo) : undefined;
}

function checkWanted({ top, isWanted }: RollbackOrder): void {
  if (isWanted?.() === false) throw new RollbackError(top, "its place was given up meanwhile");
}
