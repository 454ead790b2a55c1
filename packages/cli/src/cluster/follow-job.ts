import type { ConnectedCluster, Job, RunNewsPage } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { followedInJson, followedInLines, type JobTeller } from "./job-teller.ts";
import { unknownJob } from "./job-errors.ts";
import { withCluster } from "./with-cluster.ts";

/** Turns that are asked for at once, and how long to wait for one, in milliseconds. */
const pageTurns = 100;
const pageWaitMs = 10_000;
/** Between two attempts, in milliseconds. */
const pauseMs = 200;
/** How long nobody may be there to ask, in milliseconds: a partition may be on its way from one node to another. */
const patienceMs = 60_000;

/** Carries out `orgtree follow`. */
export function followJob(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const after = parseWhole(valueOf(input, "after") ?? "0", "--after");
  const isJson = input.flags.has("json");
  return withCluster(input, surroundings, (cluster) => follow(cluster, { id: input.operands[0]!, after, isJson }, surroundings));
}

/** Which job, and from where on. */
export interface Followed {
  readonly id: string;
  /** What is at this position and before it was told already. */
  readonly after: number;
  readonly isJson: boolean;
}

/** Tells the story of a job until it has ended; gives the exit code that its end deserves. */
export async function follow(cluster: ConnectedCluster, { id, after, isJson }: Followed, surroundings: Surroundings): Promise<ExitCode> {
  const signal = surroundings.catchInterrupts();
  const interrupted = new Promise<"interrupted">((resolve) =>
    signal.addEventListener("abort", () => resolve("interrupted"), { once: true }),
  );
  const job = await cluster.jobs.get(id);
  if (job === undefined) throw unknownJob(id);
  const teller = isJson ? followedInJson(surroundings) : followedInLines(surroundings);
  teller.begin(job);
  const story = new JobStory(cluster, { id, after }, { surroundings, teller });
  const ended = await Promise.race([story.toEnd(), interrupted]);
  if (ended === "interrupted") {
    teller.left(job, story.position);
    return exitCode.interrupted;
  }
  teller.end(ended);
  return ended.status === "done" ? exitCode.done : exitCode.failed;
}

/** Asks for what comes, page by page. */
class JobStory {
  position: number;
  readonly #cluster: ConnectedCluster;
  readonly #id: string;
  readonly #clock: Surroundings["clock"];
  readonly #teller: JobTeller;
  #heardMs: number;

  constructor(
    cluster: ConnectedCluster,
    { id, after }: Pick<Followed, "id" | "after">,
    { surroundings, teller }: { readonly surroundings: Surroundings; readonly teller: JobTeller },
  ) {
    this.#cluster = cluster;
    this.#id = id;
    this.position = after;
    this.#clock = surroundings.clock;
    this.#teller = teller;
    this.#heardMs = this.#clock.nowMs();
  }

  async toEnd(): Promise<Job> {
    let ended: Job | undefined;
    for (;;) {
      const page = await this.#ask();
      for (const news of page?.news ?? []) {
        this.#teller.news(news);
        this.position = news.position;
      }
      if (page !== undefined && !page.isOver) continue;
      // What was stored between the last look and the end has been told only when it is over again, after the end.
      if (page !== undefined && ended !== undefined) return ended;
      const job = page === undefined ? undefined : await this.#cluster.jobs.get(this.#id);
      if (page !== undefined && job === undefined) throw unknownJob(this.#id);
      if (job !== undefined && job.status !== "running") ended = job;
      else await new Promise<void>((resolve) => void this.#clock.setTimer(pauseMs, resolve));
    }
  }

  /** Undefined where nobody is there to ask just now. */
  async #ask(): Promise<RunNewsPage | undefined> {
    try {
      const page = await this.#cluster.news.news(this.#id, { after: this.position, limit: pageTurns, waitMs: pageWaitMs });
      this.#heardMs = this.#clock.nowMs();
      return page;
    } catch (error) {
      const { retryable } = error as { readonly retryable?: unknown };
      if (retryable !== true || this.#clock.nowMs() - this.#heardMs > patienceMs) throw error;
      return undefined;
    }
  }
}
