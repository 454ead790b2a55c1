import { describeBudget } from "./amounts.ts";
import { cleanText } from "./display-width.ts";
import type { RunPlan } from "./run-plan.ts";
import { padText, span, type Line } from "./styled-line.ts";

/** What is printed before a run: what it is about, and what it may spend. */
export function openingLines(plan: RunPlan): readonly Line[] {
  const { organization, work, model, notice, task } = plan;
  const facts: [string, string][] = [["task", cleanText(task)]];
  if (work.kind === "repository") facts.push(["repo", `a copy of ${work.repo}`]);
  if (work.kind !== "nothing") facts.push(["check", cleanText(work.check)]);
  facts.push(["model", model.provider === model.model ? model.model : `${model.model} (${model.provider})`]);
  const limits = describeBudget(organization.budget);
  if (limits !== "") facts.push(["limits", limits]);
  return [
    ...(notice === undefined ? [] : [[span(notice, "warning")], []]),
    [span(organization.name, "strong"), span(`: ${Object.keys(organization.agents).join(", ")}`)],
    ...facts.map(([name, fact]): Line => [span(`  ${padText(name, 7)} `, "dim"), span(fact)]),
    [],
  ];
}
