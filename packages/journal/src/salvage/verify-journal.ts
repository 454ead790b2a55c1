import { describeProcess } from "../sqlite/process-identity.ts";
import { kindOf } from "../sqlite/stored-content.ts";
import { findOrphans, type OrphanedPart } from "./chains.ts";
import { openSalvage } from "./open-salvage.ts";
import type { DamagedEntry, Salvage } from "./salvage.ts";

/** What was found in a file. Plain data. */
export interface JournalReport {
  readonly path: string;
  /** True when nothing below is wrong. */
  readonly isSound: boolean;
  /** Of the tables; undefined when the first page does not tell. */
  readonly schemaVersion: number | undefined;
  /** Undefined when the row that tells it is damaged. */
  readonly epoch: number | undefined;
  /** Who has it open for writing, or died so; undefined when it was closed. */
  readonly writer: string | undefined;
  /** Entries whose checksum fits, and the bytes that their data take in the file. */
  readonly entries: number;
  readonly dataBytes: number;
  readonly addresses: number;
  /** Actors that have not ended. */
  readonly actors: number;
  /** Compaction has been here: images before this position are not complete. */
  readonly horizon: number;
  /** By name where anything tells it. */
  readonly damaged: readonly DamagedEntry[];
  /** Parts that no whole leads to. Those where something is `missing` are damage; the others were written so. */
  readonly orphaned: readonly OrphanedPart[];
  /** Positions of entries of which nothing is left, both ends inclusive. */
  readonly lost: readonly { readonly from: number; readonly to: number }[];
  /** What is wrong with the file as such. */
  readonly problems: readonly string[];
}

/**
 * Looks at every byte of a journal and says what is sound and what is not; changes nothing, and works beside a living writer.
 *
 * Rejects with `JournalVersionError` when the file is of a newer version or of something else, `JournalError` when it cannot be
 * read at all.
 */
export async function verifyJournal(path: string): Promise<JournalReport> {
  using opened = await openSalvage(path);
  const { found, source } = opened;
  const { damaged, lost, journal } = found;
  const orphaned = findOrphans(found.sound);
  const problems = [...source.problems, ...opened.complaints, ...found.rowProblems];
  const isSound = problems.length + damaged.length + lost.length === 0 && orphaned.every(({ missing }) => missing === undefined);
  return {
    path: opened.path,
    isSound,
    schemaVersion: source.header.version,
    epoch: journal?.epoch,
    writer: journal?.writer === undefined ? undefined : describeProcess(journal.writer).replace(/,$/, ""),
    entries: found.sound.length,
    dataBytes: found.sound.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
    addresses: found.lastSeqs.size,
    actors: countActors(found),
    horizon: journal?.horizon ?? 0,
    damaged,
    orphaned,
    lost,
    problems,
  };
}

function countActors({ sound }: Salvage): number {
  const living = new Set<string>();
  for (const { address, kind } of sound) {
    if (kindOf(kind) === "whole") living.add(address);
    else if (kindOf(kind) === "end") living.delete(address);
  }
  return living.size;
}
