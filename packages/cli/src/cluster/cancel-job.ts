import type { Job } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { unknownJob } from "./job-errors.ts";
import { withoutOutput } from "./job-text.ts";
import { waitMsOf, withCluster } from "./with-cluster.ts";

const lookAgainMs = 200;

/** Carries out `orgtree cancel`: asks for the end of a job, and waits for it. */
export function cancelJob(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const waitMs = waitMsOf(input);
  return withCluster(input, surroundings, async (cluster) => {
    const id = input.operands[0]!;
    const { clock } = surroundings;
    const giveUpMs = clock.nowMs() + waitMs;
    const before = await cluster.jobs.cancel(id);
    if (before === undefined) throw unknownJob(id);
    let job = before;
    while (job.status === "running" && clock.nowMs() < giveUpMs) {
      await new Promise<void>((resolve) => void clock.setTimer(lookAgainMs, resolve));
      job = (await cluster.jobs.get(id)) ?? job;
    }
    printResult(surroundings, input.flags, {
      json: () => ({ wasRunning: before.status === "running", job: withoutOutput(job) }),
      lines: () => [lineOf(before, job)],
    });
    return job.status === "running" ? exitCode.failed : exitCode.done;
  });
}

function lineOf(before: Job, { id, status }: Job): Line {
  if (before.status !== "running") return [span(`${id} had ended before: it is ${status}`)];
  switch (status) {
    case "cancelled":
      return [span(`✔ ${id} is cancelled`, "good")];
    case "running":
      return [span(`✗ ${id} has been told to end, and has not ended yet: orgtree job ${id} tells`, "warning")];
    default:
      return [span(`${id} came to its end before that: it is ${status}`)];
  }
}
