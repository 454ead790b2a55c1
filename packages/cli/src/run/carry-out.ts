/** Carries out the plan of a run: with what is temporary for it, and with its journal. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beginRun, openRepository, run as runOrganization, type Logger, type RunOptions, type RunResult, SpecError } from "orgtree";
import type { SqliteJournal } from "orgtree/journal";
import { UsageError } from "../input/usage-error.ts";
import type { Progress, RunStart } from "../progress/progress.ts";
import type { Surroundings } from "../surroundings.ts";
import { makeDemoRepository } from "./demo-repository.ts";
import { tellGivingUp } from "./giving-up.ts";
import { putAway } from "./patch-file.ts";
import { openRunDirectory, type RunDirectory } from "./run-directory.ts";
import { factsOf, type RunFacts } from "./run-facts.ts";
import { removeJournal } from "./run-journal.ts";
import type { RunPlan } from "./run-plan.ts";

/** What is carried out. */
export interface PlannedRun {
  readonly plan: RunPlan;
  /** Where the patch will go, as a whole path. */
  readonly out: string | undefined;
  /** Where it is stored; `opened` where an earlier process has begun it. */
  readonly journal:
    | { readonly path: string; readonly opened: { readonly journal: SqliteJournal; readonly facts: RunFacts } | undefined }
    | undefined;
}

/** Who hears of it. */
export interface Listeners {
  readonly progress: Progress;
  readonly logger: Logger | undefined;
}

/** How it ended. */
export interface Ended {
  readonly result: RunResult;
  /** Undefined when there is no repository. */
  readonly patch: string | undefined;
}

/** Runs the plan. Whatever comes, nothing temporary is left, but for what a journal needs to go on. */
export async function carryOut(run: PlannedRun, listeners: Listeners, surroundings: Surroundings): Promise<Ended | "interrupted"> {
  const { progress } = listeners;
  const signal = surroundings.catchInterrupts();
  const opened = run.journal?.opened;
  // That of the run which a fork was made of is not the fork's.
  const own = opened?.facts.run === opened?.journal.run ? opened?.facts.directory : undefined;
  const directory = openRunDirectory(surroundings, { journal: run.journal?.path, path: own });
  signal.addEventListener("abort", progress.interrupted);
  try {
    const ended = await store({ ...run, directory, signal }, listeners, surroundings);
    if (ended.result.status === "cancelled" && run.journal !== undefined) directory.leave();
    else directory.remove();
    return ended;
  } catch (error) {
    // Stopped before the organization was there.
    if (signal.aborted && error === signal.reason) return "interrupted";
    throw error;
  } finally {
    signal.removeEventListener("abort", progress.interrupted);
    progress.end();
    directory.leave();
  }
}

interface Workplace extends PlannedRun {
  readonly directory: RunDirectory;
  readonly signal: AbortSignal;
}

/** With its journal: of a run that is refused, or interrupted before it began, there is none afterwards. */
async function store(place: Workplace, listeners: Listeners, surroundings: Surroundings): Promise<Ended> {
  const { journal, plan, out, directory } = place;
  const { clock } = surroundings;
  if (journal === undefined) return work(place, undefined, optionsOf(place, listeners, surroundings));
  const tellFacts = async (opened: SqliteJournal): Promise<void> => {
    const facts = factsOf(plan, { directory: directory.path, run: opened.run, out });
    await beginRun({ journal: opened, clock, origin: { organization: plan.organization.name, facts } });
  };
  if (journal.opened !== undefined) {
    const { journal: opened, facts } = journal.opened;
    if (facts.run !== opened.run) await tellFacts(opened);
    return work(place, opened, optionsOf(place, listeners, surroundings));
  }
  const state = { isBegun: false };
  try {
    const { openSqliteJournal } = await import("orgtree/journal");
    await using opened = await openSqliteJournal(journal.path);
    await tellFacts(opened);
    const keep = (): void => {
      state.isBegun = true;
      directory.keep();
    };
    return await work({ ...place, directory: { ...directory, keep } }, opened, optionsOf(place, listeners, surroundings));
  } catch (error) {
    if (!state.isBegun) await removeJournal(journal.path);
    throw error;
  }
}

type Options = Omit<RunOptions, "environment"> & { readonly signal: AbortSignal; readonly progress: Progress };

function optionsOf({ plan, signal }: Workplace, { progress, logger }: Listeners, surroundings: Surroundings): Options {
  const hearGivingUp = tellGivingUp(plan.organization.name, surroundings);
  return {
    progress,
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
}

async function work(place: Workplace, journal: SqliteJournal | undefined, { progress, ...given }: Options): Promise<Ended> {
  const { plan, directory, out } = place;
  const { organization, task, work: what } = plan;
  const options = journal === undefined ? given : { ...given, journal };
  const begin = (start: Pick<RunStart, "before" | "copy">): void => {
    if (journal !== undefined) directory.keep();
    // Not before: of a run that is refused nothing is left, and nothing is lost.
    const previous = out === undefined ? undefined : putAway(out);
    progress.begin(plan, { ...start, previous, journal: place.journal?.path });
  };
  const announced = (start: Pick<RunStart, "before" | "copy">): typeof options => {
    const announce = once(() => begin(start));
    const onResume: RunOptions["onResume"] = (past) => {
      announce();
      progress.resumed(past);
    };
    const onEvent: RunOptions["onEvent"] = (event) => {
      announce();
      options.onEvent?.(event);
    };
    return { ...options, onResume, onEvent };
  };
  if (what.kind === "nothing") {
    return { result: await runOrganization(organization, task, announced({ before: undefined, copy: undefined })), patch: undefined };
  }
  progress.prepare(what);
  const { check } = what;
  const { signal, clock } = given;
  const repo = what.kind === "bundled" ? await bundledRepository(what.files, { directory: directory.path, signal }) : what.repo;
  const ignoredPaths = what.kind === "bundled" ? [] : what.ignoredPaths;
  const durable = journal === undefined ? undefined : { journal, organization: organization.name, clock };
  await using repository = await openRepository({ repo, check, task, ignoredPaths }, { signal, durable }).catch(inWordsOfOptions);
  const { patch, ...result } = await repository.run(organization, announced({ before: repository.before, copy: repository.root }));
  return { result, patch };
}

/** That of an earlier process, or a new one. */
async function bundledRepository(files: URL, place: { readonly directory: string; readonly signal: AbortSignal }): Promise<string> {
  const [made, whole] = ["repository", "repository-is-whole"].map((name) => join(place.directory, name)) as [string, string];
  if (existsSync(whole)) return made;
  rmSync(made, { recursive: true, force: true });
  await makeDemoRepository(files, place);
  writeFileSync(whole, "");
  return made;
}

/** The run is announced when its first actor is there: until then its organization may be refused. */
function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

/** Whoever typed `--ignored` has never heard of `ignoredPaths`. */
function inWordsOfOptions(error: unknown): never {
  if (!(error instanceof SpecError) || !error.message.includes("ignoredPaths")) throw error;
  throw new UsageError(error.message.replace(/ignoredPaths:?/, "--ignored"));
}
