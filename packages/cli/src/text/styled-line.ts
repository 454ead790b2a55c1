import { styleText } from "node:util";
import { clipText, widthOf } from "./display-width.ts";
import { wrapText } from "./wrap-text.ts";

/** What a piece of text is to the reader; how it looks is decided when it is painted. */
export type Tone = "plain" | "dim" | "strong" | "accent" | "good" | "warning" | "bad";

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** A line before it is painted: data that tests can read and that can be clipped without cutting a colour in two. */
export type Line = readonly Span[];

/** Makes a piece of a line. */
export function span(text: string, tone: Tone = "plain"): Span {
  return { text, tone };
}

/** Columns that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + widthOf(text), 0);
}

/** The text alone. */
export function lineText(line: Line): string {
  return line.map(({ text }) => text).join("");
}

/** `text` with blanks up to `columns`. */
export function padText(text: string, columns: number, side: "left" | "right" = "right"): string {
  const blanks = " ".repeat(Math.max(0, columns - widthOf(text)));
  return side === "right" ? text + blanks : blanks + text;
}

/** The line within `columns`. */
export function clipLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const clipped: Span[] = [];
  let left = columns;
  for (const { text, tone } of line) {
    const width = widthOf(text);
    if (width >= left) {
      // There is more behind it, so that the ellipsis is owed even when this piece fits.
      clipped.push({ text: clipText(width === left ? `${text} ` : text, left), tone });
      break;
    }
    clipped.push({ text, tone });
    left -= width;
  }
  return clipped;
}

/** Text as lines of at most `columns`, all but the first of them indented by the blanks that it begins with. */
export function wrapSpan({ text, tone }: Span, columns: number): readonly Line[] {
  const indent = text.length - text.trimStart().length;
  const lines = wrapText(text.trimStart(), Math.max(20, columns - indent));
  return lines.map((line) => [span(" ".repeat(indent) + line, tone)]);
}

/** The line as a terminal takes it, without blanks at its end. */
export function paintLine(line: Line, hasColor: boolean): string {
  if (!hasColor) return lineText(line).trimEnd();
  const last = line.findLastIndex(({ text }) => text.trimEnd() !== "");
  const painted = line.slice(0, last).map(paintSpan).join("");
  return last < 0 ? "" : painted + paintSpan({ ...line[last]!, text: line[last]!.text.trimEnd() });
}

/** Lines as they are written, each with its end. */
export function paintLines(lines: readonly Line[], hasColor: boolean): string {
  return lines.map((line) => `${paintLine(line, hasColor)}\n`).join("");
}

function paintSpan({ text, tone }: Span): string {
  const look = looks[tone];
  return look === undefined || text === "" ? text : styleText(look, text, { validateStream: false });
}

const looks = {
  plain: undefined,
  dim: "dim",
  strong: "bold",
  accent: "cyan",
  good: "green",
  warning: "yellow",
  bad: "red",
} as const satisfies Record<Tone, string | undefined>;
