import {
  describeExit,
  toFailure,
  topOf,
  type Address,
  type Clock,
  type Endpoint,
  type Journal,
  JournalError,
  type Logger,
  type Random,
  type SystemEvent,
  type Transport,
} from "@orgtree/core";
import { ScopedJournal } from "@orgtree/journal";
import { createActorSystem, type ActorSystem, type TreeNode, type WorkContext } from "@orgtree/runtime";
import { readRunNews, run, runOnRepository, type RunNews, type RunResult } from "orgtree";
import { logicAt, lookUp, type ActorJob, type Catalog } from "./catalog.ts";
import { deskAddress, deskSpec, lookAtDesk, type DeskLimits, type DeskQuestion } from "./desk.ts";
import type { Job, JobEnd, JobRequest } from "./job.ts";
import type { JobNews, NewsQuery, RunNewsPage } from "./job-news.ts";
import { readRunInput } from "./run-input.ts";
import { RunJournal } from "./run-journal.ts";
import { actorsScope } from "./scopes.ts";
import type { LetterBook } from "./look/letter-book.ts";

/** What a partition is made of. */
export interface PartitionParts {
  readonly endpoint: Endpoint;
  /** Of the whole partition, opened for writing. The partition closes it. */
  readonly journal: Journal;
  readonly transport: Transport;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What people call this process. */
  readonly process: string;
  /** Where it is marked which runs are under way: in the file system that the nodes share, if they do. */
  readonly marks: string;
  readonly desk?: Partial<DeskLimits> | undefined;
  /** Where messages are noted that were lost here. */
  readonly letters?: LetterBook | undefined;
  /** Hears, once or more, that it cannot go on here: another process has taken the journal over, or that takes nothing any more. */
  readonly fell?: ((problem: string) => void) | undefined;
  /** Hears of each time that somebody here did what he may not. */
  readonly violated?: (() => void) | undefined;
}

/** Longest that an end waits for the runs to finish their turns, in milliseconds. */
const finishMs = 5_000;

/** Until a run is tried again whose journal is out of reach, in milliseconds. */
const outOfReachMs = 1_000;

/** Until it is looked again for what has happened, in milliseconds. */
const storedSoonMs = 50;

/**
 * What a node hosts of a partition: a system of actors with its desk, and the runs, each of which has a system of its own. All write to one
 * journal, so whoever opens that takes over all of it.
 */
export class Partition implements JobNews {
  readonly endpoint: Endpoint;
  readonly system: ActorSystem;
  readonly #parts: PartitionParts;
  readonly #cancelled = new Set<string>();
  readonly #running = new Map<string, AbortController>();
  /** What of them is not over yet. */
  readonly #unfinished = new Set<Promise<unknown>>();
  /** A look at the trees of the runs that stand. */
  readonly #views = new Map<string, () => TreeNode>();
  /** What is at the top of a tree: those who host a part of it have to know. */
  readonly #jobs = new Map<Address, ActorJob>();
  /** Jobs that are actors, and what stops them. */
  readonly #living = new Map<string, () => void>();
  /** Who waits for news of a run. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #ending: Promise<void> | undefined;

  private constructor(parts: PartitionParts) {
    const { endpoint, journal, transport, catalog, clock, random, logger } = parts;
    this.endpoint = endpoint;
    this.#parts = parts;
    this.system = createActorSystem({
      journal: new ScopedJournal(journal, actorsScope),
      transport,
      specOf: (address, job) => logicAt(catalog, address, job),
      about: (address) => this.#jobs.get(topOf(address)),
      clock,
      random,
      logger,
    });
    this.system.observe((event) => this.#watch(event));
  }

  /** Goes on with what is stored, and takes what comes. Rejects as opening the journal's content does; then nothing of it is left. */
  static async begin(parts: PartitionParts): Promise<Partition> {
    const partition = new Partition(parts);
    try {
      await partition.system.start(deskSpec(parts.endpoint, partition, parts.desk));
      return partition;
    } catch (error) {
      // What it would still hear is for who has replaced it.
      await partition.end();
      throw error;
    }
  }

  /** The runs that are under way here. */
  get runs(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** The trees that stand here: that of the partition's own actors, and that of each run. */
  trees(): readonly { readonly run: string | undefined; readonly tree: TreeNode }[] {
    return [{ run: undefined, tree: this.system.tree() }, ...Array.from(this.#views, ([run, view]) => ({ run, tree: view() }))];
  }

  /** What the desk knows, without a turn of it; undefined where it knows nothing yet. */
  look(question: DeskQuestion): { readonly found: unknown } | undefined {
    return lookAtDesk(this.system.peek(deskAddress(this.endpoint)), question);
  }

  /** The parts that stand here of trees whose tops are elsewhere. */
  branches(): readonly TreeNode[] {
    return this.system.branches();
  }

  /**
   * What is stored of a run behind a position; where there is nothing yet it waits. `isOver`: the job is not under way here, and its desk knows what it came to, so that nothing
   * more comes. Of an actor nothing is told but that.
   */
  async news(id: string, query: NewsQuery): Promise<RunNewsPage> {
    try {
      return await this.#newsOf(id, query);
    } catch (error) {
      if (this.#ending === undefined) throw error;
      return { news: [], isOver: true };
    }
  }

  async #newsOf(id: string, { after, limit, waitMs }: NewsQuery): Promise<RunNewsPage> {
    const { clock } = this.#parts;
    const giveUpMs = clock.nowMs() + waitMs;
    for (let hasHeard = false; ; hasHeard = true) {
      // Before it is read: what happens while it reads is heard, and what a run stores last is in what is read then.
      const ear = this.#listen(id);
      try {
        const isHere = this.#running.has(id) || this.#living.has(id);
        const isOver = !isHere && !this.#isOwed(id);
        const news = await this.#readNews(id, { after, limit });
        const leftMs = giveUpMs - clock.nowMs();
        if (news.length > 0 || isOver || leftMs <= 0) return { news, isOver: isOver && news.length < limit };
        // What has happened is stored soon, with the next turn.
        await ear.heard(hasHeard || !isHere ? Math.min(leftMs, storedSoonMs) : leftMs);
      } finally {
        ear.close();
      }
    }
  }

  /** The desk has not stored yet what it came to, or it has not begun. */
  #isOwed(id: string): boolean {
    return (this.look({ look: "job", id })?.found as Job | undefined)?.status === "running";
  }

  async #readNews(id: string, { after, limit }: { readonly after: number; readonly limit: number }): Promise<readonly RunNews[]> {
    const news: RunNews[] = [];
    for await (const each of readRunNews(this.#journalOf(id), after)) {
      news.push(each);
      if (news.length === limit) break;
    }
    return news;
  }

  /** Hears what happens in a run from now on. `heard` resolves with the first of it, or when its time is over. */
  #listen(id: string): { readonly heard: (waitMs: number) => Promise<void>; readonly close: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    let cancel = (): void => undefined;
    const heard = (waitMs: number): Promise<void> => {
      cancel = this.#parts.clock.setTimer(waitMs, resolve);
      return promise;
    };
    const close = (): void => {
      cancel();
      waiting.delete(resolve);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    };
    return { heard, close };
  }

  #tellHeard(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve();
  }

  #journalOf(id: string): RunJournal {
    const { journal, marks } = this.#parts;
    return new RunJournal(journal, { id, directory: marks });
  }

  /**
   * Ends what it hosts, as it is: it goes on elsewhere. Turns that are under way are finished first, those of runs within a limit of time. A
   * second call waits for the first.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    for (const controller of this.#running.values()) controller.abort(this.#handedOver());
    // Its own actors hear nothing more from here on: the end of a run which is handed over is no end.
    await Promise.all([this.system.close(), this.#finishRuns()]);
    await this.#parts.journal.close();
  }

  /** What they store late would not be there for who goes on. */
  async #finishRuns(): Promise<void> {
    const { clock } = this.#parts;
    const late = Promise.withResolvers<void>();
    const cancel = clock.setTimer(finishMs, late.resolve);
    await Promise.race([Promise.allSettled(this.#unfinished), late.promise]);
    cancel();
  }

  #handedOver(): Error {
    return new Error(`${this.endpoint} is handed over`);
  }

  /** @internal For its desk. */
  async work(job: JobRequest, context: WorkContext): Promise<JobEnd> {
    try {
      return job.kind === "run" ? await this.#finish(this.#runInTime(job, context)) : await this.#live(job);
    } catch (error) {
      context.signal.throwIfAborted();
      if (this.#ending !== undefined) throw error;
      return { status: "failed", failure: toFailure(error) };
    }
  }

  /** @internal For its desk. */
  cancel(id: string): Promise<void> {
    this.#cancelled.add(id);
    this.#running.get(id)?.abort(new Error("it was cancelled"));
    this.#living.get(id)?.();
    return Promise.resolve();
  }

  async #finish<T>(run: Promise<T>): Promise<T> {
    this.#unfinished.add(run);
    try {
      return await run;
    } finally {
      this.#unfinished.delete(run);
    }
  }

  async #live({ id, what, input }: JobRequest): Promise<JobEnd> {
    const spec = lookUp("actor", this.#parts.catalog.actors, what)(input);
    this.#jobs.set(`/${id}`, { what, input });
    const address = await this.system.start({ restart: "transient", ...spec, id });
    const stop = (): void => {
      this.system.stop(address).catch((error: unknown) => this.#parts.logger.warn({ err: error, id }, "a cancelled job was not stopped"));
    };
    this.#living.set(id, stop);
    if (this.#cancelled.has(id)) stop();
    const exit = await this.system.watch(address).finally(() => {
      this.#living.delete(id);
      this.#jobs.delete(address);
      this.#tellHeard(id);
    });
    if (exit.kind === "failure" || exit.kind === "escalated") return { status: "failed", failure: exit.failure };
    return exit.kind === "normal" ? { status: "done", output: exit.output } : { status: "cancelled" };
  }

  /** A journal that is out of reach is no end of a run: it goes on when it can be read again. */
  async #runInTime(job: JobRequest, context: WorkContext): Promise<JobEnd> {
    for (;;) {
      try {
        return await this.#run(job, context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (this.#ending !== undefined || !(error instanceof JournalError && error.retryable)) throw error;
        this.#parts.logger.warn({ err: error, id: job.id }, "a run could not go on, since its journal is out of reach; it is tried again");
      }
      await new Promise<void>((resolve) => void this.#parts.clock.setTimer(outOfReachMs, resolve));
      context.signal.throwIfAborted();
    }
  }

  async #run({ id, what, input }: JobRequest, { signal }: WorkContext): Promise<JobEnd> {
    const { organization, model, environment } = lookUp("organization", this.#parts.catalog.organizations, what);
    const { task, repository } = readRunInput(input);
    const { clock, random, logger, process } = this.#parts;
    const controller = new AbortController();
    const stop = (): void => controller.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.#running.set(id, controller);
    if (this.#cancelled.has(id)) controller.abort(new Error("it was cancelled"));
    const journal = this.#journalOf(id);
    const onEntry = (): void => this.#tellHeard(id);
    const onEvent = (event: SystemEvent): void => {
      this.#watch(event, id);
      onEntry();
    };
    const onStart = (view: () => TreeNode): void => void this.#views.set(id, view);
    const options = { model: model(), journal, clock, random, logger, signal: controller.signal, onEvent, onEntry, onStart, process };
    try {
      journal.begin();
      const result: RunResult & { readonly patch?: string } =
        repository === undefined
          ? await run(organization, task, { ...options, environment: environment?.() as never })
          : await runOnRepository(organization as never, { ...repository, task }, options);
      const end = this.#endOf(id, result, signal);
      journal.end();
      return end;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#running.delete(id);
      this.#views.delete(id);
      this.#tellHeard(id);
      await journal.close();
    }
  }

  #watch(event: SystemEvent, run?: string): void {
    const { letters, fell, violated } = this.#parts;
    if (event.type === "dead-letter") letters?.add(event.letter, { partition: this.endpoint, run });
    // What the store refuses for good ends all actors; it may take it from who opens it next.
    const isOver = event.type === "actor-exited" && event.address === "/" && run === undefined && this.#ending === undefined;
    if (isOver) fell?.(`its actors have ended: ${describeExit(event.exit)}`);
    if (event.type !== "actor-failed") return;
    if (event.failure.class === "fenced") fell?.(event.failure.message);
    if (event.failure.class === "role-violation") violated?.();
  }

  #endOf(id: string, result: RunResult & { readonly patch?: string }, signal: AbortSignal): JobEnd {
    const { status, report, patch } = result;
    if (status === "cancelled") {
      // Interrupted and not cancelled: another process goes on with it, and nobody is told of an end.
      if (!this.#cancelled.has(id)) signal.throwIfAborted();
      if (this.#ending !== undefined) throw this.#handedOver();
      return { status, output: { report } };
    }
    const { output } = result;
    if (status === "failed") return { status, failure: result.failure, output: { output, report, patch } };
    return { status, output: { output, artefact: result.artefact, report, patch } };
  }
}
