import type { Address } from "../address.ts";
import { ExpectedError } from "../errors.ts";
import type { FailureClass } from "../failure.ts";

/**
 * The port of a journal: where each turn of each actor is stored before anything of it is visible. A journal knows addresses,
 * numbers and bytes; what the bytes mean is the runtime's affair. `whole`, `part` and image are what event sourcing calls a snapshot, a
 * delta, and a snapshot with its tail.
 *
 * Twins: memory and SQLite (`@orgtree/journal`). They pass one contract suite.
 */

/**
 * What an entry is to its actor. `whole`: it holds the complete state, so what came before is not needed to go on. `part`: a
 * change to what came before. `end`: the place was given up for good; nothing of it comes back.
 */
export type EntryKind = "whole" | "part" | "end";

/** One entry as it is handed to a journal. */
export interface NewEntry {
  readonly address: Address;
  /** Rises with each entry of an address, by one or more. An entry whose number is there already is refused or known; see `append`. */
  readonly seq: number;
  readonly kind: EntryKind;
  /** A name by which people find this entry again. Marked entries are kept by compaction, with all that is needed to view them. */
  readonly mark?: string | undefined;
  /** The content. Not to be changed after it was handed over. */
  readonly data: Uint8Array;
}

/** One entry as it was stored. */
export interface Entry extends NewEntry {
  /** Its place among all entries of the journal; later entries have greater ones. Nothing else is to be read from it. */
  readonly position: number;
}

/** An actor as the journal knows it: its newest `whole` entry and the parts behind it. Never empty, never with an `end`. */
export interface Image {
  readonly address: Address;
  readonly entries: readonly Entry[];
}

/** Which entries to read; all conditions hold together. In the order of their positions. */
export interface EntryQuery {
  /** Of one address … */
  readonly address?: Address | undefined;
  /** … or of this address and all below it. */
  readonly within?: Address | undefined;
  /** From this number of the address on, inclusive. */
  readonly fromSeq?: number | undefined;
  readonly toSeq?: number | undefined;
  /** Behind this position, exclusive. */
  readonly after?: number | undefined;
  /** Up to this position, inclusive. */
  readonly upTo?: number | undefined;
  readonly mark?: string | undefined;
}

/** What compaction may remove. */
export interface Compaction {
  /**
   * Entries behind this position stay, and the images as they were there. Default: the end, so that only today's images stay, and marked
   * entries can be viewed, but not gone back to: that needs all that came behind them.
   */
  readonly keepAfter?: number | undefined;
}

/** What compaction did. */
export interface CompactionResult {
  readonly removed: number;
  readonly kept: number;
}

/** Keeps compaction from removing what somebody still reads; ends with `release`. */
export interface Pin extends Disposable {
  release(): void;
}

/** The past that is stored, to be read; its writer may go on meanwhile. */
export interface JournalReader {
  /**
   * The name of the run that is stored here: no other journal has it, and it stays over each opening. What is done in the world is
   * known by it, so that the runs of two journals, of which one began as a copy of the other, are never taken for one another.
   */
  readonly run: string;
  /** The position before which compaction has left only what was marked: what others were then is not known. 0 where nothing was compacted. */
  horizon(): Promise<number>;
  /**
   * Every actor that has not ended, as of now or of a position: one consistent moment. Throws `JournalCompactedError` for a position
   * that compaction has gone past.
   */
  images(at?: number): AsyncIterable<Image>;
  /** One actor, as of now or of a position; undefined when it is not there, or has ended. */
  image(address: Address, at?: number): Promise<Image | undefined>;
  /** What was stored, in the order of positions. */
  read(query?: EntryQuery): AsyncIterable<Entry>;
  /** The greatest number of each address that was ever there, ended ones included, so that no number comes twice. */
  lastSeqs(): Promise<ReadonlyMap<Address, number>>;
}

/** A journal that has been opened for writing. One writer at a time: a new one raises the epoch, and the old one is fenced. */
export interface Journal extends JournalReader {
  /** Rises with each opening for writing. */
  readonly epoch: number;
  /**
   * Stores entries, all or none, in this order. When it resolves they are durable; gives back the position of the last.
   *
   * Appends may be made without waiting for the ones before; they are stored in the order of the calls. An entry that is
   * there already, byte for byte, counts as stored: whoever does not know what became of an append may make it again.
   *
   * An append that fails takes those that were made behind it along, until it is known to have failed: none may stand without the
   * one that it builds on. Without entries it gives the newest position when everything before it is stored.
   *
   * Rejects with `JournalFencedError` when another writer has opened the journal, `JournalConflictError` when the number is
   * taken by another entry or lies before one that is there, `JournalFullError` when more bytes wait than the journal takes,
   * `JournalError` when the store failed. Nothing of the append is stored then, but with an `outcome` of `unknown`.
   */
  append(entries: readonly NewEntry[]): Promise<number>;
  /**
   * Asked right before work begins that follows from what is stored, as when what was cut off begins again. Resolves when it may begin here;
   * stays open where that will not come any more, since another process goes on. Undefined: at once.
   */
  mayBegin?(): Promise<void> | undefined;
  /** While it holds, compaction removes nothing that is needed to read from `position` on. */
  pin(position: number): Pin;
  /** Removes what nobody needs: everything before the images of `keepAfter`, but for marked entries and pins. */
  compact(what?: Compaction): Promise<CompactionResult>;
  /** Waits for what is under way, then closes. Appends after it reject with `JournalError`. A second call waits for the first. */
  close(): Promise<void>;
}

/** Something is wrong with a journal. */
export class JournalError extends ExpectedError {
  override readonly name: string = "JournalError";
  readonly retryable: boolean;
  /** The journal, as people know it: a path. */
  readonly journal: string;
  /** What became of the append: nothing of it is stored, or nobody knows. */
  readonly outcome: "not-done" | "unknown";

  constructor(
    journal: string,
    problem: string,
    facts: { readonly retryable?: boolean; readonly outcome?: "not-done" | "unknown"; readonly cause?: unknown } = {},
  ) {
    super(`journal ${journal}: ${problem}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.journal = journal;
    this.retryable = facts.retryable ?? false;
    this.outcome = facts.outcome ?? "not-done";
  }
}

/** Another writer has opened the journal. Nothing was stored, and nothing more will be. */
export class JournalFencedError extends JournalError {
  override readonly name = "JournalFencedError";

  constructor(journal: string, epochs: { readonly own: number; readonly current: number }) {
    super(journal, `epoch ${epochs.own} is over: another process has opened it for writing (epoch ${epochs.current})`);
  }

  override get failureClass(): FailureClass {
    return "fenced";
  }
}

/** A number of an address is taken by another entry, or lies before one that is there. Nothing was stored. */
export class JournalConflictError extends JournalError {
  override readonly name = "JournalConflictError";
  readonly address: Address;
  readonly seq: number;
  /** The newest number of the address. */
  readonly last: number;

  constructor(journal: string, address: Address, seq: { readonly wanted: number; readonly last: number }) {
    super(journal, `entry ${seq.wanted} of ${address} cannot be stored: its newest is ${seq.last}`);
    this.address = address;
    this.seq = seq.wanted;
    this.last = seq.last;
  }
}

/** More waits to be stored than the journal takes; try again when some of it is. Nothing was stored. */
export class JournalFullError extends JournalError {
  override readonly name = "JournalFullError";

  constructor(journal: string, limit: number) {
    super(journal, `more than ${limit} bytes wait to be stored; slow down, or open it with a larger maxWaitingBytes`, { retryable: true });
  }

  override get failureClass(): FailureClass {
    return "overload";
  }
}

/** An entry, or the file itself, is not what was written. What can be read is still there. */
export class JournalDamagedError extends JournalError {
  override readonly name = "JournalDamagedError";
}

/**
 * The journal was removed, renamed or replaced under its writer, so that nobody would find what is still stored. Nothing more is; what was
 * acknowledged before is where it was taken.
 */
export class JournalMovedError extends JournalError {
  override readonly name = "JournalMovedError";
}

/** The past that was asked for has been compacted: what the actors were at that position is not known any more. */
export class JournalCompactedError extends JournalError {
  override readonly name = "JournalCompactedError";
  /** The position that was asked for. */
  readonly position: number;
  /** The oldest position from which on everything is there. */
  readonly oldest: number;

  constructor(journal: string, position: number, oldest: number) {
    super(
      journal,
      `position ${position} was compacted; read from ${oldest} on, or at the position of a marked entry of the actor, and pin what is still to be read`,
    );
    this.position = position;
    this.oldest = oldest;
  }
}

/** The journal was written by a newer version, or by none of ours. */
export class JournalVersionError extends JournalError {
  override readonly name = "JournalVersionError";
}

const lockedProblems = {
  alive: "has it open for writing; end that process first, or open it with takeOver",
  writing: "is in the middle of a write; end that process first",
  unknown: "has it open for writing, and nobody here can tell whether it lives; if it is over, open it with takeOver",
} as const;

/** Another process has the journal open for writing, and lives, or may live. */
export class JournalLockedError extends JournalError {
  override readonly name = "JournalLockedError";
  /** The other process, as people know it: host and process id. */
  readonly owner: string;
  /** What is known of it. One that is in the middle of a write has to end: nobody can take over from it. */
  readonly vitality: "alive" | "writing" | "unknown";

  constructor(journal: string, owner: string, vitality: JournalLockedError["vitality"] = "alive") {
    super(journal, `${owner} ${lockedProblems[vitality]}`);
    this.owner = owner;
    this.vitality = vitality;
  }
}
