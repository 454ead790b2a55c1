/**
 * The story of a job as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Invariants
 *   E1. One page is read at a time, and the next one only when the reader has taken this one: nothing is gathered for who is slow.
 *   E2. The id of an event is its position in the journal, and events come in the order of their positions, each once. So whoever names the last
 *       one that he has seen goes on behind it, over any change of the process that does the job, and of the gateway.
 *   E3. `end` is the last event, and comes only when the job was over before the last page was read: nothing is left out.
 */
import type { Clock, Logger } from "@orgtree/core";
import type { ClusterClient, Job, JobNews, JobNewsItem, RunNewsPage } from "@orgtree/node";
import type { GatewayLimits } from "./config.ts";
import { plainJson } from "./plain-json.ts";
import { Problem, type ProblemDocument, toProblem } from "./problem.ts";

/** What a stream is made of. */
export interface StreamParts {
  readonly client: Pick<ClusterClient, "get">;
  readonly news: JobNews;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<GatewayLimits, "heartbeatMs" | "patienceMs" | "streamMs">;
  /** Ends it: the reader has gone, or the gateway closes. */
  readonly signal: AbortSignal;
}

/** What is followed. */
export interface Followed {
  readonly id: string;
  /** Behind this position. */
  readonly after: number;
  readonly requestId: string;
}

/** Turns that are read at once. */
const pageTurns = 100;
/** How long a partition waits for news at most, in milliseconds: so long it is not noticed when it goes on elsewhere. */
const longestWaitMs = 5_000;
/** Until a partition is asked again that is not there just now, in milliseconds: at first, and at most. */
const pauses = { leastMs: 100, mostMs: 2_000 };
/** After how long the reader is to connect again, in milliseconds. */
const reconnectMs = 1_000;

/** The text of a stream, a piece at a time. It ends with the job, with its time, or with the signal; it never throws. */
export async function* eventStream({ id, after, requestId }: Followed, parts: StreamParts): AsyncGenerator<string, void> {
  const { client, clock, logger, limits, signal } = parts;
  const endMs = clock.nowMs() + limits.streamMs;
  let position = after;
  let over: Job | undefined;
  let pauseMs = pauses.leastMs;
  let lastPageMs = clock.nowMs();
  let sentMs = lastPageMs;
  let asked: Promise<RunNewsPage> | undefined;
  yield `retry: ${reconnectMs}\n\n`;
  while (!signal.aborted && clock.nowMs() < endMs) {
    try {
      asked ??= parts.news.news(id, { after: position, limit: pageTurns, waitMs: Math.min(limits.heartbeatMs, longestWaitMs) });
      // A partition answers more often than that, also with nothing.
      const page = await within(asked, Math.max(0, sentMs + limits.heartbeatMs - clock.nowMs()), parts);
      if (page === undefined) {
        yield comment("nothing new");
        sentMs = clock.nowMs();
        continue;
      }
      asked = undefined;
      for (const item of page.news) {
        yield newsEvent(item);
        position = item.position;
        sentMs = clock.nowMs();
      }
      lastPageMs = clock.nowMs();
      if (page.isOver && over !== undefined) {
        yield endEvent(over);
        return;
      }
      // What it stored last is on another page.
      if (page.isOver) over = await within(endOf(client, id), Infinity, parts);
      if (page.news.length > 0 || over !== undefined) {
        pauseMs = pauses.leastMs;
        continue;
      }
      if (!page.isOver) continue;
      yield comment("waiting for the cluster");
    } catch (error) {
      asked = undefined;
      if (signal.aborted) return;
      logger.warn({ requestId, job: id, err: error }, "a stream waits for its partition");
      if (error instanceof Problem || clock.nowMs() - lastPageMs > limits.patienceMs) {
        yield problemEvent(toProblem(error).document(requestId));
        return;
      }
      yield comment("waiting for the cluster");
    }
    await pause(pauseMs, clock, signal);
    pauseMs = Math.min(2 * pauseMs, pauses.mostMs);
  }
}

/** The job, once it is over. */
async function endOf(client: Pick<ClusterClient, "get">, id: string): Promise<Job | undefined> {
  const job = await client.get(id);
  if (job === undefined) throw jobNotFound(id);
  return job.status === "running" ? undefined : job;
}

/** Nobody knows a job, or the token does not reach it. */
export function jobNotFound(id: string): Problem {
  return new Problem("job-not-found", `no job has the id ${id}: it was never submitted, or it ended so long ago that it was forgotten`);
}

/** JSON has no line ends in it, so that one line of data is enough. */
function newsEvent(item: JobNewsItem): string {
  return `id: ${item.position}\nevent: news\ndata: ${plainJson(item)}\n\n`;
}

function endEvent({ input: _input, ...job }: Job): string {
  return `event: end\ndata: ${plainJson(job)}\n\n`;
}

function problemEvent(problem: ProblemDocument): string {
  return `event: problem\ndata: ${plainJson(problem)}\n\n`;
}

function comment(text: string): string {
  return `: ${text}\n\n`;
}

/** Undefined when it takes longer. Rejects with the reason of the signal when that is aborted. */
async function within<T>(
  promise: Promise<T>,
  ms: number,
  { clock, signal }: Pick<StreamParts, "clock" | "signal">,
): Promise<T | undefined> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<undefined>();
  const abort = (): void => reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const cancel = Number.isFinite(ms) ? clock.setTimer(ms, () => resolve(undefined)) : () => {};
  try {
    return await Promise.race([promise, ended]);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

async function pause(forMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.setTimer(forMs, resolve);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  cancel();
}
