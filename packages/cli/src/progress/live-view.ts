import { describeCount, describeDuration, describeUsd } from "../text/amounts.ts";
import { widthOf } from "../text/display-width.ts";
import type { LivePicture } from "./live-model.ts";
import { drawLegend, drawTree, spinner } from "./live-tree.ts";
import { noteLine } from "./note-line.ts";
import { clipLine, span, type Line } from "../text/styled-line.ts";
import type { TerminalSize } from "../surroundings.ts";

/** Notes shown below the tree, at most. */
const mostNotes = 12;
/** Windows with fewer columns have no room for the time of notes. */
const narrow = 60;
/** Rows below the tree that have to be free before one of them explains the marks: what happens is worth more. */
const legendRows = 5;
/** Rows left free below the picture: the cursor stands there. */
const spareRows = 1;

/**
 * Draws a picture of a run within a window: the head, the tree, what its marks mean, the newest notes. Every line fits the
 * width, all of them fit the height; what does not fit is left out, notes first. A run that has ended may be drawn in a
 * window of any height: it does not move any more.
 */
export function drawPicture(picture: LivePicture, size: TerminalSize): readonly Line[] {
  const head = drawHead(picture);
  const tree = picture.tree === undefined ? [] : drawTree(picture, picture.tree, size.columns);
  const rows = Math.max(1, size.rows - spareRows);
  const legend = tree.length === 0 || picture.phase === "ended" || rows < head.length + tree.length + legendRows ? [] : drawLegend(picture);
  const shown = cutRows([...head, ...tree, ...legend], rows);
  const left = Math.min(mostNotes, rows - shown.length - 1);
  const notes = left <= 0 ? [] : picture.notes.slice(-left);
  const nameWidth = Math.min(16, Math.max(0, ...notes.map(({ who }) => widthOf(who))));
  const below = notes.length === 0 ? [] : [[], ...notes.map((note) => noteLine(note, { nameWidth, isNarrow: size.columns < narrow }))];
  return [...shown, ...below].map((line) => clipLine(line, size.columns));
}

function drawHead({ organization, phase, elapsedMs, beat, tree }: LivePicture): readonly Line[] {
  const mark = phase === "ended" ? span("  ") : span(`${spinner(beat)} `, "accent");
  const head = [mark, span(organization, "strong"), span(`  ${describeDuration(elapsedMs)}`)];
  // What counts against the budget is more than what the report counts: a call that failed is charged in full.
  if (tree?.spent !== undefined && phase !== "ended") {
    head.push(span(`  ${describeCount(tree.spent.tokens)} tokens`));
    if (tree.spent.usd > 0) head.push(span(`  ${describeUsd(tree.spent.usd)}`));
  }
  switch (phase) {
    case "preparing":
      return [[...head, span("  making ready", "dim")]];
    case "working":
      return [head];
    case "ended":
      return [[...head, span("  ended", "dim")]];
    case "stopping":
      return [[...head, span("  stopping in order; Ctrl-C again exits at once", "warning")]];
    default:
      return phase satisfies never;
  }
}

/** The first rows, with a word about the rest where there are more. */
function cutRows(lines: readonly Line[], rows: number): readonly Line[] {
  if (lines.length <= rows) return lines;
  return rows === 1 ? lines.slice(0, 1) : [...lines.slice(0, rows - 1), [span(`… ${lines.length - rows + 1} more`, "dim")]];
}
