import { DatabaseSync } from "node:sqlite";
import type { Entry } from "@orgtree/core";
import { checksumOf } from "../src/checksum.ts";

/** The tables of schema 1, as they were; never to be changed. */
const tables = `
  PRAGMA page_size = 8192;
  CREATE TABLE addresses (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL);
  CREATE TABLE entries (
    position INTEGER PRIMARY KEY, address INTEGER NOT NULL, seq INTEGER NOT NULL, step INTEGER NOT NULL,
    kind INTEGER NOT NULL, mark TEXT, crc INTEGER NOT NULL, data BLOB NOT NULL
  );
  CREATE UNIQUE INDEX entries_by_seq ON entries (address, seq);
  CREATE TABLE journal (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, last_position INTEGER NOT NULL, writer TEXT);
  INSERT INTO journal (id, epoch, last_position) VALUES (1, 3, 0);
  INSERT INTO addresses VALUES (1, '/a', -1), (2, '/b', -1);
  PRAGMA application_id = 1869771879;
  PRAGMA user_version = 1;
`;

/** A journal as the first version wrote it; gives back what is in it. */
export function makeOldJournal(path: string): Entry[] {
  const database = new DatabaseSync(path);
  database.exec(tables);
  const insert = database.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const entries: Entry[] = [
    { position: 1, address: "/a", seq: 1, kind: "whole", mark: "first", data: Uint8Array.of(1, 2, 3) },
    { position: 2, address: "/b", seq: 7, kind: "whole", data: Uint8Array.of() },
    { position: 3, address: "/a", seq: 2, kind: "part", data: Uint8Array.of(4) },
  ];
  for (const { position, address, seq, kind, mark = null, data } of entries) {
    const [step, number] = [position === 3 ? 1 : 0, kind === "whole" ? 1 : 0];
    const crc = checksumOf({ position, address, seq, step, kind: number, mark, data });
    insert.run(position, address === "/a" ? 1 : 2, seq, step, number, mark, crc, data);
  }
  database.close();
  return entries;
}
