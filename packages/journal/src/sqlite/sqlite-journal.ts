import {
  type Address,
  checkEntries,
  checkPosition,
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryQuery,
  type Image,
  type Journal,
  type JournalDamagedError,
  JournalError,
  type NewEntry,
  type Pin,
  Pins,
} from "@orgtree/core";
import { randomUUID } from "node:crypto";
import { AppendQueue } from "./append-queue.ts";
import { defaultBusyMs } from "./database.ts";
import { holdFile } from "./held-files.ts";
import { withJournalErrors } from "./journal-problem.ts";
import { makeFile } from "./new-file.ts";
import { itemsOf } from "./pages.ts";
import { sizeBeside, statFile } from "./plain-file.ts";
import { refuse } from "./problem.ts";
import { ownProcess } from "./process-identity.ts";
import { realFile } from "./real-file.ts";
import { WorkerLink } from "./worker-link.ts";
import type { Opened } from "./worker-messages.ts";

/** How to open a SQLite journal. */
export interface SqliteJournalOptions {
  /** Reject with `JournalError` when the file is not there, or is empty, in place of making a journal of it. Default false. */
  readonly mustExist?: boolean | undefined;
  /** Permissions of a file that is made, whatever the mask of the process. Default 0o600: for the owner alone. */
  readonly mode?: number | undefined;
  /** Take the journal from a writer that lives: its next append is fenced. Default false: `JournalLockedError`. */
  readonly takeOver?: boolean | undefined;
  /**
   * Bytes of data that may wait to be stored before `append` refuses. At least 1; an append that finds nothing else waiting is
   * taken whatever its size. Default 64 MiB.
   */
  readonly maxWaitingBytes?: number | undefined;
  /** Largest size of the file, in bytes; beyond it appends are refused as if the disk were full. Default: what the disk takes. */
  readonly maxFileBytes?: number | undefined;
  /**
   * Longest wait for another process that is just writing to the file, in milliseconds; then opening and appends fail. From 0 on.
   * Default 5,000.
   */
  readonly busyMs?: number | undefined;
  /**
   * Hears of damaged entries while `images()` and `read()` go on without them. An actor whose image is damaged is left out.
   * Default: the iteration throws the error at the first.
   */
  readonly onDamage?: ((error: JournalDamagedError) => void) | undefined;
}

/** 64 MiB. */
export const defaultMaxWaitingBytes = 67_108_864;

/** Openings of this process whose thread died, for the next opener: the process lives, and they do not. */
const died = new Set<string>();

/**
 * Opens a journal in a file, for writing; makes the file when it is not there. One writer at a time: the epoch rises.
 *
 * Rejects with `JournalLockedError` when another process has it open and lives, `JournalVersionError` when the file is of a newer
 * version or of something else, `JournalDamagedError` when it is none, `JournalError` when it cannot be opened.
 */
export async function openSqliteJournal(path: string, options: SqliteJournalOptions = {}): Promise<SqliteJournal> {
  return (await openLinked(path, options)).journal;
}

/** @internal With the link to its thread, for tests that end it. */
export async function openLinked(
  path: string,
  options: SqliteJournalOptions = {},
): Promise<{ readonly journal: SqliteJournal; readonly link: WorkerLink }> {
  const { takeOver = false, maxFileBytes, busyMs = defaultBusyMs, mustExist = false, mode } = options;
  checkLimits(path, options);
  const opening = randomUUID();
  const record = { ...ownProcess(), opening };
  const file = withJournalErrors(path, () => realFile(path));
  if (mustExist) withJournalErrors(file, () => checkThere(file));
  const made = makeFile(file, mode);
  const link = new WorkerLink({ path: file, record, died: [...died], takeOver, maxFileBytes, busyMs });
  const { opened, release } = await holdOpened(file, link).finally(made);
  void link.exited.then(() => {
    release();
    if (!link.closed) died.add(opening);
  });
  return { journal: new SqliteJournal(file, { ...opened, link, options }), link };
}

async function holdOpened(file: string, link: WorkerLink): Promise<{ readonly opened: Opened; readonly release: () => void }> {
  const opened = await link.opened();
  return { opened, release: holdFile(file) };
}

function checkThere(file: string): void {
  const found = statFile(file);
  if (found === undefined) refuse("there is no such file; give the path of a journal");
  if (found.size === 0 && sizeBeside(file, "-wal") === 0) refuse("nothing was written to it yet; give the path of a journal");
}

function checkLimits(path: string, limits: SqliteJournalOptions): void {
  for (const [name, least] of [
    ["maxWaitingBytes", 1],
    ["maxFileBytes", 1],
    ["busyMs", 0],
  ] as const) {
    const value = limits[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
      throw new JournalError(path, `${name} must be a whole number from ${least} on, not ${String(value)}`);
    }
  }
}

/**
 * The journal in a file: SQLite with a write-ahead log, synced with each commit, in a thread of its own.
 *
 * What waits is stored in one transaction, whoever it is from. Open and idle it does not keep the process alive; while an append
 * waits it does.
 */
export class SqliteJournal implements Journal, AsyncDisposable {
  /** Of the file itself, where it was named by a link. */
  readonly path: string;
  readonly epoch: number;
  readonly run: string;
  readonly #link: WorkerLink;
  readonly #queue: AppendQueue;
  readonly #onDamage: ((error: JournalDamagedError) => void) | undefined;
  readonly #pins = new Pins();
  #closing: Promise<void> | undefined;

  /** @internal Use `openSqliteJournal`. */
  constructor(path: string, opened: Opened & { readonly link: WorkerLink; readonly options: SqliteJournalOptions }) {
    this.path = path;
    this.epoch = opened.epoch;
    this.run = opened.run;
    this.#link = opened.link;
    this.#onDamage = opened.options.onDamage;
    this.#queue = new AppendQueue(path, { link: opened.link, maxWaitingBytes: opened.options.maxWaitingBytes ?? defaultMaxWaitingBytes });
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async append(entries: readonly NewEntry[]): Promise<number> {
    this.#checkOpen();
    return this.#queue.append(entries, checkEntries(this.path, entries));
  }

  async horizon(): Promise<number> {
    this.#checkOpen();
    return this.#link.request("horizon", {});
  }

  async *images(at?: number): AsyncGenerator<Image> {
    this.#checkOpen();
    const position = checkPosition(this.path, at) ?? (await this.#lastPosition());
    using _pin = this.#pins.pin(position + 1);
    yield* itemsOf(this.path, {
      page: (after) => this.#link.request("images", { at: position, after }),
      onDamage: this.#onDamage,
    });
  }

  async *read(query: EntryQuery = {}): AsyncGenerator<Entry> {
    this.#checkOpen();
    const last = await this.#link.request("lastPosition", {});
    const bounded = { ...query, upTo: Math.min(query.upTo ?? last, last) };
    yield* itemsOf(this.path, {
      after: query.after,
      page: (after) => this.#link.request("read", { query: bounded, after }),
      onDamage: this.#onDamage,
    });
  }

  async image(address: Address, at?: number): Promise<Image | undefined> {
    this.#checkOpen();
    return this.#link.request("image", { address, at: checkPosition(this.path, at) });
  }

  async lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    this.#checkOpen();
    return this.#link.request("lastSeqs", {});
  }

  pin(position: number): Pin {
    return this.#pins.pin(checkPosition(this.path, position)!);
  }

  async compact({ keepAfter }: Compaction = {}): Promise<CompactionResult> {
    this.#checkOpen();
    return this.#link.request("compact", { keepAfter: checkPosition(this.path, keepAfter), pinned: this.#pins.lowest });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #lastPosition(): Promise<number> {
    // A compaction that is asked for meanwhile must not pass the position before it can be pinned.
    using _pin = this.#pins.pin(0);
    return await this.#link.request("lastPosition", {});
  }

  async #close(): Promise<void> {
    this.#queue.flush();
    await this.#link.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new JournalError(this.path, "it is closed; open it again to use it");
    if (this.#link.ended !== undefined) throw this.#link.ended;
  }
}
