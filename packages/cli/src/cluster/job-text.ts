import type { Job } from "@orgtree/node";
import { describeCause, type RunReport } from "orgtree";
import { reportLines } from "../run/report-text.ts";
import { describeDuration } from "../text/amounts.ts";
import { cleanText, firstLine } from "../text/display-width.ts";
import { describeTime } from "../text/moments.ts";
import { padText, span, wrapSpan, type Line, type Tone } from "../text/styled-line.ts";
import { wrapText } from "../text/wrap-text.ts";

/** What a run came to, as its job keeps it. */
interface RunOutput {
  readonly output?: unknown;
  readonly report?: RunReport;
  readonly patch?: string;
}

const factWidth = 10;

/** What a job is, before how it goes on or ended. */
export function jobHeadLines(job: Job, nowMs: number, columns: number): readonly Line[] {
  const { task, repository } = (job.input ?? {}) as {
    readonly task?: unknown;
    readonly repository?: { readonly repo: string; readonly check: string };
  };
  const facts: [string, string][] = [];
  if (typeof task === "string") facts.push(["task", cleanText(task)]);
  if (repository !== undefined) facts.push(["repo", repository.repo], ["check", cleanText(repository.check)]);
  facts.push(["submitted", `${describeTime(job.submittedMs)} (${describeDuration(nowMs - job.submittedMs)} ago)`]);
  return [
    [
      span(job.id, "strong"),
      span(`: ${job.kind === "run" ? "a run of" : "the actor"} ${job.what}, `),
      span(job.status, statusTones[job.status]),
    ],
    ...facts.flatMap(([name, fact]) =>
      wrapText(fact, Math.max(20, columns - factWidth - 2)).map((text, at): Line => [
        span(`  ${padText(at === 0 ? name : "", factWidth)}`, "dim"),
        span(text),
      ]),
    ),
  ];
}

/** How a job ended; nothing where it has not. */
export function jobEndLines(job: Job, columns: number): readonly Line[] {
  if (job.status === "running") return [];
  const took = describeDuration((job.endedMs ?? job.submittedMs) - job.submittedMs);
  const { output, report, patch } = (job.kind === "run" ? (job.output ?? {}) : { output: job.output }) as RunOutput;
  const patched =
    patch === undefined || patch === "" ? [] : wrapSpan(span("  it has a patch: orgtree job ID --patch FILE writes it", "dim"), columns);
  return [
    ...(report === undefined ? [] : [...reportLines(report, columns), []]),
    ...outputLines(output, columns),
    ...wrapSpan(endSpan(job, took), columns),
    ...patched.map((line): Line => line.map(({ text, tone }) => span(text.replace("ID", job.id), tone))),
  ];
}

function endSpan(job: Job, took: string): ReturnType<typeof span> {
  if (job.status === "done") return span(`✔ done in ${took}`, "good");
  if (job.status === "cancelled") return span(`✗ cancelled after ${took}`, "warning");
  const why = job.failure === undefined ? "nobody knows why" : firstLine(describeCause(job.failure));
  return span(`✗ failed in ${took}: ${why}`, "bad");
}

/** What it says of its work. */
function outputLines(output: unknown, columns: number): readonly Line[] {
  const summary = (output as { readonly summary?: unknown } | null | undefined)?.summary ?? output;
  if (summary === undefined || summary === null || summary === "") return [];
  const text = typeof summary === "string" ? summary : JSON.stringify(summary, undefined, 2);
  return [...text.split("\n").flatMap((line) => wrapSpan(span(cleanText(line)), columns)), []];
}

/** How each status looks. */
const statusTones: Readonly<Record<Job["status"], Tone>> = { running: "accent", done: "good", failed: "bad", cancelled: "warning" };

/** A job for where what it came to does not belong. */
export function withoutOutput(job: Job): Omit<Job, "output"> {
  const { output: _, ...rest } = job;
  return rest;
}
