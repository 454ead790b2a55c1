import type { TreeNode } from "orgtree";
import { describeCount, describeDuration, describeUsd } from "./amounts.ts";
import { clipText, widthOf } from "./display-width.ts";
import type { LivePicture } from "./live-model.ts";
import { noteLine } from "./note-line.ts";
import { clipLine, lineWidth, padText, span, type Line, type Span } from "./styled-line.ts";
import type { TerminalSize } from "./surroundings.ts";

/** Notes shown below the tree, at most. */
const mostNotes = 12;
/** Windows with fewer columns have no room for the time of notes. */
const narrow = 60;
/** Rows left free below the picture: the cursor stands there. */
const spareRows = 1;

/**
 * Draws a picture of a run within a window: the head, the tree, the newest notes. Every line fits the width, all of them
 * fit the height; what does not fit is left out, notes first.
 */
export function drawPicture(picture: LivePicture, size: TerminalSize): readonly Line[] {
  const head = drawHead(picture);
  const tree = picture.tree === undefined ? [] : drawTree(picture, picture.tree, size.columns);
  const rows = Math.max(1, size.rows - spareRows);
  const shown = cutRows([...head, ...tree], rows);
  const left = Math.min(mostNotes, rows - shown.length - 1);
  const notes = left <= 0 ? [] : picture.notes.slice(-left);
  const nameWidth = Math.min(16, Math.max(0, ...notes.map(({ who }) => widthOf(who))));
  const below = notes.length === 0 ? [] : [[], ...notes.map((note) => noteLine(note, { nameWidth, isNarrow: size.columns < narrow }))];
  return [...shown, ...below].map((line) => clipLine(line, size.columns));
}

function drawHead({ organization, phase, elapsedMs, beat, tree }: LivePicture): readonly Line[] {
  const head = [span(`${spinner(beat)} `, "accent"), span(organization, "strong"), span(`  ${describeDuration(elapsedMs)}`)];
  if (tree?.spent !== undefined) {
    head.push(span(`  ${describeCount(tree.spent.tokens)} tokens`));
    if (tree.spent.usd > 0) head.push(span(`  ${describeUsd(tree.spent.usd)}`));
  }
  switch (phase) {
    case "preparing":
      return [[...head, span("  making ready", "dim")]];
    case "working":
      return [head];
    case "ended":
      return [[...head, span("  gathering the result", "dim")]];
    case "stopping":
      return [[...head, span("  stopping in order; Ctrl-C again exits at once", "warning")]];
    default:
      return phase satisfies never;
  }
}

/** One actor as a row, before its columns are aligned. */
interface Row {
  readonly branch: string;
  readonly name: string;
  readonly mark: Span;
  readonly state: Span;
  readonly restarts: string;
  readonly tokens: string;
}

function drawTree(picture: LivePicture, root: TreeNode, columns: number): readonly Line[] {
  const rows = rowsBelow(picture, root, "");
  const widest = (part: (row: Row) => string): number => Math.max(0, ...rows.map((row) => widthOf(part(row))));
  const widths: Widths = {
    name: Math.min(
      widest(({ branch, name }) => branch + name),
      Math.floor(columns / 2),
    ),
    // The state keeps its column while it changes, so that nothing jumps.
    state: Math.max(
      22,
      widest(({ state }) => state.text),
    ),
    restarts: widest(({ restarts }) => restarts),
    tokens: widest(({ tokens }) => tokens),
    window: columns,
  };
  return rows.map((row) => rowLine(row, widths));
}

interface Widths {
  readonly name: number;
  readonly state: number;
  readonly restarts: number;
  readonly tokens: number;
  readonly window: number;
}

/** What a narrow window has no room for is left out: first the tokens, with the blanks that align the restarts, then the restarts. */
function rowLine(row: Row, widths: Widths): Line {
  const label = clipText(row.branch + row.name, widths.name);
  const cut = Math.min(row.branch.length, label.length);
  const name = padText(label.slice(cut), widths.name - cut);
  const line = [span(label.slice(0, cut), "dim"), span(name), span("  "), row.mark, span(" "), row.state];
  if (widths.name + 4 + widths.state + 2 + widths.restarts + 2 + widths.tokens <= widths.window) {
    const gap = " ".repeat(widths.state - widthOf(row.state.text) + 2);
    line.push(
      span(gap + padText(row.restarts, widths.restarts), "warning"),
      span(`  ${padText(row.tokens, widths.tokens, "left")}`, "dim"),
    );
  } else if (lineWidth(line) + 2 + widthOf(row.restarts) <= widths.window) {
    line.push(span(`  ${row.restarts}`, "warning"));
  }
  return line;
}

function rowsBelow(picture: LivePicture, parent: TreeNode, indent: string): readonly Row[] {
  return parent.children.flatMap((node, at) => {
    const isLast = at === parent.children.length - 1;
    const row = drawRow(picture, node, `${indent}${isLast ? "└─ " : "├─ "}`);
    return [row, ...rowsBelow(picture, node, `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function drawRow(picture: LivePicture, node: TreeNode, branch: string): Row {
  const { address, restarts, spent } = node;
  return {
    branch,
    name: address.slice(address.lastIndexOf("/") + 1),
    ...drawState(picture, node),
    restarts: restarts === 0 ? "" : `↻ ${restarts}`,
    tokens: spent === undefined || spent.tokens === 0 ? "" : `${describeCount(spent.tokens)} tokens`,
  };
}

function drawState({ beat, busy, retryInMs, said }: LivePicture, node: TreeNode): { readonly mark: Span; readonly state: Span } {
  const label = node.label ?? said.get(node.address) ?? "";
  switch (node.status) {
    case "running":
      if (busy.has(node.address)) return { mark: span(spinner(beat), "accent"), state: span(label, "accent") };
      return { mark: span("●", "good"), state: span(label, "dim") };
    case "restarting": {
      const dueMs = retryInMs.get(node.address);
      return {
        mark: span("↻", "warning"),
        state: span(dueMs === undefined ? "restarting" : `restarting in ${describeDuration(dueMs)}`, "warning"),
      };
    }
    case "suspended":
      return { mark: span("?", "warning"), state: span("waits for a decision", "warning") };
    case "starting":
    case "stopping":
      return { mark: span(spinner(beat), "dim"), state: span(node.status, "dim") };
    case "stopped":
      return { mark: span("○", "dim"), state: span("ended", "dim") };
    default:
      return node.status satisfies never;
  }
}

/** The first rows, with a word about the rest where there are more. */
function cutRows(lines: readonly Line[], rows: number): readonly Line[] {
  if (lines.length <= rows) return lines;
  return rows === 1 ? lines.slice(0, 1) : [...lines.slice(0, rows - 1), [span(`… ${lines.length - rows + 1} more`, "dim")]];
}

function spinner(beat: number): string {
  return spinnerFrames[beat % spinnerFrames.length]!;
}

const spinnerFrames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
