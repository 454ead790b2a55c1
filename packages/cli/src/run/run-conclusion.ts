import { relative } from "node:path";
import { describeCause, type RunResult } from "orgtree";
import { describeDuration } from "../text/amounts.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { firstLine } from "../text/display-width.ts";
import { jsonLine } from "../progress/json-lines.ts";
import { endedLines } from "../progress/opening.ts";
import { writePatch } from "./patch-file.ts";
import { patchLines } from "./patch-text.ts";
import { describeTrouble, reportLines } from "./report-text.ts";
import type { RunPlan } from "./run-plan.ts";
import { paintLine, paintLines, span, wrapSpan, type Line } from "../text/styled-line.ts";
import type { Surroundings } from "../surroundings.ts";

/** A run that has ended, and where its patch goes. */
export interface EndedRun {
  readonly plan: RunPlan;
  readonly result: RunResult;
  /** Empty when nothing was changed; undefined when there is no repository. */
  readonly patch: string | undefined;
  /** The file for a patch that has passed the check, as a whole path; undefined to show it only. */
  readonly out: string | undefined;
  /** Where it is stored, as a whole path; undefined where it is not. */
  readonly journal: string | undefined;
  readonly isJson: boolean;
  /** It had ended before, and nothing was done. */
  readonly isAgain?: boolean;
}

/** Writes the patch, prints how the run ended, and gives the exit code. */
export async function concludeRun(run: EndedRun, surroundings: Surroundings): Promise<ExitCode> {
  const { plan, result, patch, out, journal, isJson } = run;
  const { stdout, cwd } = surroundings;
  const code = codes[result.status];
  const patchFile = out === undefined || !patch ? undefined : await writePatch(out, patch, result.status);
  if (isJson) {
    stdout.write(jsonLine({ type: "result", exitCode: code, patch, patchFile, journal, ...result }));
    return code;
  }
  const columns = stdout.size()?.columns ?? 160;
  const shownFile = patchFile === undefined ? undefined : relative(cwd, patchFile);
  const patched = patch === undefined || patch === "" ? [] : [[], ...patchLines(patch, shownFile)];
  const closing = closingLines(run, { patchFile: shownFile, program: surroundings.program, columns });
  const lines = [
    ...(run.isAgain === true ? endedLines(plan, journal!, columns) : []),
    ...patched,
    [],
    ...reportLines(result.report, columns),
    [],
    ...closing,
  ];
  stdout.write(paintLines(lines, stdout.hasColor));
  return code;
}

/** A run that was interrupted before its organization was there: nothing to report. */
export function concludeUnstarted(isJson: boolean, { stdout }: Surroundings): ExitCode {
  const line = "✗ interrupted before the organization was started";
  stdout.write(
    isJson
      ? jsonLine({ type: "result", status: "cancelled", exitCode: exitCode.interrupted })
      : `${paintLine([span(line, "warning")], stdout.hasColor)}\n`,
  );
  return exitCode.interrupted;
}

const codes = { done: exitCode.done, failed: exitCode.failed, cancelled: exitCode.interrupted } as const;

/** What the last lines refer to. */
interface Hints {
  readonly patchFile: string | undefined;
  readonly program: string;
  /** Commands are not broken: they are there to be copied. */
  readonly columns: number;
}

function closingLines(run: EndedRun, hints: Hints): readonly Line[] {
  const { result, plan, patch } = run;
  const { columns } = hints;
  const took = describeDuration(result.report.wallMs);
  const trouble = describeTrouble(result.report);
  switch (result.status) {
    case "done": {
      const { work } = plan;
      const proof =
        work.kind === "nothing"
          ? ""
          : patch === ""
            ? "; nothing had to be changed"
            : `: the patch has passed \`${work.check}\`, run by somebody who did not write it`;
      return [
        ...outputLines(result.output, columns),
        ...wrapSpan(span(`✔ done in ${took}${proof}`, "good"), columns),
        ...(trouble === ""
          ? []
          : wrapSpan(
              span(`  on the way: ${trouble}${result.report.verdicts.length === 0 ? "" : "; nothing unproven got out"}`, "dim"),
              columns,
            )),
        ...applyLines(run, hints),
      ];
    }
    case "failed":
      return [
        ...wrapSpan(span(`✗ failed in ${took}: ${firstLine(describeCause(result.failure))}`, "bad"), columns),
        ...partialLines(run, hints),
      ];
    case "cancelled":
      return [[span(`✗ interrupted after ${took}, stopped in order`, "warning")], ...partialLines(run, hints), ...goOnLines(run, hints)];
    default:
      return result satisfies never;
  }
}

/** What the organization says of its work; under a contract that is a summary, which proves nothing. */
function outputLines(output: unknown, columns: number): readonly Line[] {
  const summary = (output as { summary?: unknown } | null | undefined)?.summary ?? output;
  if (summary === undefined || summary === null || summary === "") return [];
  const text = typeof summary === "string" ? summary : JSON.stringify(summary, undefined, 2);
  return [...text.split("\n").flatMap((line) => wrapSpan(span(line), columns)), []];
}

function applyLines({ plan, patch }: EndedRun, { patchFile, program }: Hints): readonly Line[] {
  const { work } = plan;
  if (patch === undefined || patch === "") return [];
  if (work.kind === "repository" && patchFile !== undefined)
    return [[span(`  it is in ${patchFile}; to apply it:`)], [span(`  git -C ${work.repo} apply "$PWD/${patchFile}"`, "accent")]];
  const where = patchFile === undefined ? [] : [[span(`  it is in ${patchFile}`)]];
  // In two lines, as a shell takes them: one would be broken somewhere by an ordinary window.
  const own = [`  ${program} run ${plan.file} \\`, `    --repo PATH --check "npm test" --task "…"`];
  const yours = own.map((text): Line => [span(text, "accent")]);
  return [...where, [], [span("With OPENAI_API_KEY set, on a repository of yours:")], ...yours];
}

function goOnLines({ plan, journal }: EndedRun, { program }: Hints): readonly Line[] {
  if (journal === undefined) return [];
  return [[span("  to go on with it:")], [span(`  ${program} run ${plan.file} --resume ${journal}`, "accent")]];
}

function partialLines({ patch }: EndedRun, { patchFile, columns }: Hints): readonly Line[] {
  if (patch === undefined) return [];
  if (patch === "") return [[span("  nothing had been changed", "dim")]];
  const where = patchFile === undefined ? "" : `, and is in ${patchFile}`;
  return wrapSpan(span(`  the patch above is as far as it got${where}: it has not passed the check`, "warning"), columns);
}
