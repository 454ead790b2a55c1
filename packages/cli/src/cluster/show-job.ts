import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { unknownJob } from "./job-errors.ts";
import { jobEndLines, jobHeadLines } from "./job-text.ts";
import { withCluster } from "./with-cluster.ts";

/** Carries out `orgtree job`. */
export function showJob(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  return withCluster(input, surroundings, async (cluster) => {
    const id = input.operands[0]!;
    const job = await cluster.jobs.get(id);
    if (job === undefined) throw unknownJob(id);
    const file = valueOf(input, "patch");
    if (file !== undefined) await writePatch(job.output, resolve(surroundings.cwd, file));
    const { stdout, clock } = surroundings;
    const columns = stdout.size()?.columns ?? 100;
    printResult(surroundings, input.flags, {
      json: () => job,
      lines: () => [
        ...jobHeadLines(job, clock.epochMs(), columns),
        ...(job.status === "running" ? [] : [[]]),
        ...jobEndLines(job, columns),
      ],
    });
    return exitCode.done;
  });
}

async function writePatch(output: unknown, file: string): Promise<void> {
  const { patch } = (output ?? {}) as { readonly patch?: unknown };
  if (typeof patch !== "string" || patch === "") throw new UsageError("the job has no patch", "leave --patch out");
  try {
    await writeFile(file, patch);
  } catch (error) {
    throw new UsageError(`cannot write the patch: ${(error as Error).message}`, "name a file in a directory that exists");
  }
}
