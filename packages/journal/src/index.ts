export { forkJournal, type ForkOptions, type ForkReport } from "./fork-journal.ts";
export { ForkError, type ForkPoint, type ForkSource } from "./fork-point.ts";
export { forkFile } from "./sqlite/fork-file.ts";
export { MemoryFile } from "./memory-file.ts";
export { MemoryJournal } from "./memory-journal.ts";
export { ScopedJournal } from "./scoped-journal.ts";
export type { OrphanedPart } from "./salvage/chains.ts";
export { type ExportedEntry, exportJournal } from "./salvage/export-journal.ts";
export { repairJournal, type RepairReport } from "./salvage/repair-journal.ts";
export type { DamagedEntry } from "./salvage/salvage.ts";
export { type JournalReport, verifyJournal } from "./salvage/verify-journal.ts";
export { removeSqliteJournal } from "./sqlite/remove-journal.ts";
export { defaultMaxWaitingBytes, openSqliteJournal, type SqliteJournal, type SqliteJournalOptions } from "./sqlite/sqlite-journal.ts";
export {
  type JournalReader,
  openSqliteJournalReader,
  type SqliteJournalReader,
  type SqliteJournalReaderOptions,
} from "./sqlite/sqlite-reader.ts";
