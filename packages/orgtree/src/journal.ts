// Files of journals: a door of its own, since it loads SQLite, which most programs do without.
export {
  type DamagedEntry,
  type ExportedEntry,
  exportJournal,
  type JournalReport,
  MemoryJournal,
  openSqliteJournal,
  openSqliteJournalReader,
  type OrphanedPart,
  repairJournal,
  type RepairReport,
  type SqliteJournal,
  type SqliteJournalOptions,
  type SqliteJournalReader,
  type SqliteJournalReaderOptions,
  verifyJournal,
} from "@orgtree/journal";
