/** Node's SQLite. Not by an import: that of a module which an older Node does not have fails before anybody can say what it needs. */
import type * as Sqlite from "node:sqlite";

/** A connection. */
export type DatabaseSync = Sqlite.DatabaseSync;

/** Makes one. */
export const DatabaseSync: typeof Sqlite.DatabaseSync = openModule().DatabaseSync;

function openModule(): typeof Sqlite {
  // An older Node does not have the function either.
  const { getBuiltinModule } = process as Partial<Pick<typeof process, "getBuiltinModule">>;
  const sqlite = getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) throw new Error(`this is Node ${process.versions.node}; orgtree/journal needs Node 22.18 or newer`);
  return sqlite;
}
