import { basename, resolve } from "node:path";
import type { ModelClient, Organization } from "orgtree";
import { valueOf, type CommandInput } from "../input/command.ts";
import type { Bundle, Demo, LoadedFile } from "../file/load-organization.ts";
import { UsageError } from "../input/usage-error.ts";
import { workOf, type RunFacts } from "./run-facts.ts";
import { limitsOf, type RunLimits } from "./run-limits.ts";

/** What is to be run, and on what. */
export interface RunPlan {
  /** As the user wrote it. */
  readonly file: string;
  readonly organization: Organization;
  readonly limits: Pick<RunLimits, "budget" | "unpriced" | "uncountedUsd">;
  readonly task: string;
  readonly work: Work;
  readonly model: ModelClient;
  /** A script plays the model. */
  readonly isScripted: boolean;
  /** Something to know before it starts: where the model and the repository come from, when nobody named them. */
  readonly notice: string | undefined;
}

/** What an organization works on. Nothing: the task is all there is. */
export type Work = RepositoryWork | { readonly kind: "nothing" };

/** A repository, and the command that tells whether it is right. */
export type RepositoryWork =
  | { readonly kind: "repository"; readonly repo: string; readonly check: string; readonly ignoredPaths: readonly string[] }
  /** Files that come with the organization; made a repository for the time of the run. */
  | ({ readonly kind: "bundled" } & Bundle);

/** What a plan is made from. */
export interface RunRequest {
  readonly file: LoadedFile;
  readonly organization: Organization;
  readonly demo: Demo | undefined;
  readonly input: CommandInput;
  readonly cwd: string;
  /** Undefined when there is no key. */
  readonly model: ModelClient | undefined;
  /** Time that a scripted answer takes, in milliseconds. */
  readonly thinkMs: number;
}

/** Decides what a command line asks for; throws `UsageError`, which names what is missing. */
export function planRun(request: RunRequest): RunPlan {
  const plan = planWork(request);
  const { organization, ...limits } = limitsOf(request.organization, plan.model);
  return { ...plan, organization, limits };
}

/** The plan of a run that goes on: all but the model is as it was begun. */
export function replanRun(request: RunRequest, facts: RunFacts): RunPlan {
  const { demo, thinkMs, file } = request;
  if (facts.isScripted && demo === undefined)
    throw new UsageError(`${file.path} brings no script along any more`, "go on with the file as it was");
  const model = facts.isScripted ? demo!.script(thinkMs) : modelOf(request);
  const { organization, ...limits } = limitsOf(request.organization, model);
  const { task, isScripted } = facts;
  return { file: file.path, task, work: workOf(facts), model, isScripted, notice: undefined, organization, limits };
}

/** A plan whose limits are not settled yet. */
type WorkPlan = Omit<RunPlan, "organization" | "limits">;

function planWork(request: RunRequest): WorkPlan {
  const { input, demo } = request;
  const task = valueOf(input, "task");
  if (input.values.has("repo")) return planRepository(request);
  for (const option of ["check", "ignored"]) {
    if (input.values.has(option)) throw new UsageError(`--${option} means nothing without --repo`, "add --repo PATH");
  }
  if (input.flags.has("scripted") && demo === undefined)
    throw new UsageError(`${request.file.path} brings no script along`, "export a demo with one, or leave --scripted out");
  if (demo !== undefined) return planDemo(request, demo);
  checkNoEnvironment(request.organization);
  const { name, worksOn } = request.organization;
  if (worksOn === "repository") throw new UsageError(`${name} works on a repository`, 'give --repo PATH --check "COMMAND" --task "…"');
  if (task === undefined) throw new UsageError(`${name} needs something to do`, 'give --task "…"');
  return {
    file: request.file.path,
    task,
    work: { kind: "nothing" },
    model: modelOf(request),
    isScripted: false,
    notice: undefined,
  };
}

function planRepository(request: RunRequest): WorkPlan {
  const { input, organization, cwd } = request;
  const [check, task] = [valueOf(input, "check"), valueOf(input, "task")];
  if (organization.worksOn !== "repository")
    throw new UsageError(`${organization.name} works on its task alone`, 'leave --repo out, or say worksOn: "repository" in its file');
  if (check === undefined)
    throw new UsageError("--repo needs --check too", 'add the command that tells whether the work is right, such as --check "npm test"');
  if (task === undefined) throw new UsageError("--repo needs --task too", 'say what is to be done: --task "…"');
  const work: Work = {
    kind: "repository",
    repo: resolve(cwd, valueOf(input, "repo")!),
    check,
    ignoredPaths: input.values.get("ignored") ?? [],
  };
  return { file: request.file.path, task, work, model: modelOf(request), isScripted: false, notice: undefined };
}

function planDemo(request: RunRequest, demo: Demo): WorkPlan {
  const { input, model, organization } = request;
  const task = valueOf(input, "task");
  const file = request.file.path;
  const work: Work = demo.bundle === undefined ? { kind: "nothing" } : { kind: "bundled", ...demo.bundle };
  if (demo.bundle === undefined) checkNoEnvironment(organization);
  if (model !== undefined) {
    const instead = "(--scripted plays the script instead.)";
    const notice = work.kind === "nothing" ? undefined : `No --repo: ${model.model} works on the bundled repository. ${instead}`;
    return { file, task: task ?? demo.task, work, model, isScripted: false, notice };
  }
  if (task !== undefined) {
    throw new UsageError(
      `without OPENAI_API_KEY only the script of ${basename(file)} can be played, and it knows one task`,
      "leave --task out, or set OPENAI_API_KEY",
    );
  }
  const why = input.flags.has("scripted") ? "--scripted" : "No OPENAI_API_KEY";
  const notice = `${why}: a script plays the model, with its mistakes${work.kind === "nothing" ? "" : ", on the bundled repository"}.`;
  return { file, task: demo.task, work, model: demo.script(request.thinkMs), isScripted: true, notice };
}

/**
 * An environment is a value, which no command line can give. That an organization needs one is seen by the functions that take
 * it: whoever does not need it names no parameter.
 */
function checkNoEnvironment({ name, worksOn, tools, contract }: Organization): void {
  if (worksOn === "repository") return;
  const taker = tools !== undefined && tools.length > 0 ? "tools" : contractTaker(contract);
  if (taker === undefined) return;
  throw new UsageError(
    `${name} works on an environment, which its ${taker} take, and only a program can give one: run(${name}, task, { model, environment })`,
    "give a function that needs none no parameter",
  );
}

function contractTaker(contract: Organization["contract"]): string | undefined {
  return (["criteria", "fingerprint"] as const).find((part) => contract !== undefined && contract[part].length > 0);
}

function modelOf({ model }: RunRequest): ModelClient {
  if (model !== undefined) return model;
  throw new UsageError(
    "there is no model to work with: OPENAI_API_KEY is not set",
    "export OPENAI_API_KEY=…, or give --base-url URL --model NAME of a server that asks for no key",
  );
}
