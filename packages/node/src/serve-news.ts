import { checkCount, checkSegment, decode, encode, type Endpoint, ExpectedError, type Failure, SpecError, toFailure } from "@orgtree/core";
import { type NatsLink, NatsRequests } from "@orgtree/nats";
import type { JobNews, NewsQuery } from "./job-news.ts";
import { encodePage } from "./news-page.ts";

/** Whose news are served. */
export interface ServedNews {
  readonly namespace: string;
  /** The partition's. */
  readonly endpoint: Endpoint;
  /** The partition. */
  readonly partition: JobNews;
}

/** What is asked for. */
export type NewsQuestion = NewsQuery & { readonly id: string };

/** What is answered: a page, or why there is none. */
export type NewsAnswer = { readonly page: Uint8Array } | { readonly failure: Failure };

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
export function serveNews(link: NatsLink, { namespace, endpoint, partition }: ServedNews): Promise<() => void> {
  const requests = new NatsRequests(link);
  let waiting = 0;
  return requests.serve(newsSubject(namespace, endpoint), async (question) => {
    waiting++;
    try {
      if (waiting > mostQuestions) throw new NewsOverloadError(mostQuestions);
      const { id, ...query } = readQuestion(question);
      return encode({ page: encodePage(await partition.news(id, query), requests.maxBytes - headBytes) } satisfies NewsAnswer);
    } catch (error) {
      return encode({ failure: toFailure(error) } satisfies NewsAnswer);
    } finally {
      waiting--;
    }
  });
}

function readQuestion(bytes: Uint8Array): NewsQuestion {
  const { id, after, limit, waitMs } = decode(bytes) as NewsQuestion;
  checkSegment(id);
  checkCount(after, 0, "after");
  checkCount(limit, 1, "limit");
  checkCount(waitMs, 0, "waitMs");
  if (waitMs > longestWaitMs) throw new SpecError("waitMs", `at most ${longestWaitMs}, not ${waitMs}`);
  return { id, after, limit: Math.min(limit, mostTurns), waitMs };
}

/** As many questions for news wait at a partition as it has room for. */
class NewsOverloadError extends ExpectedError {
  override readonly name = "NewsOverloadError";
  readonly retryable = true;

  constructor(limit: number) {
    super(`${limit} questions for news wait in this partition; ask later`);
  }
}
