import type { CheckOutcome } from "orgtree";
import type { RepositoryWork, RunPlan } from "../run/run-plan.ts";
import { describeBudget } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { padText, span, type Line } from "../text/styled-line.ts";
import { wrapText } from "../text/wrap-text.ts";

/** What is known when a run is announced. */
export interface Opening {
  /** What the check said before any work, where there is one. */
  readonly before: CheckOutcome | undefined;
  /** Infinity where there is no window. */
  readonly columns: number;
}

/** Columns of the names of facts, with the blanks around them. */
const factWidth = 10;

/** What is printed before a run: what it is about, and what it may spend. */
export function openingLines(plan: RunPlan, { before, columns }: Opening): readonly Line[] {
  const { organization, work, model, notice, task } = plan;
  const facts: [string, string][] = [["task", cleanText(task)]];
  if (work.kind === "repository") facts.push(["repo", `a copy of ${work.repo}`]);
  if (work.kind !== "nothing") facts.push(["check", cleanText(work.check)]);
  facts.push(["model", model.provider === model.model ? model.model : `${model.model} (${model.provider})`]);
  const limits = describeBudget(organization.budget);
  if (limits !== "") facts.push(["limits", limits]);
  const passes = "The check passes already, before any work: it cannot tell whether the task is done.";
  return [
    ...(notice === undefined ? [] : [...paragraph(notice, columns), []]),
    [span(organization.name, "strong"), span(`: ${Object.keys(organization.agents).join(", ")}`)],
    ...facts.flatMap(([name, fact]) => factLines(name, fact, columns)),
    [],
    ...(before?.passed === true ? [...paragraph(passes, columns), []] : []),
  ];
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
