import { idOf, type TreeNode } from "orgtree";
import { describeCount, describeDuration } from "../text/amounts.ts";
import { clipText, widestOf, widthOf } from "../text/display-width.ts";
import { lineWidth, padText, span, type Line, type Span } from "../text/styled-line.ts";
import type { LivePicture } from "./live-model.ts";

/** Draws the actors of a run, a row each, in columns. What a narrow window has no room for is left out. */
export function drawTree(picture: LivePicture, root: TreeNode, columns: number): readonly Line[] {
  const rows = rowsBelow(picture, root, "");
  const widest = (part: (row: Row) => string): number => widestOf(rows, part);
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

/** What the marks before the states mean. */
export function drawLegend({ beat }: LivePicture): readonly Line[] {
  const marks: readonly (readonly [Span, string])[] = [
    [span("●", "good"), "at rest"],
    [span(spinner(beat), "accent"), "at work: asks a model, acts with tools"],
    [span("↻", "warning"), "restarts"],
    [span("○", "dim"), "ended"],
  ];
  return [[span("   "), ...marks.flatMap(([mark, text]) => [mark, span(` ${text}  `, "dim")])]];
}

/** Turns with each picture. */
export function spinner(beat: number): string {
  return spinnerFrames[beat % spinnerFrames.length]!;
}

const spinnerFrames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** One actor as a row, before its columns are aligned. */
interface Row {
  readonly branch: string;
  readonly name: string;
  readonly mark: Span;
  readonly state: Span;
  readonly restarts: string;
  readonly tokens: string;
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
    name: idOf(address),
    ...drawState(picture, node),
    restarts: restarts === 0 ? "" : `↻ ${restarts}`,
    tokens: spent === undefined || spent.tokens === 0 || picture.phase === "ended" ? "" : `${describeCount(spent.tokens)} tokens`,
  };
}

function drawState(picture: LivePicture, node: TreeNode): { readonly mark: Span; readonly state: Span } {
  const { beat, busy, retryInMs, phase } = picture;
  const label = labelOf(picture, node);
  if (phase === "ended") return { mark: span("○", "dim"), state: span(label === "" ? "ended" : label, "dim") };
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

/** What an actor is doing, in its own word. A supervisor has the name of its strategy there, which `orgtree tree` explains. */
function labelOf({ said, states }: LivePicture, { type, address, label }: TreeNode): string {
  return type === "supervisor" ? "supervises" : (states.get(address) ?? label ?? said.get(address) ?? "");
}
