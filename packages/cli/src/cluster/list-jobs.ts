import type { JobSummary } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { describeDuration } from "../text/amounts.ts";
import { describeTime } from "../text/moments.ts";
import { firstLines, printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { tableLines, type Column } from "../text/table.ts";
import { withCluster } from "./with-cluster.ts";

/** Jobs that are shown to people. */
const mostShown = 100;

/** Carries out `orgtree jobs`. */
export function listJobs(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  return withCluster(input, surroundings, async (cluster) => {
    const all = await cluster.jobs.list();
    const jobs = input.flags.has("running") ? all.filter(({ status }) => status === "running") : all;
    const { stdout, clock } = surroundings;
    printResult(surroundings, input.flags, {
      json: () => jobs,
      lines: () => jobLines(jobs, clock.epochMs(), stdout.size()?.columns),
    });
    return exitCode.done;
  });
}

const columns: readonly Column[] = [
  { title: "job", tone: "strong" },
  { title: "of" },
  { title: "status" },
  { title: "submitted" },
  { title: "took", side: "right" },
];

function jobLines(jobs: readonly JobSummary[], nowMs: number, width = 160): readonly Line[] {
  if (jobs.length === 0) return [[span("there are no jobs")]];
  const rows = jobs.map(({ id, what, status, submittedMs, endedMs }) => {
    const took = describeDuration((endedMs ?? nowMs) - submittedMs);
    return [id, what, status, describeTime(submittedMs).slice(0, 19), took];
  });
  const [head = [], ...lines] = tableLines(columns, rows, width);
  return [head, ...firstLines(lines, mostShown)];
}
