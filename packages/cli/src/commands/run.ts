import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { run as runOrganization, runOnRepository, type Logger, type RunOptions, type RunResult } from "orgtree";
import { valueOf, type Command, type CommandInput } from "../command.ts";
import { openDecisionLog } from "../decision-log.ts";
import { makeDemoRepository } from "../demo-repository.ts";
import { describeError } from "../error-text.ts";
import type { ExitCode } from "../exit-code.ts";
import { followInJson, jsonLine } from "../json-lines.ts";
import { demoOf, importFile, organizationOf } from "../load-organization.ts";
import { chooseModel, defaultModel } from "../model-choice.ts";
import { followInLines } from "../plain-lines.ts";
import type { Progress } from "../progress.ts";
import { concludeRun, concludeUnstarted } from "../run-conclusion.ts";
import { openRunDirectory } from "../run-directory.ts";
import { planRun, type RunPlan } from "../run-plan.ts";
import type { Surroundings } from "../surroundings.ts";
import { followInTerminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** Runs a task with an organization. */
export const run: Command = {
  name: "run",
  usage: "FILE [options]",
  summary: "Runs a task with the organization that FILE exports.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "FILE exports an organization as its default. With --repo the organization works on a copy of the repository, never on the original, and ends with a patch that has passed the check, or with a named failure and the patch as far as it got (in NAME.partial.patch). Without --repo it works on what FILE brings along as `demo`, or, where it needs no repository, on the task alone.",
    "The model is that of OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL. Without a key the script of the demo is played.",
    "In a terminal the tree is drawn as it works; elsewhere each event is a line. The first Ctrl-C stops the run in order and keeps what there is, the second exits at once.",
    "It runs what FILE and the check say as you, with a scrubbed environment and limits: this is not a sandbox.",
  ],
  options: [
    { name: "repo", value: "PATH", text: "The top of a git repository. It is only read." },
    { name: "check", value: "COMMAND", text: "Tells whether the work is right; 0 means right. Run by /bin/sh in the copy." },
    { name: "task", value: "TEXT", text: "What is to be done." },
    { name: "ignored", value: "PATH", isMultiple: true, text: "An ignored path to copy as well, such as node_modules. May be repeated." },
    { name: "model", value: "NAME", text: `The model to ask. Default OPENAI_MODEL, or ${defaultModel}.` },
    {
      name: "base-url",
      value: "URL",
      text: "A server that speaks Chat Completions, up to and with /v1. Default OPENAI_BASE_URL, or OpenAI's.",
    },
    { name: "out", value: "FILE", text: "Where the patch goes. Default orgtree.patch, with --repo only." },
    { name: "json", text: "Events as JSON on standard output, one a line; the last is the result." },
    { name: "log", value: "FILE", text: "Appends each decision of a supervisor as JSON; - is standard error." },
    { name: "plain", text: "Lines instead of a picture." },
  ],
  execute,
};

async function execute(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  if (!input.flags.has("json")) return runFile(input, surroundings);
  try {
    return await runFile(input, surroundings);
  } catch (error) {
    // Whoever reads the JSON waits for a result; `main.ts` tells people.
    const { code } = describeError(error, false);
    const { name, message } = error as Error;
    surroundings.stdout.write(jsonLine({ type: "result", status: "refused", exitCode: code, error: { name, message } }));
    throw error;
  }
}

async function runFile(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, stdout } = surroundings;
  const isJson = input.flags.has("json");
  const file = await importFile(input.operands[0]!, surroundings);
  const organization = organizationOf(file);
  const out = valueOf(input, "out") ?? (input.values.has("repo") ? "orgtree.patch" : undefined);
  if (out !== undefined) await checkWritable(resolve(cwd, out));
  const log = valueOf(input, "log");
  const logger = log === undefined ? undefined : openDecisionLog(log, cwd);
  const model = chooseModel(input, surroundings, logger);
  const thinkMs = stdout.isTerminal && !isJson ? 150 : 20;
  const plan = planRun({ file, organization, demo: demoOf(file), input, cwd, model, thinkMs });
  const ended = await carryOut(plan, surroundings, { progress: chooseProgress(input, surroundings), logger });
  return ended === "interrupted" ? concludeUnstarted(isJson, surroundings) : concludeRun({ plan, out, isJson, ...ended }, surroundings);
}

interface Listeners {
  readonly progress: Progress;
  readonly logger: Logger | undefined;
}

type Options = Omit<RunOptions, "environment">;

interface Ended {
  readonly result: RunResult;
  readonly patch: string | undefined;
}

/** Runs the plan; whatever comes, nothing temporary and no picture is left. */
async function carryOut(plan: RunPlan, surroundings: Surroundings, { progress, logger }: Listeners): Promise<Ended | "interrupted"> {
  const signal = surroundings.catchInterrupts();
  const directory = openRunDirectory(surroundings);
  signal.addEventListener("abort", progress.interrupted);
  const { onEvent, onEntry, onStart } = progress;
  const options: Options = {
    model: plan.model,
    signal,
    onEvent,
    onEntry,
    onStart,
    clock: surroundings.clock,
    random: surroundings.random,
    guardsProcess: true,
    ...(logger === undefined ? {} : { logger }),
  };
  try {
    progress.begin(plan);
    return await work(plan, directory.path, options);
  } catch (error) {
    // Stopped before the organization was there.
    if (signal.aborted && error === signal.reason) return "interrupted";
    throw error;
  } finally {
    signal.removeEventListener("abort", progress.interrupted);
    progress.end();
    directory.remove();
  }
}

async function work(plan: RunPlan, directory: string, options: Options): Promise<Ended> {
  const { organization, task } = plan;
  switch (plan.work.kind) {
    case "nothing":
      return { result: await runOrganization(organization, task, options), patch: undefined };
    case "bundled": {
      const { files, check } = plan.work;
      const repo = await makeDemoRepository(files, { directory, signal: options.signal! });
      const { patch, ...result } = await runOnRepository(organization, { repo, check, task }, options);
      return { result, patch };
    }
    case "repository": {
      const { repo, check, ignoredPaths } = plan.work;
      const { patch, ...result } = await runOnRepository(organization, { repo, check, task, ignoredPaths }, options);
      return { result, patch };
    }
    default:
      return plan.work satisfies never;
  }
}

function chooseProgress(input: CommandInput, surroundings: Surroundings): Progress {
  if (input.flags.has("json")) return followInJson(surroundings);
  // A log on the same screen would tear the picture.
  const isPlain =
    input.flags.has("plain") || !surroundings.stdout.isTerminal || (valueOf(input, "log") === "-" && surroundings.stderr.isTerminal);
  return isPlain ? followInLines(surroundings) : followInTerminal(surroundings);
}

/** Before money is spent: a patch that cannot be written would be lost. */
async function checkWritable(path: string): Promise<void> {
  const directory = dirname(path);
  try {
    await access(directory, constants.W_OK);
    if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) return;
  } catch (error) {
    throw new UsageError(`cannot write to ${directory}: ${(error as Error).message}`, "choose another --out");
  }
  throw new UsageError(`${path} is a directory`, "name a file with --out");
}
