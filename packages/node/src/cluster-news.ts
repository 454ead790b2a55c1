import { type Address, checkSegment, decode, encode, type Endpoint, reviveError } from "@orgtree/core";
import { type NatsLink, NatsRequests } from "@orgtree/nats";
import type { JobNews, NewsQuery, RunNewsPage } from "./job-news.ts";
import { decodePage } from "./news-page.ts";
import { type NewsAnswer, type NewsQuestion, newsSubject } from "./serve-news.ts";

/** What the news of a cluster need. */
export interface ClusterNewsOptions {
  readonly link: NatsLink;
  readonly namespace: string;
  /** Who hosts an address. */
  readonly endpointOf: (address: Address) => Endpoint;
}

/** How long an answer may take beyond the time that the question waits, in milliseconds. */
const answerMs = 3_000;

/** Asks the node that hosts the partition of a job. */
export class ClusterNews implements JobNews {
  readonly #options: ClusterNewsOptions;
  readonly #requests: NatsRequests;

  constructor(options: ClusterNewsOptions) {
    this.#options = options;
    this.#requests = new NatsRequests(options.link);
  }

  /** Rejects with `NatsError` while nobody hosts the partition or the connection is lost, and as reading its journal does. */
  async news(id: string, query: NewsQuery): Promise<RunNewsPage> {
    const { namespace, endpointOf } = this.#options;
    const question: NewsQuestion = { id, ...query };
    const subject = newsSubject(namespace, endpointOf(`/${checkSegment(id)}`));
    const answer = decode(await this.#requests.ask(subject, encode(question), query.waitMs + answerMs)) as NewsAnswer;
    if ("failure" in answer) throw reviveError(answer.failure);
    return decodePage(answer.page);
  }
}
