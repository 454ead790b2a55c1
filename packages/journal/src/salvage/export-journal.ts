import type { EntryKind } from "@orgtree/core";
import { decompress, kindOf } from "../sqlite/stored-content.ts";
import type { FoundRow } from "./found-rows.ts";
import { openSalvage } from "./open-salvage.ts";
import type { DamagedEntry } from "./salvage.ts";

/** One entry as a line of an export: plain data, ready for `JSON.stringify`. */
export interface ExportedEntry {
  readonly position: number;
  /** Null where damage leaves it unknown; as `seq` and `kind`. */
  readonly address: string | null;
  readonly seq: number | null;
  readonly kind: EntryKind | null;
  readonly mark: string | null;
  /** False when the entry is not what was written. */
  readonly isSound: boolean;
  /** The content in base64; what it means, the runtime knows. Null where not all of it can be had. */
  readonly data: string | null;
}

/**
 * Everything in a journal, damaged entries too, in the order of positions; changes nothing, and works beside a living writer.
 * What the writer stores meanwhile is not in it.
 *
 * Throws as `verifyJournal` rejects.
 */
export async function* exportJournal(path: string): AsyncGenerator<ExportedEntry> {
  using opened = await openSalvage(path);
  const { sound, damaged, damagedRows } = opened.found;
  let next = 0;
  for (const row of sound) {
    for (; next < damaged.length && damaged[next]!.position < row.position; next++) yield toDamaged(damaged[next]!, damagedRows);
    yield {
      position: row.position,
      address: row.address,
      seq: row.seq,
      kind: kindOf(row.kind)!,
      mark: row.mark,
      isSound: true,
      data: contentOf(row),
    };
  }
  for (; next < damaged.length; next++) yield toDamaged(damaged[next]!, damagedRows);
}

function toDamaged({ position, address, seq }: DamagedEntry, rows: ReadonlyMap<number, FoundRow>): ExportedEntry {
  const row = rows.get(position);
  const kind = row === undefined ? null : (kindOf(row.kind) ?? null);
  const mark = row?.mark ?? null;
  return {
    position,
    address: address ?? null,
    seq: seq ?? null,
    kind,
    mark,
    isSound: false,
    data: row === undefined ? null : contentOf(row),
  };
}

function contentOf({ kind, data: read }: FoundRow): string | null {
  const stored = read();
  const data = stored === undefined ? undefined : decompress({ kind, data: stored });
  return data === undefined ? null : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}
