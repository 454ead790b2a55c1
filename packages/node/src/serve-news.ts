import { checkCount, checkSegment, decode, encode, type Endpoint, ExpectedError, type Failure, SpecError, toFailure } from "@orgtree/core";
import { type NatsLink, NatsRequests } from "@orgtree/nats";
import type { DeskQuestion } from "./desk.ts";
import type { JobNews, NewsQuery } from "./job-news.ts";
import { encodePage } from "./news-page.ts";

/** Whose news are served. */
export interface ServedNews {
  readonly namespace: string;
  /** The partition's. */
  readonly endpoint: Endpoint;
  /** The partition. */
  readonly partition: JobNews & { look?(question: DeskQuestion): { readonly found: unknown } | undefined };
  /** Whether the partition is hosted here just now, as far as the lease of this process says. Default: it is. */
  readonly holds?: (() => boolean) | undefined;
}

/** What is asked for. */
export type NewsQuestion = NewsQuery & { readonly id: string };

/** What is answered: a page, or why there is none. */
export type NewsAnswer = { readonly page: Uint8Array } | { readonly failure: Failure };

/** What a look at the desk comes to; `isTooLarge`: for a message. */
export type LookAnswer = { readonly found: unknown } | { readonly isTooLarge: true } | { readonly failure: Failure };

/** Turns in a page, and milliseconds that a question waits. */
const mostTurns = 1_000;
const longestWaitMs = 60_000;
/** Questions that wait at the same time; more are refused. */
const mostQuestions = 10_000;
/** What is around a page in an answer, in bytes. */
const headBytes = 64;

/** Where the news of a partition are asked for. */
export function newsSubject(namespace: string, endpoint: Endpoint): string {
  return `orgtree.${namespace}.news.${endpoint}`;
}

/** Answers what is asked about the runs of a partition that this process hosts, until the function that it gives back is called. */
export function serveNews(link: NatsLink, { namespace, endpoint, partition, holds = () => true }: ServedNews): Promise<() => void> {
  const requests = new NatsRequests(link);
  let waiting = 0;
  const look = (question: DeskQuestion): LookAnswer => {
    const seen = partition.look?.(question);
    if (seen === undefined) throw new NotHostedError(endpoint);
    return encode(seen).byteLength + headBytes > requests.maxBytes ? { isTooLarge: true } : seen;
  };
  const answer = async (question: NewsQuestion | DeskQuestion): Promise<NewsAnswer | LookAnswer> => {
    if ("look" in question) return look(question);
    const { id, ...query } = question;
    return { page: encodePage(await partition.news(id, query), requests.maxBytes - headBytes) };
  };
  return requests.serve(newsSubject(namespace, endpoint), async (question) => {
    waiting++;
    try {
      if (waiting > mostQuestions) throw new NewsOverloadError(mostQuestions);
      const said = await answer(readQuestion(question));
      // Behind it: whoever was replaced meanwhile knows less than who has replaced it.
      if (!holds()) throw new NotHostedError(endpoint);
      return encode(said);
    } catch (error) {
      return encode({ failure: toFailure(error) } satisfies NewsAnswer);
    } finally {
      waiting--;
    }
  });
}

function readQuestion(bytes: Uint8Array): NewsQuestion | DeskQuestion {
  const { look, id, after, limit, waitMs } = decode(bytes) as NewsQuestion & { readonly look?: unknown };
  if (look === "jobs") return { look };
  if (look === "job") return { look, id: checkSegment(id) };
  checkSegment(id);
  checkCount(after, 0, "after");
  checkCount(limit, 1, "limit");
  checkCount(waitMs, 0, "waitMs");
  if (waitMs > longestWaitMs) throw new SpecError("waitMs", `at most ${longestWaitMs}, not ${waitMs}`);
  return { id, after, limit: Math.min(limit, mostTurns), waitMs };
}

/** This process does not host the partition, or its lease does not say so just now: another one may. Ask again. */
class NotHostedError extends ExpectedError {
  override readonly name = "NotHostedError";
  readonly retryable = true;

  constructor(endpoint: Endpoint) {
    super(`${endpoint} is not known to be hosted here just now; ask again`);
  }
}

/** As many questions for news wait at a partition as it has room for. */
class NewsOverloadError extends ExpectedError {
  override readonly name = "NewsOverloadError";
  readonly retryable = true;

  constructor(limit: number) {
    super(`${limit} questions for news wait in this partition; ask later`);
  }
}
