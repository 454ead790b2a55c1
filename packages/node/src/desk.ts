import { ExpectedError, type Address, type ChildSpec, type Endpoint, type FailureClass } from "@orgtree/core";
import { plain, work, type Logic, type PlainLogic, type WorkContext } from "@orgtree/runtime";
import { checkJob, type Job, type JobEnd, type JobRequest, type JobSummary } from "./job.ts";

/** What a desk is told. */
export type DeskCall =
  | { readonly type: "submit"; readonly job: JobRequest }
  | { readonly type: "cancel"; readonly id: string }
  | { readonly type: "get"; readonly id: string }
  | { readonly type: "list" };

interface DeskState {
  /** In the order in which they came. */
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Who does the jobs of a desk. */
export interface JobWorker {
  /** Does a job, from wherever it is; called again by each process that goes on with it. Rejects for nothing that is the job's own affair. */
  work(job: JobRequest, context: WorkContext): Promise<JobEnd>;
  /** Ends a job in order, as `cancelled`. */
  cancel(id: string): Promise<void>;
}

/** How much a desk holds. */
export interface DeskLimits {
  /** Jobs at the same time; more are refused. Default 1,000. */
  readonly running: number;
  /** Ended jobs that are remembered; the oldest are forgotten first. Default 1,000. */
  readonly ended: number;
}

const defaults: DeskLimits = { running: 1_000, ended: 1_000 };

/** The desk of a partition: takes jobs, has them done, and knows what became of them. */
function desk(worker: JobWorker, limits: Partial<DeskLimits> = {}): PlainLogic<DeskState, DeskCall> {
  const { running, ended } = { ...defaults, ...limits };
  return plain<DeskState, DeskCall>({
    works: {
      // Everything that a job does is stored by itself: who begins it again goes on where it was.
      job: work<JobRequest, JobEnd>({
        kind: "idempotent",
        describe: ({ id }) => `job ${id}`,
        run: (job, context) => worker.work(job, context),
      }),
      cancel: work<{ readonly id: string }, void>({ kind: "idempotent", run: ({ id }) => worker.cancel(id) }),
    },
    init: () => ({ jobs: {} }),
    receive(state, call, turn) {
      switch (call.type) {
        case "submit": {
          try {
            checkJob(call.job);
          } catch (error) {
            // It is whoever submits it that is wrong: the desk goes on.
            turn.refuse(error as ExpectedError);
            return state;
          }
          const known = ownJob(state, call.job.id);
          if (known !== undefined) {
            if (isSame(known, call.job)) turn.reply({ job: known, isNew: false });
            else turn.refuse(new JobConflictError(call.job.id));
            return state;
          }
          const count = Object.values(state.jobs).filter(({ status }) => status === "running").length;
          if (count >= running) {
            turn.refuse(new DeskFullError(running));
            return state;
          }
          const { id, kind, what, input } = call.job;
          const job: Job = { id, kind, what, input, status: "running", submittedMs: turn.epochMs };
          turn.run("job", call.job, { tag: id });
          turn.reply({ job, isNew: true });
          return { jobs: { ...state.jobs, [id]: job } };
        }
        case "cancel": {
          const job = ownJob(state, call.id);
          if (job?.status === "running") turn.run("cancel", { id: call.id }, { tag: `cancel ${call.id}` });
          turn.reply(job);
          return state;
        }
        case "get":
          turn.reply(ownJob(state, call.id));
          return state;
        case "list":
          turn.reply(Object.values(state.jobs).map(summaryOf));
          return state;
        default:
          return state;
      }
    },
    signal(state, signal, turn) {
      if (signal.type === "orgtree.done")
        return settle(state, signal.tag, { end: signal.output as JobEnd | undefined, atMs: turn.epochMs, ended });
      if (signal.type === "orgtree.failed")
        return settle(state, signal.tag, { end: { status: "failed", failure: signal.failure }, atMs: turn.epochMs, ended });
      return state;
    },
  });
}

function ownJob({ jobs }: DeskState, id: string): Job | undefined {
  return Object.hasOwn(jobs, id) ? jobs[id] : undefined;
}

function summaryOf({ input: _input, output: _output, failure: _failure, ...summary }: Job): JobSummary {
  return summary;
}

function isSame(one: JobRequest, other: JobRequest): boolean {
  const facts = ({ kind, what, input }: JobRequest): string => JSON.stringify([kind, what, input]);
  return facts(one) === facts(other);
}

function settle(
  state: DeskState,
  id: string,
  { end, atMs, ended }: { readonly end: JobEnd | undefined; readonly atMs: number; readonly ended: number },
): DeskState {
  const job = ownJob(state, id);
  if (job === undefined || end === undefined) return state;
  const jobs = { ...state.jobs, [id]: { ...job, ...end, endedMs: atMs } };
  const over = Object.values(jobs).filter(({ status }) => status !== "running");
  for (const oldest of over.slice(0, Math.max(0, over.length - ended))) delete jobs[oldest.id];
  return { jobs };
}

/** What can be seen of a desk from outside: a job, or all in short. */
export type DeskQuestion = { readonly look: "job"; readonly id: string } | { readonly look: "jobs" };

/** What the state of a desk says; undefined where it has none yet. */
export function lookAtDesk(state: unknown, question: DeskQuestion): { readonly found: unknown } | undefined {
  if (state === undefined) return undefined;
  const seen = state as DeskState;
  return { found: question.look === "job" ? ownJob(seen, question.id) : Object.values(seen.jobs).map(summaryOf) };
}

/** The address of the desk at an endpoint. */
export function deskAddress(endpoint: Endpoint): Address {
  return `/desk-${endpoint}`;
}

/** The endpoint of a desk's address; undefined for other addresses. */
export function deskEndpoint(address: Address): Endpoint | undefined {
  return /^\/desk-([A-Za-z0-9_-]+)/.exec(address)?.[1];
}

/** The desk as it is started. */
export function deskSpec(endpoint: Endpoint, worker: JobWorker, limits?: Partial<DeskLimits>): ChildSpec<Logic> {
  return { id: deskAddress(endpoint).slice(1), logic: desk(worker, limits) as PlainLogic, mailbox: 10_000 };
}

/** The id is that of another job. Nothing was begun. */
export class JobConflictError extends ExpectedError {
  override readonly name = "JobConflictError";
  readonly retryable = false;
  readonly id: string;

  constructor(id: string) {
    super(`the id ${id} is that of another job; choose one that nobody has`);
    this.id = id;
  }
}

/** As many jobs are under way as the desk has room for. Nothing was begun. */
export class DeskFullError extends ExpectedError {
  override readonly name = "DeskFullError";
  readonly retryable = true;
  readonly limit: number;

  constructor(limit: number) {
    super(`${limit} jobs are under way in this partition; submit it later`);
    this.limit = limit;
  }

  override get failureClass(): FailureClass {
    return "overload";
  }
}
