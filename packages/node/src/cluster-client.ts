import { checkSegment, ExpectedError, type Address, type Clock, type Endpoint } from "@orgtree/core";
import type { ActorSystem } from "@orgtree/runtime";
import { deskAddress, type DeskCall } from "./desk.ts";
import type { DeskLooks } from "./desk-looks.ts";
import { checkJob, type Job, type JobRequest, type JobSummary } from "./job.ts";

/** What a client needs. */
export interface ClusterClientOptions {
  /** A system with a transport, which hosts nothing of the cluster. */
  readonly system: ActorSystem;
  readonly clock: Clock;
  /** All partitions. */
  readonly endpoints: readonly Endpoint[];
  /** Who hosts an address. */
  readonly endpointOf: (address: Address) => Endpoint;
  /** Sees what desks know without a turn of theirs. Default: they are asked. */
  readonly looks?: DeskLooks | undefined;
  /** How long a call is tried, in milliseconds: a partition may be on its way from one node to another. Default 30,000. */
  readonly callMs?: number | undefined;
}

/** Between two attempts, in milliseconds. */
const pauseMs = 100;
/** An attempt waits no longer than this for its answer. */
const attemptMs = 5_000;

/**
 * Speaks to the desks of a cluster. A call whose outcome is unknown is made again: a desk knows a job by its id, so nothing is done twice.
 */
export class ClusterClient {
  readonly system: ActorSystem;
  readonly #options: ClusterClientOptions;
  /** The partition whose desk answered last when it was looked whether one does. */
  #answered: Endpoint | undefined;

  constructor(options: ClusterClientOptions) {
    this.system = options.system;
    this.#options = options;
  }

  /**
   * Has a job done. Resolves when it is stored; `isNew` is false where it was submitted before. Rejects with `SpecError` for what is no
   * job, `JobConflictError`, `DeskFullError`, `ClusterUnavailableError`.
   */
  async submit(job: JobRequest): Promise<{ readonly job: Job; readonly isNew: boolean }> {
    checkJob(job);
    return (await this.#call(this.#deskOf(job.id), { type: "submit", job })) as { job: Job; isNew: boolean };
  }

  /** What became of a job; undefined for one that nobody knows (any more). */
  async get(id: string): Promise<Job | undefined> {
    const seen = await this.#options.looks?.look(this.#endpointOf(id), { look: "job", id });
    return (seen === undefined ? await this.#call(this.#deskOf(id), { type: "get", id }) : seen.found) as Job | undefined;
  }

  /** Ends a job, soon. Gives back what it was; undefined for one that nobody knows. */
  async cancel(id: string): Promise<Job | undefined> {
    return (await this.#call(this.#deskOf(id), { type: "cancel", id })) as Job | undefined;
  }

  /** All jobs that are remembered, in short, the newest first. Rejects where a desk cannot be reached. */
  async list(): Promise<readonly JobSummary[]> {
    const list = async (endpoint: Endpoint): Promise<unknown> => {
      const seen = await this.#options.looks?.look(endpoint, { look: "jobs" });
      return seen === undefined ? this.#call(deskAddress(endpoint), { type: "list" }) : seen.found;
    };
    const lists = await Promise.all(this.#options.endpoints.map(list));
    return (lists as readonly (readonly JobSummary[])[]).flat().toSorted((one, other) => other.submittedMs - one.submittedMs);
  }

  /** Whether some desk answers. The one that did last is asked first. */
  async isReachable(withinMs: number): Promise<boolean> {
    const answers = async (endpoint: Endpoint, timeoutMs: number): Promise<boolean> => {
      const { looks } = this.#options;
      try {
        if (looks !== undefined && (await looks.look(endpoint, { look: "job", id: "-" }, timeoutMs)) === undefined) return false;
        if (looks === undefined) await this.system.ask(deskAddress(endpoint), { type: "get", id: "-" } satisfies DeskCall, { timeoutMs });
      } catch (error) {
        if (!isPassing(error)) throw error;
        return false;
      }
      this.#answered = endpoint;
      return true;
    };
    const [first, others] = [this.#answered, this.#options.endpoints.filter((endpoint) => endpoint !== this.#answered)];
    if (first !== undefined && (await answers(first, withinMs / 2))) return true;
    return (await Promise.all(others.map((endpoint) => answers(endpoint, withinMs / 2)))).includes(true);
  }

  #deskOf(id: string): Address {
    return deskAddress(this.#endpointOf(id));
  }

  #endpointOf(id: string): Endpoint {
    return this.#options.endpointOf(`/${checkSegment(id)}`);
  }

  async #call(desk: Address, call: DeskCall): Promise<unknown> {
    const { clock, callMs = 30_000 } = this.#options;
    const giveUpMs = clock.nowMs() + callMs;
    for (;;) {
      try {
        const timeoutMs = Math.max(1, Math.min(attemptMs, giveUpMs - clock.nowMs()));
        return await this.system.ask(desk, call, { timeoutMs });
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (clock.nowMs() + pauseMs >= giveUpMs) throw new ClusterUnavailableError(desk, callMs, error);
      }
      await new Promise<void>((resolve) => void clock.setTimer(pauseMs, resolve));
    }
  }
}

/** Nobody hosts it just now, or whoever did was replaced: the next attempt finds who does. */
function isPassing(error: unknown): error is Error {
  return passing.has((error as Error).name);
}

/** By name: what failed in another process comes back as an error of no class. */
const passing = new Set(["AskFailedError", "AskTimeoutError", "UnknownRecipientError"]);

/** A part of the cluster could not be reached for as long as a call may take. What was submitted may have arrived: submit it again. */
export class ClusterUnavailableError extends ExpectedError {
  override readonly name = "ClusterUnavailableError";
  readonly retryable = true;
  readonly desk: Address;

  constructor(desk: Address, callMs: number, cause: Error) {
    super(`${desk} did not answer within ${callMs} ms (${cause.message}); look whether its nodes are up, and try again`, { cause });
    this.desk = desk;
  }
}
