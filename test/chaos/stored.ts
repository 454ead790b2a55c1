import { type Address, decode, type Endpoint, type EntryKind } from "@orgtree/core";
import type { NatsLink } from "@orgtree/nats";
import { type PastTurn, readTurn } from "@orgtree/runtime";
import { namespace } from "./site.ts";

/** A record in the journal of a partition. */
export type StoredRecord =
  /** Somebody opened it: whoever wrote before must not write any more. */
  | { readonly type: "opening"; readonly message: number; readonly atMs: number; readonly owner: string }
  | {
      readonly type: "entries";
      readonly message: number;
      /** When the server stored it, milliseconds since 1970. */
      readonly atMs: number;
      /** Position of its first entry. */
      readonly first: number;
      readonly turns: readonly (PastTurn & { readonly kind: EntryKind })[];
    }
  /** `end` entries and records of compaction. */
  | { readonly type: "other"; readonly message: number };

type Row = readonly [address: Address, seq: number, kind: number, data: Uint8Array];

const kinds: readonly EntryKind[] = ["part", "whole", "end"];
const headBytes = 8;
const pieceHeadBytes = 12;
const atOnce = 32;

interface StoredMessage {
  readonly seq: number;
  readonly time: string;
  readonly data?: string;
}

/** All records of a partition's journal, as they are in the stream: read past the product's own reader. */
export async function readStored(link: NatsLink, endpoint: Endpoint): Promise<readonly StoredRecord[]> {
  const stream = `J_${namespace}-${endpoint}`;
  const ask = async <T>(subject: string, body: unknown): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await link.connection.request(subject, JSON.stringify(body), { timeout: 5_000 })).json<T>();
      } catch (error) {
        if (attempt === 10) throw error;
      }
    }
  };
  const { state } = await ask<{ state?: { last_seq: number } }>(`$JS.API.STREAM.INFO.${stream}`, {});
  if (state === undefined) throw new Error(`there is no stream ${stream}`);
  const messages: (StoredMessage | undefined)[] = [];
  for (let from = 1; from <= state.last_seq; from += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, state.last_seq - from + 1) }, (_, at) =>
      ask<{ message?: StoredMessage }>(`$JS.API.STREAM.MSG.GET.${stream}`, { seq: from + at }),
    );
    messages.push(...(await Promise.all(some)).map(({ message }) => message));
  }
  return recordsOf(messages.filter((message) => message !== undefined));
}

function recordsOf(messages: readonly StoredMessage[]): readonly StoredRecord[] {
  const records: StoredRecord[] = [];
  let pieces: Uint8Array[] = [];
  for (const { seq, time, data = "" } of messages) {
    let bytes: Uint8Array = Buffer.from(data, "base64");
    if (bytes[2] === 4) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [index, count] = [view.getUint32(4), view.getUint32(8)];
      pieces = [...(index === 0 ? [] : pieces), bytes.subarray(pieceHeadBytes)];
      if (pieces.length < count) continue;
      bytes = Buffer.concat(pieces);
    }
    records.push(recordOf(bytes, { message: seq, atMs: msOf(time) }));
  }
  return records;
}

/** Milliseconds since 1970 of a time with as many digits behind the seconds as there are. */
function msOf(time: string): number {
  const [, seconds = "", fraction = ""] = /^(.*:\d\d)(\.\d+)?Z$/.exec(time) ?? [];
  return Date.parse(`${seconds}Z`) + Number(`0${fraction}`) * 1_000;
}

function recordOf(bytes: Uint8Array, at: { readonly message: number; readonly atMs: number }): StoredRecord {
  const body = decode(bytes.subarray(headBytes)) as readonly unknown[];
  if (bytes[2] === 0) return { type: "opening", ...at, owner: body[0] as string };
  if (bytes[2] !== 1) return { type: "other", message: at.message };
  const first = body[0] as number;
  const turns = (body[1] as readonly Row[]).flatMap(([address, seq, kind, data], index) =>
    kinds[kind] === "end" ? [] : [{ ...readTurn({ address, seq, kind: kinds[kind]!, data, position: first + index }), kind: kinds[kind]! }],
  );
  return { type: "entries", ...at, first, turns };
}
