import { describeSeconds } from "./amounts.ts";
import { padText, span, type Line } from "./styled-line.ts";
import type { Note } from "./story.ts";

/** Where notes are shown. */
export interface NotePlace {
  /** Aligns the names. */
  readonly nameWidth: number;
  /** There is no room for the time. Default false. */
  readonly isNarrow?: boolean;
}

/** How a note looks: when, what kind, who, what. */
export function noteLine(note: Note, { nameWidth, isNarrow = false }: NotePlace): Line {
  const isNews = note.kind !== "state" && note.kind !== "tool";
  return [
    span(isNarrow ? "" : `${describeSeconds(note.atMs).padStart(8)}  `, "dim"),
    span(`${symbols[note.kind](note)} `, note.tone),
    span(`${padText(note.who, nameWidth)}  `, isNews ? "strong" : "plain"),
    span(note.text, note.tone),
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
