import { type Address, newRun } from "@orgtree/core";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../sqlite/database.ts";
import { checksumOfAddress } from "../checksum.ts";
import { toJournalError } from "../sqlite/journal-problem.ts";
import { makeFile, writeNewFile } from "../sqlite/new-file.ts";
import { writeJournalRow } from "../sqlite/own-rows.ts";
import { problemOf } from "../sqlite/problem.ts";
import { migrate, pageBytes, versionOf } from "../sqlite/schema.ts";
import { findOrphans } from "./chains.ts";
import { openSalvage } from "./open-salvage.ts";
import type { PageSource } from "./page-source.ts";
import type { DamagedEntry, Salvage, SoundRow } from "./salvage.ts";

/** What a repair did. Plain data. */
export interface RepairReport {
  readonly from: string;
  readonly to: string;
  readonly kept: number;
  /** Sound entries that build on one that is not there. */
  readonly leftOut: readonly {
    readonly address: Address;
    readonly seq: number;
    readonly position: number;
    readonly missing: number | undefined;
  }[];
  /** What was not sound, as in `verifyJournal`. */
  readonly damaged: readonly DamagedEntry[];
  readonly lost: readonly { readonly from: number; readonly to: number }[];
  /** What was not sound beside entries, and what the new file has instead. */
  readonly problems: readonly string[];
}

/**
 * Writes everything sound of a journal to a new file, under the same numbers and positions; the original is not changed.
 *
 * An address whose chain is broken keeps what is before the break, and its next `whole` with what follows. Numbers that were used
 * are not given again, even those of damaged entries. Where the name of its run is damaged, the new file is another run.
 *
 * Rejects with `JournalError` when `to` is there already, and as `verifyJournal` does. The new file is there when it is whole, and not before.
 */
export async function repairJournal(path: string, { to }: { readonly to: string }): Promise<RepairReport> {
  return writeNewFile(to, "a repair writes a new file only", async (unfinished, target) => {
    using opened = await openSalvage(path);
    const { found, source } = opened;
    const leftOut = findOrphans(found.sound).filter(({ missing }) => missing !== undefined);
    const gone = new Set(leftOut.map(({ position }) => position));
    const kept = found.sound.filter(({ position }) => !gone.has(position));
    try {
      await withNewDatabase(unfinished, (database) => write(database, { kept, found }));
    } catch (error) {
      throw toJournalError(target, problemOf(error));
    }
    const { damaged, lost } = found;
    const problems = [...problemsOfLog(source), ...problemsOf(found)];
    return { from: opened.path, to: target, kept: kept.length, leftOut, damaged, lost, problems };
  });
}

async function withNewDatabase(path: string, work: (database: DatabaseSync) => Promise<void>): Promise<void> {
  const release = makeFile(path);
  try {
    const database = openDatabase(path, "write");
    try {
      database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; BEGIN`);
      migrate(database, versionOf(database));
      await work(database);
      database.exec("COMMIT");
    } finally {
      database.close();
    }
  } finally {
    release();
  }
}

async function write(
  database: DatabaseSync,
  { kept, found }: { readonly kept: readonly SoundRow[]; readonly found: Salvage },
): Promise<void> {
  const ids = new Map<Address, number>();
  const addAddress = database.prepare("INSERT INTO addresses (address, last_seq, crc) VALUES (?, ?, ?)");
  for (const [address, lastSeq] of found.lastSeqs)
    ids.set(address, Number(addAddress.run(address, lastSeq, checksumOfAddress(address, lastSeq)).lastInsertRowid));
  const add = database.prepare("INSERT INTO entries (position, address, seq, step, kind, mark, crc, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const [index, row] of kept.entries()) {
    const { position, address, seq, step, kind, mark, crc } = row;
    // It was there when its checksum was looked at.
    add.run(position, ids.get(address)!, seq, step, kind, mark, crc, row.data()!);
    if (index % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const last = Math.max(found.journal?.lastPosition ?? 0, found.sound.at(-1)?.position ?? 0, found.damaged.at(-1)?.position ?? 0);
  const { epoch = 0, horizon = newestGap(found), run = newRun() } = found.journal ?? {};
  writeJournalRow(database, { epoch, lastPosition: last, writer: null, horizon, mended: last, run });
}

/** Where nothing tells how far compaction has been, it was not behind the newest entry that is missing. */
function newestGap({ sound }: Salvage): number {
  const before = sound.findLastIndex(({ position }, index) => position > (sound[index - 1]?.position ?? 0) + 1);
  return before === -1 ? 0 : sound[before]!.position - 1;
}

function problemsOfLog({ logDamage: damage }: PageSource): readonly string[] {
  if (damage === undefined || damage.isMended) return [];
  return [`its log (-wal) is damaged (${damage.problem}): entries may be missing, the newest of all too`];
}

function problemsOf({ journal, rowProblems }: Salvage): readonly string[] {
  const [first, ...others] = rowProblems;
  const other = "the new file is another run, and work that was under way is begun there again under another key";
  const onAddresses = (problem: string): string => `${problem}: numbers of it that were used may be given again`;
  if (first === undefined) return [];
  return [journal === undefined ? `${first}: ${other}` : onAddresses(first), ...others.map(onAddresses)];
}
