import { resolve } from "node:path";
import { openRepository, run as runOrganization, type Logger, type RunOptions, type RunResult, type SpecError } from "orgtree";
import type { ExitCode } from "../exit-code.ts";
import { demoOf, importFile, organizationOf } from "../file/load-organization.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { followInJson, jsonLine } from "../progress/json-lines.ts";
import { followInLines } from "../progress/plain-lines.ts";
import type { Progress, RunStart } from "../progress/progress.ts";
import { followInTerminal } from "../progress/terminal.ts";
import type { Surroundings } from "../surroundings.ts";
import { describeError } from "../text/error-text.ts";
import { openDecisionLog } from "./decision-log.ts";
import { tellGivingUp } from "./giving-up.ts";
import { chooseModel } from "./model-choice.ts";
import { makeDemoRepository } from "./demo-repository.ts";
import { checkWritable, putAway } from "./patch-file.ts";
import { concludeRun, concludeUnstarted } from "./run-conclusion.ts";
import { openRunDirectory } from "./run-directory.ts";
import { planRun, type RunPlan } from "./run-plan.ts";

/** Carries out `orgtree run`. */
export async function runFile(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  if (!input.flags.has("json")) return planAndRun(input, surroundings);
  try {
    return await planAndRun(input, surroundings);
  } catch (error) {
    // Whoever reads the JSON waits for a result; the program tells people.
    const { code } = describeError(error, { debug: false, columns: undefined });
    const { name, message } = error as Error;
    surroundings.stdout.write(jsonLine({ type: "result", status: "refused", exitCode: code, error: { name, message } }));
    throw error;
  }
}

async function planAndRun(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, stdout } = surroundings;
  const isJson = input.flags.has("json");
  const file = await importFile(input.operands[0]!, surroundings);
  const organization = organizationOf(file);
  const named = valueOf(input, "out") ?? (input.values.has("repo") ? "orgtree.patch" : undefined);
  const out = named === undefined ? undefined : resolve(cwd, named);
  if (out !== undefined) await checkWritable(out);
  const log = valueOf(input, "log");
  const logger = log === undefined ? undefined : await openDecisionLog(log, cwd);
  const model = chooseModel(input, surroundings, logger);
  const thinkMs = stdout.isTerminal && !isJson ? 150 : 20;
  const plan = planRun({ file, organization, demo: demoOf(file, organization), input, cwd, model, thinkMs });
  const ended = await carryOut(plan, surroundings, { progress: chooseProgress(input, surroundings), logger, out });
  return ended === "interrupted" ? concludeUnstarted(isJson, surroundings) : concludeRun({ plan, out, isJson, ...ended }, surroundings);
}

interface Listeners {
  readonly progress: Progress;
  readonly logger: Logger | undefined;
  /** Where the patch will go, as a whole path. */
  readonly out: string | undefined;
}

interface Ended {
  readonly result: RunResult;
  readonly patch: string | undefined;
}

/** Runs the plan; whatever comes, nothing temporary is left. */
async function carryOut(plan: RunPlan, surroundings: Surroundings, { progress, logger, out }: Listeners): Promise<Ended | "interrupted"> {
  const signal = surroundings.catchInterrupts();
  const directory = openRunDirectory(surroundings);
  signal.addEventListener("abort", progress.interrupted);
  const hearGivingUp = tellGivingUp(plan.organization.name, surroundings);
  const options: Options = {
    model: plan.model,
    signal,
    onEvent(event) {
      progress.onEvent(event);
      hearGivingUp(event);
    },
    onEntry: progress.onEntry,
    onStart: progress.onStart,
    clock: surroundings.clock,
    random: surroundings.random,
    guardsProcess: true,
    ...(logger === undefined ? {} : { logger }),
  };
  try {
    return await work({ plan, directory: directory.path, progress, out }, options);
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

type Options = Omit<RunOptions, "environment"> & { readonly signal: AbortSignal };

interface Workplace {
  readonly plan: RunPlan;
  readonly directory: string;
  readonly progress: Progress;
  readonly out: string | undefined;
}

async function work({ plan, directory, progress, out }: Workplace, options: Options): Promise<Ended> {
  const { organization, task, work } = plan;
  const begin = (start: Pick<RunStart, "before" | "copy">): void => {
    // Not before: of a run that is refused nothing is left, and nothing is lost.
    const previous = out === undefined ? undefined : putAway(out);
    progress.begin(plan, { ...start, previous });
  };
  if (work.kind === "nothing") {
    const all = announced(options, () => begin({ before: undefined, copy: undefined }));
    return { result: await runOrganization(organization, task, all), patch: undefined };
  }
  progress.prepare(work);
  const { check } = work;
  const { signal } = options;
  const repo = work.kind === "bundled" ? await makeDemoRepository(work.files, { directory, signal }) : work.repo;
  const ignoredPaths = work.kind === "bundled" ? [] : work.ignoredPaths;
  await using repository = await openRepository({ repo, check, task, ignoredPaths }, signal).catch(inWordsOfOptions);
  const all = announced(options, () => begin({ before: repository.before, copy: repository.root }));
  const { patch, ...result } = await repository.run(organization, all);
  return { result, patch };
}

/** Whoever typed `--ignored` has never heard of `ignoredPaths`. */
function inWordsOfOptions(error: unknown): never {
  const { name, message = "" } = error as Partial<SpecError>;
  if (name !== "SpecError" || !message.includes("ignoredPaths")) throw error;
  throw new UsageError(message.replace(/ignoredPaths:?/, "--ignored"));
}

/** The run is announced when its first actor is there: until then its organization may be refused. */
function announced(options: Options, begin: () => void): Options {
  let hasBegun = false;
  return {
    ...options,
    onEvent(event) {
      if (!hasBegun) begin();
      hasBegun = true;
      options.onEvent?.(event);
    },
  };
}

function chooseProgress(input: CommandInput, surroundings: Surroundings): Progress {
  if (input.flags.has("json")) return followInJson(surroundings);
  // A log on the same screen would tear the picture.
  const isPlain =
    input.flags.has("plain") || !surroundings.stdout.isTerminal || (valueOf(input, "log") === "-" && surroundings.stderr.isTerminal);
  return isPlain ? followInLines(surroundings) : followInTerminal(surroundings);
}
