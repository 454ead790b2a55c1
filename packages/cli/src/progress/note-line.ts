import { describeSeconds } from "../text/amounts.ts";
import { lineWidth, padText, span, type Line } from "../text/styled-line.ts";
import { wrapText } from "../text/wrap-text.ts";
import type { Note } from "./story.ts";

/** Where notes are shown. */
export interface NotePlace {
  /** Aligns the names. */
  readonly nameWidth: number;
  /** There is no room for the time. Default false. */
  readonly isNarrow?: boolean;
}

/** How a note looks: when, what kind, who, what. */
export function noteLine(note: Note, place: NotePlace): Line {
  return [...noteHead(note, place), span(note.text, note.tone)];
}

/** A note broken at `columns`, its text in a column of its own. */
export function noteLines(note: Note, place: NotePlace, columns: number): readonly Line[] {
  const head = noteHead(note, place);
  const indent = lineWidth(head);
  if (columns - indent < 20) return [noteLine(note, place)];
  const below = span(" ".repeat(indent));
  return wrapText(note.text, columns - indent).map((text, at) => (at === 0 ? head : [below]).concat(span(text, note.tone)));
}

function noteHead(note: Note, { nameWidth, isNarrow = false }: NotePlace): Line {
  const isNews = note.kind !== "state" && note.kind !== "tool";
  return [
    span(isNarrow ? "" : `${describeSeconds(note.atMs).padStart(8)}  `, "dim"),
    span(`${symbols[note.kind](note)} `, note.tone),
    span(`${padText(note.who, nameWidth)}  `, isNews ? "strong" : "plain"),
  ];
}

const symbols: Record<Note["kind"], (note: Note) => string> = {
  state: () => " ",
  tool: () => " ",
  failure: () => "✗",
  decision: () => "↻",
  recovery: () => "●",
  alarm: () => "!",
  verdict: ({ tone }) => (tone === "good" ? "✔" : "✗"),
  "hold-point": ({ tone }) => (tone === "good" ? "✔" : "■"),
  trouble: () => "!",
};
