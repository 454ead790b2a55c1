/** Pages of news as bytes: each fits in a message, whatever is in a turn. */
import { decode, encode } from "@orgtree/core";
import type { JobNewsItem, RunNewsPage } from "./job-news.ts";

/** For what is around the turns of a page, in bytes; of each turn a few more. */
const headBytes = 256;
const headBytesOfItem = 16;

/** The longest text, in characters, where a turn is too large: tried one after the other. */
const shorterTexts = [65_536, 4_096, 256];

/** As many turns of a page as fit, one at least: where it alone is too large, in short. */
export function encodePage({ news, isOver }: RunNewsPage, maxBytes: number): Uint8Array {
  const items: Uint8Array[] = [];
  let left = maxBytes - headBytes;
  for (const item of news) {
    const bytes = items.length === 0 ? encodeItem(item, left - headBytesOfItem) : encode(item);
    left -= bytes.length + headBytesOfItem;
    if (left < 0 && items.length > 0) break;
    items.push(bytes);
  }
  return encode({ news: items, isOver: isOver && items.length === news.length });
}

/** The page behind the bytes. Throws `RangeError` when they are none. */
export function decodePage(bytes: Uint8Array): RunNewsPage {
  const { news, isOver } = decode(bytes) as { readonly news: readonly Uint8Array[]; readonly isOver: boolean };
  return { news: news.map((item) => decode(item) as JobNewsItem), isOver };
}

function encodeItem(item: JobNewsItem, maxBytes: number): Uint8Array {
  const bytes = encode(item);
  if (bytes.length <= maxBytes) return bytes;
  for (const longest of shorterTexts) {
    const shorter = encode({ ...(shorten(item, longest) as JobNewsItem), isShortened: true });
    if (shorter.length <= maxBytes) return shorter;
  }
  return encode({ position: item.position, atMs: item.atMs, events: [], entries: [], isShortened: true } satisfies JobNewsItem);
}

/** The same with shorter texts, and without bytes. */
function shorten(value: unknown, longest: number): unknown {
  if (typeof value === "string")
    return value.length <= longest ? value : `${value.slice(0, longest).toWellFormed()}… (${value.length - longest} characters left out)`;
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return value.byteLength <= longest ? value : `(${value.byteLength} bytes left out)`;
  if (Array.isArray(value)) return value.map((item) => shorten(item, longest));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, longest)]));
}
