import type { RepositoryWork, RunPlan } from "../run/run-plan.ts";
import { describeBudget, describeUsd } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { padText, span, type Line } from "../text/styled-line.ts";
import { wrapText } from "../text/wrap-text.ts";
import type { RunStart } from "./progress.ts";

/** Columns of the names of facts, with the blanks around them. */
const factWidth = 10;

/** What is printed before a run: what it is about, and what it may spend. `columns` is Infinity where there is no window. */
export function openingLines(plan: RunPlan, { before, copy, previous, journal }: RunStart, columns: number): readonly Line[] {
  const { organization, work, model, notice, task } = plan;
  const facts: [string, string][] = [["task", cleanText(task)]];
  if (work.kind === "repository") facts.push(["repo", `a copy of ${work.repo}`]);
  if (copy !== undefined) facts.push(["copy", `${copy}, removed at the end`]);
  if (work.kind !== "nothing") facts.push(["check", cleanText(work.check)]);
  if (journal !== undefined) facts.push(["journal", journal]);
  facts.push(["model", model.provider === model.model ? model.model : `${model.model} (${model.provider})`]);
  facts.push(["limits", describeLimits(plan.limits)]);
  if (previous !== undefined) facts.push(["note", `there was a patch already: it is in ${previous} now`]);
  const passes = "The check passes already, before any work: it cannot tell whether the task is done.";
  return [
    ...(notice === undefined ? [] : [...paragraph(notice, columns), []]),
    [span(organization.name, "strong"), span(`: ${Object.keys(organization.agents).join(", ")}`)],
    ...facts.flatMap(([name, fact]) => factLines(name, fact, columns)),
    [],
    ...(before?.passed === true ? [...paragraph(passes, columns), []] : []),
  ];
}

/** What is printed of a run that has ended already, instead. */
export function endedLines(plan: RunPlan, journal: string, columns: number): readonly Line[] {
  const facts = [
    ["task", cleanText(plan.task)],
    ["journal", journal],
  ] as const;
  return [
    [span(plan.organization.name, "strong"), span(": this run has ended; its result once more")],
    ...facts.flatMap(([name, fact]) => factLines(name, fact, columns)),
  ];
}

/** `1,000,000 tokens, 30 min ($5.00 is not counted: no prices known for gpt-5-mini)`. */
function describeLimits({ budget, unpriced, uncountedUsd }: RunPlan["limits"]): string {
  const limits = describeBudget(budget);
  if (unpriced.length === 0) return limits;
  const what = uncountedUsd === undefined ? "dollars are" : `${describeUsd(uncountedUsd)} is`;
  return `${limits} (${what} not counted: no prices known for ${unpriced.join(", ")})`.trimStart();
}

/** What is printed while the repository is looked at. */
export function preparingLine({ check }: RepositoryWork): Line {
  return [span(`copying the repository, and running its check once: ${cleanText(check)}`, "dim")];
}

function paragraph(text: string, columns: number): readonly Line[] {
  return wrapText(text, columns).map((line) => [span(line, "warning")]);
}

function factLines(name: string, fact: string, columns: number): readonly Line[] {
  return wrapText(fact, Math.max(20, columns - factWidth)).map((text, at) => [
    span(`  ${padText(at === 0 ? name : "", factWidth - 3)} `, "dim"),
    span(text),
  ]);
}
