import { countOf } from "../text/amounts.ts";
import { widthOf } from "../text/display-width.ts";
import type { Finding, Linted } from "./linted.ts";
import { padText, span, type Line, type Span } from "../text/styled-line.ts";
import { wrapText } from "../text/wrap-text.ts";

/** A file and what the lint found in it. */
export interface LintedFile {
  readonly file: string;
  readonly linted: readonly Linted[];
}

/** What the lint found, aligned. Messages are broken at `columns`; without a width each finding is one line, as `grep` likes it. */
export function lintLines(files: readonly LintedFile[], columns: number | undefined): readonly Line[] {
  const all = files.flatMap(({ linted }) => linted.flatMap(({ findings }) => findings));
  const widths: Widths = {
    rule: Math.max(0, ...all.map(({ rule }) => rule.length)),
    state: Math.max(0, ...all.map(({ state }) => widthOf(state))),
    columns,
  };
  return [...files.flatMap((file) => fileLines(file, widths)), [], summaryLine(files)];
}

/** How many findings of a severity there are. */
export function countFindings(files: readonly LintedFile[], severity: Finding["severity"]): number {
  return files.reduce(
    (sum, { linted }) =>
      sum + linted.reduce((inner, { findings }) => inner + findings.filter((each) => each.severity === severity).length, 0),
    0,
  );
}

interface Widths {
  readonly rule: number;
  readonly state: number;
  readonly columns: number | undefined;
}

function fileLines({ file, linted }: LintedFile, widths: Widths): readonly Line[] {
  if (linted.length === 0) return [[span(file, "strong"), span("  exports no machine and no organization", "warning")]];
  return [[span(file, "strong")], ...linted.flatMap((each) => subjectLines(each, widths))];
}

function subjectLines({ subject, findings, ends }: Linted, widths: Widths): readonly Line[] {
  const isBad = findings.some(({ severity }) => severity === "error");
  const mark = isBad ? span("✗", "bad") : findings.length > 0 ? span("!", "warning") : span("✔", "good");
  const ways = ends.length === 0 ? "" : `  ends in ${ends.map((state) => state.slice(state.lastIndexOf(".") + 1)).join(", ")}`;
  return [[span("  "), mark, span(` ${subject}`), span(ways, "dim")], ...findings.flatMap((finding) => findingLines(finding, widths))];
}

function findingLines({ severity, rule, state, message }: Finding, widths: Widths): readonly Line[] {
  const before: Span[] = [
    span("      "),
    span(padText(severity, 9), severity === "error" ? "bad" : "warning"),
    span(`${padText(rule, widths.rule)}  `, "dim"),
    span(`${padText(state, widths.state)}  `, "accent"),
  ];
  const indent = before.reduce((sum, { text }) => sum + widthOf(text), 0);
  const room = widths.columns === undefined ? Infinity : widths.columns - indent;
  // A window too narrow for a column of text gets the message below, over its whole width.
  if (room < 30) return [before, ...wrapText(message, widths.columns! - 8).map((text): Line => [span(`        ${text}`)])];
  const [first = "", ...rest] = wrapText(message, room);
  return [[...before, span(first)], ...rest.map((text): Line => [span(" ".repeat(indent)), span(text)])];
}

function summaryLine(files: readonly LintedFile[]): Line {
  const subjects = files.reduce((sum, { linted }) => sum + linted.length, 0);
  const errors = countFindings(files, "error");
  const warnings = countFindings(files, "warning");
  return [
    span(`${countOf(subjects, "subject")} in ${countOf(files.length, "file")}: `),
    span(`${countOf(errors, "error")}, ${countOf(warnings, "warning")}`, errors > 0 ? "bad" : warnings > 0 ? "warning" : "good"),
  ];
}
