import { resolve } from "node:path";
import type { JobRequest, RunInput } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { jsonLine } from "../progress/json-lines.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { span } from "../text/styled-line.ts";
import { presentNodes } from "./find-node.ts";
import { follow } from "./follow-job.ts";
import { withoutOutput } from "./job-text.ts";
import { withCluster } from "./with-cluster.ts";

/** Carries out `orgtree submit`. */
export function submitJob(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const request = requestOf(input, surroundings);
  return withCluster(input, surroundings, async (cluster) => {
    if (presentNodes(cluster.view).length === 0)
      throw new UsageError(`no node is up in the namespace ${cluster.namespace}`, "start one: orgtree node FILE");
    const { job, isNew } = await cluster.jobs.submit(request);
    const shown = withoutOutput(job);
    const isJson = input.flags.has("json");
    if (input.flags.has("follow")) {
      if (isJson) surroundings.stdout.write(jsonLine({ type: "submitted", isNew, job: shown, atMs: surroundings.clock.epochMs() }));
      return follow(cluster, { id: job.id, after: 0, isJson }, surroundings);
    }
    printResult(surroundings, input.flags, {
      json: () => ({ isNew, job: shown }),
      lines: () => [
        [
          span(isNew ? "✔ submitted " : "it was submitted before: ", isNew ? "good" : "warning"),
          span(job.id, "strong"),
          span(isNew ? "" : `, ${job.status}`),
        ],
        [span(`  ${surroundings.program} ${job.kind === "run" ? "follow" : "ps"} ${job.id}`, "accent")],
      ],
    });
    return exitCode.done;
  });
}

function requestOf(input: CommandInput, { cwd, random }: Pick<Surroundings, "cwd" | "random">): JobRequest {
  const what = input.operands[0]!;
  const secret = Math.floor(random.next() * 2 ** 40).toString(36);
  const id = valueOf(input, "id") ?? `${what.slice(0, 40)}-${secret}`;
  if (input.flags.has("actor")) return { id, kind: "actor", what, input: actorInput(input) };
  if (input.values.has("input"))
    throw new UsageError("--input is what an actor is given", "add --actor, or say what is to be done: --task");
  return { id, kind: "run", what, input: runInput(input, cwd) };
}

function actorInput(input: CommandInput): unknown {
  const other = ["task", "repo", "check", "ignored"].find((name) => input.values.has(name));
  if (other !== undefined) throw new UsageError(`--${other} is for an organization, and --actor is none`, "give it an --input");
  if (input.flags.has("follow")) throw new UsageError("an actor tells no story that could be followed", "look at it with orgtree ps ID");
  const text = valueOf(input, "input");
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`--input is no JSON: ${(error as Error).message}`, `a text has quotes around it: --input '"…"'`);
  }
}

function runInput(input: CommandInput, cwd: string): RunInput {
  const [task, repo, check] = [valueOf(input, "task"), valueOf(input, "repo"), valueOf(input, "check")];
  if (task === undefined) throw new UsageError("submit needs a task", 'say what is to be done: --task "…"');
  if (repo === undefined && check !== undefined) throw new UsageError("--check means nothing without --repo", "add --repo PATH");
  if (repo === undefined && input.values.has("ignored")) throw new UsageError("--ignored means nothing without --repo", "add --repo PATH");
  if (repo !== undefined && check === undefined)
    throw new UsageError("--repo needs --check too", 'add the command that tells whether the work is right, such as --check "npm test"');
  if (repo === undefined) return { task };
  return { task, repository: { repo: resolve(cwd, repo), check: check!, ignoredPaths: input.values.get("ignored") ?? [] } };
}
