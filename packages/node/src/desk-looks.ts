import { decode, encode, type Endpoint } from "@orgtree/core";
import { type NatsLink, NatsRequests } from "@orgtree/nats";
import type { DeskQuestion } from "./desk.ts";
import { type LookAnswer, newsSubject } from "./serve-news.ts";

/** How long a look may take, in milliseconds. */
const lookMs = 2_000;

/** Looks at desks beside their mailboxes: nothing is stored for it. */
export class DeskLooks {
  readonly #requests: NatsRequests;
  readonly #namespace: string;

  constructor({ link, namespace }: { readonly link: NatsLink; readonly namespace: string }) {
    this.#requests = new NatsRequests(link);
    this.#namespace = namespace;
  }

  /** What a desk knows; undefined where that does not come in this way, and the desk itself is to be asked: it knows why, and what is too large for a message. */
  async look(desk: Endpoint, question: DeskQuestion, withinMs = lookMs): Promise<{ readonly found: unknown } | undefined> {
    try {
      const bytes = await this.#requests.ask(newsSubject(this.#namespace, desk), encode(question), Math.min(withinMs, lookMs));
      const answer = decode(bytes) as LookAnswer;
      return "found" in answer ? answer : undefined;
    } catch {
      return undefined;
    }
  }
}
