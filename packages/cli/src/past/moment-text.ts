import { causeKindOf, sizeOfState, viewMoment, type Moment } from "orgtree";
import { cleanText } from "../text/display-width.ts";
import { describeBytes, describeTime } from "../text/moments.ts";
import { plainJson } from "../text/plain-json.ts";
import { padText, span, type Line } from "../text/styled-line.ts";
import { describeCause } from "./cause-text.ts";
import { describeEffect } from "./effect-text.ts";

/** Columns of the names on the left. */
const nameColumns = 10;
/** A value that takes no more is on one line. */
const maxInline = 100;

/** All of a moment. Nothing is cut off, so lines may be long. */
export function momentLines(moment: Moment): readonly Line[] {
  const { turn } = moment;
  const { address, seq, position, incarnation, atMs, trace, cause, effects, mark, logic, isWhole, storedBytes } = turn;
  const { kind, label, parts } = viewMoment(moment);
  const facts = [`position ${position}`, `incarnation ${incarnation}`, `${describeTime(atMs)} UTC`, `trace ${trace}`];
  const size = `state ${describeBytes(sizeOfState(moment))}; stored ${describeBytes(storedBytes)}, ${isWhole ? "as a whole" : "as a change"}`;
  return [
    [span(`${address}@${seq}`, "strong"), span(`  ${kind}`, "dim"), span(label === undefined ? "" : `  ${cleanText(label)}`, "accent")],
    named("turn", facts.join(", ")),
    ...(mark === undefined ? [] : [named("mark", mark)]),
    ...(logic === undefined ? [] : [named("logic", `${logic.hash}${logic.version === undefined ? "" : `, version ${logic.version}`}`)]),
    named("cause", causeKindOf(cause) === "message" ? `message ${describeCause(cause)}` : describeCause(cause)),
    ...(cause.message === undefined ? [] : valueLines("", cause.message)),
    ...effects.flatMap(effectLines),
    named("size", size),
    [],
    ...Object.entries(parts).flatMap(([name, part]) =>
      name === "timers" ? timerLines(part as Record<string, number>) : valueLines(name, part),
    ),
  ];
}

function named(name: string, text: string): Line {
  return [span(`  ${padText(name, nameColumns)}  `, "dim"), span(cleanText(text))];
}

function effectLines(effect: Moment["turn"]["effects"][number], at: number): readonly Line[] {
  const { kind, detail } = effect;
  const inWords = named(at === 0 ? "did" : "", describeEffect(effect));
  // One field stands in the words already, but for a report.
  const isTold = typeof detail !== "object" || detail === null || Object.keys(detail).length <= 1;
  return isTold && kind !== "report" ? [inWords] : [inWords].concat(valueLines("", detail, "dim"));
}

function timerLines(timers: Readonly<Record<string, number>>): readonly Line[] {
  return Object.entries(timers).map(([name, dueMs], at) => named(at === 0 ? "timers" : "", `${name}, due ${describeTime(dueMs)} UTC`));
}

function valueLines(name: string, value: unknown, tone: "plain" | "dim" = "plain"): readonly Line[] {
  const inline = plainJson(value);
  const lines = inline.length <= maxInline ? [inline] : plainJson(value, 2).split("\n");
  return lines.map((line, at) => [span(`  ${padText(at === 0 ? name : "", nameColumns)}  `, "dim"), span(line, tone)]);
}
