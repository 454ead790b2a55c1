import {
  checkFields,
  childAddress,
  failureOf,
  FailureError,
  shutdownExit,
  type Address,
  type Clock,
  type Exit,
  type Failure,
  type Journal,
  type Logger,
  type ModelClient,
  type Observer,
  type Random,
  SpecError,
} from "@orgtree/core";
import {
  buildRun,
  checkLogics,
  checkModels,
  isOrganization,
  RunRecord,
  type LeadOutput,
  type Organization,
  type RecordEntry,
  type RunTree,
} from "@orgtree/org";
import { createActorSystem, guardProcess, systemClock, type ActorSystem, type TreeNode } from "@orgtree/runtime";
import { judgeDelivery } from "./delivery.ts";
import { readLeadOutput } from "./lead-output.ts";
import { enterRun, findRun, finishRun } from "./durable-run.ts";
import { noPast, resumeModels, type RunPast } from "./run-past.ts";
import { ReportBuilder, type RunReport } from "./run-report.ts";

/** How a run is made. */
export interface RunOptions<E = unknown> {
  /** Answers for every agent that has no model of its own. */
  readonly model: ModelClient;
  /** What the organization works on. No journal has it: it has to outlive the process as a journal does, where a run is to go on. */
  readonly environment?: E;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Gets one line for each decision of a supervisor. Default: nobody. */
  readonly logger?: Logger;
  /** Hears everything that happens in the tree. */
  readonly onEvent?: Observer;
  /** Hears what the agents do: model calls, tool calls, checks, verdicts, alarms. What it throws is logged and forgotten. */
  readonly onEntry?: (entry: RecordEntry) => void;
  /** Is given a look at the tree, once it stands. */
  readonly onStart?: (view: () => TreeNode) => void;
  /**
   * Makes errors that escape an agent's code, such as a promise of a tool that nobody awaits, the failure of that agent
   * instead of the end of the process; see `guardProcess` of the runtime. For the outermost program. Default false.
   */
  readonly guardsProcess?: boolean;
  /** Ends the run in order; its result is then `cancelled`. */
  readonly signal?: AbortSignal;
  /**
   * Where every turn is stored before anything of it is visible. A run that was begun in it goes on where it was: agents with their
   * conversations, what was spent, the record; what has a result is not done again. One that has ended gives its result. The same
   * organization, task and environment have to be given. `signal` then leaves the run as it is, to go on later. Default: nothing is
   * stored.
   */
  readonly journal?: Journal;
  /** Hears what was done before, when a run goes on. */
  readonly onResume?: (past: ResumedRun) => void;
  /** What people call this process: it is stored with what it does of the run. */
  readonly process?: string;
  /** For tests of agents: each goes on after each turn from what could be stored of it; see `SystemOptions`. Default false. */
  readonly restores?: boolean;
}

/** What was done in a run by the processes before. */
export interface ResumedRun {
  readonly entries: readonly RecordEntry[];
  /** Milliseconds of work; the time between processes is not counted. */
  readonly workedMs: number;
}

const optionFields: readonly string[] = [
  "model",
  "environment",
  "clock",
  "random",
  "logger",
  "onEvent",
  "onEntry",
  "onStart",
  "guardsProcess",
  "signal",
  "restores",
  "journal",
  "onResume",
  "process",
] satisfies (keyof RunOptions)[];

/**
 * How a run ended. Every run ends in one of these. Under a contract it is `done` only if the record shows that the hold point opened
 * for the work as it is at the end, whose fingerprint is then `artefact`; else it has failed as `unverified`, whatever its lead says.
 */
export type RunResult<T = unknown> =
  | { readonly status: "done"; readonly output: T; readonly artefact: string | undefined; readonly report: RunReport }
  | { readonly status: "failed"; readonly failure: Failure; readonly output: T | undefined; readonly report: RunReport }
  | { readonly status: "cancelled"; readonly output: undefined; readonly report: RunReport };

/**
 * Runs one task with an organization, in this process, and waits for its end.
 *
 * With a journal in which the run was begun it goes on where that one was: see `RunOptions.journal`. A run that fails is a result, not
 * an exception. Rejects only when the organization could not be started: `SpecError` for what is wrong in it or in the options, a missing
 * model and a limit of dollars that cannot be held included; `MachineLintError`; `OtherRunError`, `JournalError`.
 *
 * @example
 * const result = await run(desk, "the sea", { model: scriptedModel(["The sea is wide."]) });
 */
export async function run<T = unknown, E = unknown>(
  organization: Organization<E>,
  task: string,
  options: RunOptions<E>,
): Promise<RunResult<T>> {
  checkRun(organization, task, options);
  const { journal } = options;
  if (journal === undefined) return runToEnd<T, E>(organization, task, options);
  const log = await findRun(journal, organization.name);
  if (log?.result !== undefined) return log.result as RunResult<T>;
  const result = await runToEnd<T, E>(organization, task, options);
  await finishRun(organization.name, result, options);
  return result;
}

/** Runs it to its end, from wherever it is, and stores nothing of how it ended. */
export async function runToEnd<T, E>(organization: Organization<E>, task: string, options: RunOptions<E>): Promise<RunResult<T>> {
  const clock = options.clock ?? systemClock;
  const startMs = clock.nowMs();
  const address = `/${organization.name}` as const;
  let system: ActorSystem | undefined;
  const record = new RunRecord({ logger: options.logger, keep: (at, entry) => system?.note(at, entry) });
  const tree = buildRun({ organization, task, environment: options.environment as E, model: options.model, record, address });
  checkLogics(tree);
  if (isAborted(options.signal)) return cancelledBeforeStart(organization);
  const past = await enterRun(organization, task, options);
  const builder = new ReportBuilder(tree.agents);
  for (const event of past.events) builder.onEvent(event);
  for (const entry of past.entries) builder.onEntry(entry);
  record.restore(past.entries);
  resumeModels(organization, options.model, past.entries);
  const ended = await live({ tree, address, past, builder, record, clock }, options, (made) => (system = made));
  const report = builder.build(past.workedMs + clock.nowMs() - startMs);
  if (ended.lead?.kind !== "normal") return failedResult<T>(ended, report);
  const lead = readLeadOutput(ended.lead, tree.lead);
  if (lead.kind === "unreadable") return { status: "failed", failure: lead.failure, output: undefined, report };
  const output = lead.result as T;
  const delivery = await judgeDelivery(tree, record.view);
  if (delivery.kind === "approved") return { status: "done", output, artefact: delivery.artefact, report };
  return { status: "failed", failure: delivery.failure, output, report };
}

interface Life {
  readonly tree: RunTree;
  readonly address: Address;
  readonly past: RunPast;
  readonly builder: ReportBuilder;
  readonly record: RunRecord;
  readonly clock: Clock;
}

/** Brings the tree to life and waits for its end. */
async function live<E>(life: Life, options: RunOptions<E>, use: (system: ActorSystem) => void): Promise<Ended> {
  const { tree, address, past, builder, record, clock } = life;
  const given = { ...pick(options, "random"), ...pick(options, "logger"), ...pick(options, "restores"), ...pick(options, "journal") };
  await using system = createActorSystem({ clock, ...given });
  using _guard = options.guardsProcess === true ? guardProcess(system) : undefined;
  use(system);
  system.observe(builder.onEvent);
  record.view.observe(builder.onEntry);
  if (options.onEvent !== undefined) system.observe(options.onEvent);
  if (options.onEntry !== undefined) record.view.observe(options.onEntry);
  if (past !== noPast) tellResume(options, past);
  // At once: a short run may have come to its end before its start is answered.
  const unobserve = system.observe((event) => {
    if (event.type !== "actor-started" || event.address !== address) return;
    unobserve();
    tellStart(options, () => system.tree());
  });
  // It may have ended, and its process before anybody was told.
  const isUp = builder.exitOf(address) !== undefined || (await start(system, withTimeLeft(tree.spec, past), options));
  // A lead may be at its end as soon as it starts.
  const exit = builder.exitOf(address) ?? (isUp ? await endOfRun(system, address, options) : shutdownExit);
  const ended: Ended = { run: exit, lead: builder.exitOf(tree.lead), cancelled: isAborted(options.signal) };
  await system.close();
  return ended;
}

/** Starts the tree; false when the signal came before it was up, which may take as long as its journal is out of reach. */
async function start<E>(system: ActorSystem, spec: RunTree["spec"], { signal, journal }: RunOptions<E>): Promise<boolean> {
  const close = (): void => void system.close().catch(() => {});
  if (journal !== undefined) signal?.addEventListener("abort", close, { once: true });
  if (journal !== undefined && isAborted(signal)) close();
  try {
    await system.start(spec);
    return true;
  } catch (error) {
    if (journal === undefined || !isAborted(signal)) throw error;
    return false;
  } finally {
    signal?.removeEventListener("abort", close);
  }
}

/** Time that was worked before is spent. */
function withTimeLeft(spec: RunTree["spec"], { workedMs }: RunPast): RunTree["spec"] {
  const { budget } = spec;
  if (budget?.wallMs === undefined || workedMs === 0) return spec;
  return { ...spec, budget: { ...budget, wallMs: Math.max(1, budget.wallMs - workedMs) } };
}

/** Checks before anything is built that what was given is what a run needs; throws `SpecError`. */
export function checkRun<E>(organization: Organization<E>, task: string, options: RunOptions<E>): void {
  if (!isOrganization(organization)) throw new SpecError("organization", "is none; make it with organization({ name, agents, … })");
  if (typeof task !== "string") throw new SpecError("task", `a text that says what is to be done, not ${String(task)}`);
  checkFields(options, { field: "", name: "options", known: optionFields });
  checkModels(organization, options.model);
}

function tellResume({ onResume, logger }: Pick<RunOptions, "onResume" | "logger">, { entries, workedMs }: RunPast): void {
  try {
    onResume?.({ entries, workedMs });
  } catch (error) {
    logger?.error({ err: error }, "onResume threw");
  }
}

/** As with every listener: one that throws is logged, and the run goes on. */
function tellStart({ onStart, logger }: Pick<RunOptions, "onStart" | "logger">, view: () => TreeNode): void {
  try {
    onStart?.(view);
  } catch (error) {
    logger?.error({ err: error }, "onStart threw");
  }
}

/** The exit of the run's supervisor. On the signal it is stopped in order; with a journal, so that it can go on later. */
async function endOfRun<E>(system: ActorSystem, address: Address, { signal, journal }: RunOptions<E>): Promise<Exit> {
  const exit = system.watch(address);
  const stop = (): void => void (journal === undefined ? system.stop(address) : system.close()).catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  // It may have aborted while the tree started.
  if (isAborted(signal)) stop();
  try {
    return await exit;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Asked anew each time: the compiler would take an answer to last. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

interface Ended {
  readonly run: Exit;
  readonly lead: Exit | undefined;
  readonly cancelled: boolean;
}

function failedResult<T>({ run: exit, lead, cancelled }: Ended, report: RunReport): RunResult<T> {
  if (cancelled) return { status: "cancelled", output: undefined, report };
  const failure =
    failureOf(exit) ??
    (lead === undefined ? undefined : failureOf(lead)) ??
    new FailureError({ class: "crash", message: "the run ended without its lead" }).failure;
  return { status: "failed", failure, output: partialOf(lead) as T | undefined, report };
}

/** The best that there was, when the lead failed. */
function partialOf(lead: Exit | undefined): unknown {
  const output = lead?.kind === "failure" ? (lead.failure.detail?.["output"] as LeadOutput | undefined) : undefined;
  return output?.result;
}

/** The result of a run that was cancelled before anything of it ran. */
export function cancelledBeforeStart({ name, agents }: Pick<Organization, "name" | "agents">): Extract<RunResult, { status: "cancelled" }> {
  const idle = new Map(Object.keys(agents).map((agent) => [agent, childAddress(`/${name}`, agent)]));
  return { status: "cancelled", output: undefined, report: new ReportBuilder(idle).build(0) };
}

function pick<O extends object, K extends keyof O>(options: O, key: K): Partial<Pick<O, K>> {
  return options[key] === undefined ? {} : ({ [key]: options[key] } as Pick<O, K>);
}
