import type { ClusterClient, Job, JobRequest } from "@orgtree/node";
import { pause } from "./faults.ts";

/** What is known of a job outside. */
export interface KnownJob {
  readonly id: string;
  /** The organization. */
  readonly what: string;
  readonly submittedMs: number;
  job: Job | undefined;
}

/** Runs that are submitted, one after the other. */
export interface Series {
  readonly what: string;
  readonly input: JobRequest["input"];
  /** Most of them that are under way. */
  readonly most: number;
  /** Until it is looked whether there is room for another one. */
  readonly pauseMs: number;
}

/** Submits runs as long as it may, and follows each until it has ended. */
export class Jobs {
  readonly known = new Map<string, KnownJob>();
  /** What should not have happened. */
  readonly wrong: string[] = [];
  readonly #client: ClusterClient;
  readonly #stopping: AbortSignal;
  readonly #givingUp: AbortSignal;
  /** Series that go on. */
  #submitting = 0;

  constructor(client: ClusterClient, signals: { readonly stopping: AbortSignal; readonly givingUp: AbortSignal }) {
    this.#client = client;
    this.#stopping = signals.stopping;
    this.#givingUp = signals.givingUp;
  }

  get running(): readonly KnownJob[] {
    return Array.from(this.known.values()).filter(({ job }) => job === undefined || job.status === "running");
  }

  /** Resolves when nothing more may be submitted and all that was has ended, or when it gives up. */
  async run(series: readonly Series[]): Promise<void> {
    this.#submitting = series.length;
    for (const each of series) void this.#submit(each).finally(() => this.#submitting--);
    while (!this.#givingUp.aborted && (this.#submitting > 0 || this.running.length > 0)) {
      await Promise.all(this.running.map((known) => this.#look(known)));
      await pause(400);
    }
  }

  async #submit({ what, input, most, pauseMs }: Series): Promise<void> {
    for (let n = 0; !this.#stopping.aborted; await pause(pauseMs, this.#stopping)) {
      if (this.running.filter((known) => known.what === what).length >= most) continue;
      const known: KnownJob = { id: `${what}-${n++}`, what, submittedMs: Date.now(), job: undefined };
      while (!this.#givingUp.aborted && known.job === undefined) {
        try {
          const { job } = await this.#client.submit({ id: known.id, kind: "run", what, input });
          known.job = job;
          this.known.set(known.id, known);
        } catch (error) {
          if ((error as { retryable?: boolean }).retryable !== true) this.wrong.push(`${known.id} was refused: ${String(error)}`);
          await pause(100);
        }
      }
    }
  }

  async #look(known: KnownJob): Promise<void> {
    const got = await this.#client.get(known.id).catch((error: unknown) => error as Error);
    if (got instanceof Error) return;
    if (got === undefined) this.wrong.push(`the desk does not know ${known.id}, which it had taken`);
    known.job = got ?? known.job;
  }
}
