import type { RecordEntry, ResumedRun } from "orgtree";
import { describeDuration } from "../text/amounts.ts";
import { span, wrapSpan, type Line } from "../text/styled-line.ts";

/** What is finished and will not be done again. */
export interface DoneBefore {
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly checks: number;
}

/** Counts it. */
export function countDone(entries: readonly RecordEntry[]): DoneBefore {
  const count = (kind: RecordEntry["kind"]): number => entries.filter((entry) => entry.kind === kind).length;
  return { modelCalls: count("model"), toolCalls: count("tool"), checks: count("check") };
}

/** What is printed when a run goes on. */
export function doneBeforeLines({ entries, workedMs }: ResumedRun, columns: number): readonly Line[] {
  const { modelCalls, toolCalls, checks } = countDone(entries);
  const done = `${modelCalls} model calls, ${toolCalls} tool calls and ${checks} checks are done, in ${describeDuration(workedMs)}`;
  return [...wrapSpan(span(`goes on where it was: ${done}`, "good"), columns), []];
}
