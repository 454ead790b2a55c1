import { DatabaseSync } from "./node-sqlite.ts";
import { checksumOfAddress } from "../checksum.ts";
import { journalColumns, type JournalRow, writeJournalRow } from "./own-rows.ts";
import { ProblemError } from "./problem.ts";

/** In the header of each of our files, so that they are told from other SQLite databases: "ortg". */
export const applicationId = 0x6f727467;

/** Bytes of a page: with fewer, entries of half a kilobyte fill a page badly. */
export const pageBytes = 8_192;

interface Migration {
  readonly to: number;
  readonly apply: (database: DatabaseSync) => void;
}

/**
 * How a file came to be what it is: each step makes the next version of one before, and all of them make a new file.
 *
 * Versions that files in the wild may have are never changed; a new one is added.
 */
const migrations: readonly Migration[] = [
  {
    to: 1,
    // `step` leads back to the number before, so that a missing entry is noticed; 0 and 1 take no byte in a SQLite record.
    // `last_seq` counts only where compaction removed the newest entry; -1 is none.
    apply: (database) =>
      database.exec(`
        CREATE TABLE addresses (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL);
        CREATE TABLE entries (
          position INTEGER PRIMARY KEY, address INTEGER NOT NULL, seq INTEGER NOT NULL, step INTEGER NOT NULL,
          kind INTEGER NOT NULL, mark TEXT, crc INTEGER NOT NULL, data BLOB NOT NULL
        );
        CREATE UNIQUE INDEX entries_by_seq ON entries (address, seq);
        CREATE TABLE journal (
          id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, last_position INTEGER NOT NULL, writer TEXT
        );
        INSERT INTO journal (id, epoch, last_position) VALUES (1, 0, 0);
      `),
  },
  {
    to: 2,
    // Marks are found without reading everything, and what was compacted or could not be mended is known to be gone.
    apply: (database) =>
      database.exec(`
        CREATE INDEX entries_by_mark ON entries (mark) WHERE mark IS NOT NULL;
        ALTER TABLE journal ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE journal ADD COLUMN mended INTEGER NOT NULL DEFAULT 0;
      `),
  },
  {
    to: 3,
    // What is done in the world is known by the name of the run, as in `newRun`.
    apply: (database) =>
      database.exec(`
        ALTER TABLE journal ADD COLUMN run TEXT NOT NULL DEFAULT '';
        UPDATE journal SET run = lower(hex(randomblob(8)));
      `),
  },
  {
    to: 4,
    // The tables stay; content may be compressed, which a program that knows only what was before must not take for damage.
    apply: () => {},
  },
  {
    to: 5,
    // What is in no entry has a checksum too: the name of the run stands in front of each key that is sent outward.
    apply(database) {
      database.exec(`
        ALTER TABLE journal ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE addresses ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
      `);
      database.function("address_checksum", { deterministic: true }, (address, lastSeq) =>
        checksumOfAddress(String(address), Number(lastSeq)),
      );
      database.exec("UPDATE addresses SET crc = address_checksum(address, last_seq)");
      const { last_position: lastPosition, ...row } = database.prepare(`SELECT ${journalColumns} FROM journal`).get()!;
      writeJournalRow(database, { ...row, lastPosition } as unknown as JournalRow);
    },
  },
];

/** The version that this package writes. */
export const schemaVersion = migrations.at(-1)!.to;

/** What the header of a file says: its version, or that it is none of ours. 0 for a file that is empty. */
export function versionOf(database: DatabaseSync): number {
  const { id, version, tables } = readHeader(database);
  if (id === 0 && version === 0 && tables === 0) return 0;
  if (id !== applicationId) {
    throw new ProblemError({ kind: "version", problem: "it is a database of something else; give another path" });
  }
  if (version > schemaVersion) {
    const problem = `it was written by a newer version of orgtree (schema ${version}, this one knows ${schemaVersion}); update orgtree`;
    throw new ProblemError({ kind: "version", problem });
  }
  return version;
}

/** From this version on the rows that are no entries have checksums. */
export const ownChecksumsVersion = 5;

/**
 * Looks that the tables are those of a version: their text is under no checksum, and SQLite takes whatever it makes sense of. Tables of
 * others do no harm. Throws `ProblemError`.
 */
export function checkTables(database: DatabaseSync, version: number): void {
  const found = new Set(tablesOf(database));
  const wrong = tablesOfVersion(version).filter((text) => !found.has(text));
  if (wrong.length === 0) return;
  const problem = `its tables are not those of schema ${version} (${wrong.join("; ")}); write what is sound to a new file with repair`;
  throw new ProblemError({ kind: "damaged", problem });
}

const knownTables = new Map<number, readonly string[]>();

function tablesOfVersion(version: number): readonly string[] {
  let tables = knownTables.get(version);
  if (tables !== undefined) return tables;
  const database = new DatabaseSync(":memory:");
  for (const { to, apply } of migrations) if (to <= version) apply(database);
  knownTables.set(version, (tables = tablesOf(database)));
  database.close();
  return tables;
}

/** A text for each table and index, whatever the blanks in it. */
function tablesOf(database: DatabaseSync): readonly string[] {
  const rows = database.prepare("SELECT type, name, tbl_name, coalesce(sql, '') AS sql FROM sqlite_schema").all();
  return rows.map(({ type, name, tbl_name: table, sql }) =>
    [type, name, table, sql]
      .join(" ")
      .replaceAll(/\s+/g, " ")
      .replaceAll(/ ?([(),]) ?/g, "$1"),
  );
}

/** Brings the tables to the newest version; inside of a transaction, so that it is done or not. */
export function migrate(database: DatabaseSync, version: number): void {
  if (version === schemaVersion) return;
  for (const { to, apply } of migrations) {
    if (to <= version) continue;
    try {
      apply(database);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const problem = `it could not be brought from schema ${version} to ${to}: ${why}; nothing was changed`;
      throw new ProblemError({ kind: "store", problem, retryable: false, outcome: "not-done" });
    }
  }
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
}

/** In one transaction: somebody else may just make the file. */
function readHeader(database: DatabaseSync): { readonly id: number; readonly version: number; readonly tables: number } {
  const isOwn = !database.isTransaction;
  if (isOwn) database.exec("BEGIN");
  try {
    const tables = Number(database.prepare("SELECT count(*) AS count FROM sqlite_schema").get()!["count"]);
    return { id: numberOf(database, "application_id"), version: numberOf(database, "user_version"), tables };
  } finally {
    if (isOwn && database.isTransaction) database.exec("ROLLBACK");
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()![pragma]);
}
