import { stripVTControlCharacters } from "node:util";

/** Width of text in terminal columns. What agents say is untrusted: it is cleaned before it is shown. */

/** One line of text without control characters, so that it can neither move the cursor nor colour what follows. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .trim();
}

/** The first line with something in it, cleaned. */
export function firstLine(text: string): string {
  for (const line of text.split("\n")) {
    const clean = cleanText(line);
    if (clean !== "") return clean;
  }
  return "";
}

/** Columns that `text` takes. */
export function widthOf(text: string): number {
  if (isPlain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** Columns that the widest text takes; 0 where there is none. A list may be longer than what a call takes as its arguments. */
export function widestOf<T>(items: readonly T[], text: (item: T) => string): number {
  let widest = 0;
  for (const item of items) widest = Math.max(widest, widthOf(text(item)));
  return widest;
}

/** The longest beginning of `text` within `columns`, with an ellipsis where something was cut off. */
export function clipText(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return "";
  let clipped = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOfGrapheme(segment);
    if (width > columns - 1) break;
    clipped += segment;
  }
  return `${clipped}…`;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const isPlain = /^[\x20-\x7e]*$/;
/** East Asian wide characters and emoji (UAX #11), in ranges that hold nothing else. */
const isWide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}|\ufe0f/u;
const isInvisible = /^[\p{Mn}\p{Me}\p{Cc}\p{Cf}]+$/u;

function widthOfGrapheme(grapheme: string): number {
  if (isInvisible.test(grapheme)) return 0;
  return isWide.test(grapheme) ? 2 : 1;
}
