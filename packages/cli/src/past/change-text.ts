import { describePath, type Change, type Moment } from "orgtree";
import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { describeTime } from "../text/moments.ts";
import { plainJson } from "../text/plain-json.ts";
import { span, type Line, type Span } from "../text/styled-line.ts";

/** What differs between two moments. */
export function changeLines([before, after]: readonly [Moment, Moment], changes: readonly Change[]): readonly Line[] {
  return [
    [
      span(`${nameOf(before)} → ${nameOf(after)}`, "strong"),
      span(`  ${changes.length === 0 ? "nothing differs" : countOf(changes.length, "change")}`, "dim"),
    ],
    ...changes.map(changeLine),
  ];
}

/** One of them. */
export function changeLine(change: Change): Line {
  return [markOf(change), span(` ${cleanText(describePath(change.path))}  `), ...valuesOf(change)];
}

function nameOf({ turn }: Moment): string {
  return `${turn.address}@${turn.seq}`;
}

function markOf({ kind }: Change): Span {
  switch (kind) {
    case "added":
      return span("  +", "good");
    case "removed":
      return span("  -", "bad");
    case "changed":
      return span("  ~", "warning");
    default:
      return kind satisfies never;
  }
}

function valuesOf(change: Change): readonly Span[] {
  const isTimer = change.path[0] === "timers" && change.path.length === 2;
  const text = (value: unknown): string => (isTimer && typeof value === "number" ? `${describeTime(value)} UTC` : plainJson(value));
  if (change.kind === "added") return [span(text(change.after), "good")];
  if (change.kind === "removed") return [span(text(change.before), "bad")];
  return [span(text(change.before), "bad"), span(" → ", "dim"), span(text(change.after), "good")];
}
