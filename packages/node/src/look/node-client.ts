import { type Failure, reviveError } from "@orgtree/core";
import { type NatsLink, NatsRequests } from "@orgtree/nats";
import type { LetterPage, LetterRow, Retried } from "./letter-page.ts";
import { type NodeCall, nodeSubject } from "./node-service.ts";
import type { ActorRow, TreePage, TreeQuery } from "./tree-page.ts";

/** How nodes are asked. */
export interface NodeClientOptions {
  readonly link: NatsLink;
  readonly namespace: string;
  /** How long an answer may take, in milliseconds. Default 5,000. */
  readonly answerMs?: number | undefined;
}

/** What some of several nodes said, and why the others did not. */
export interface Answers<T> {
  readonly answers: readonly { readonly node: string; readonly answer: T }[];
  readonly silent: readonly { readonly node: string; readonly problem: string }[];
}

/** A message that is sent again has a second to be lost once more, and a question its time. */
const retryMs = 6_000;

/** Asks nodes what `serveNode` answers. Each call rejects with `NatsError` where the node does not answer. */
export class NodeClient {
  readonly #options: NodeClientOptions;
  readonly #requests: NatsRequests;

  constructor(options: NodeClientOptions) {
    this.#options = options;
    this.#requests = new NatsRequests(options.link);
  }

  /** All that is asked for, page by page, at most `limit` rows. */
  async tree(node: string, { limit, ...query }: Omit<TreeQuery, "from">): Promise<TreePage> {
    const rows: ActorRow[] = [];
    let total = Infinity;
    while (rows.length < Math.min(limit, total)) {
      const page = (await this.#ask(node, "tree", { ...query, from: rows.length, limit: limit - rows.length })) as TreePage;
      rows.push(...page.rows);
      total = page.rows.length === 0 ? rows.length : page.total;
    }
    return { rows, total };
  }

  letters(node: string, limit: number): Promise<LetterPage> {
    return this.#ask(node, "letters", { limit }) as Promise<LetterPage>;
  }

  /** Rejects with `UnknownLetterError` as well. */
  letter(node: string, id: string): Promise<LetterRow> {
    return this.#ask(node, "letter", { id }) as Promise<LetterRow>;
  }

  /** Rejects with `UnknownLetterError` as well. */
  retry(node: string, id: string): Promise<Retried> {
    return this.#ask(node, "retry", { id }) as Promise<Retried>;
  }

  /** Resolves when it has begun to leave: with what it has to hand over. */
  drain(node: string): Promise<{ readonly partitions: number }> {
    return this.#ask(node, "drain", {}) as Promise<{ readonly partitions: number }>;
  }

  async #ask(node: string, call: NodeCall, question: object): Promise<unknown> {
    const { namespace, answerMs = 5_000 } = this.#options;
    const subject = nodeSubject(namespace, node, call);
    const bytes = new TextEncoder().encode(JSON.stringify(question));
    const answer = await this.#requests.ask(subject, bytes, call === "retry" ? answerMs + retryMs : answerMs);
    const said = JSON.parse(new TextDecoder().decode(answer)) as { readonly failure?: Failure };
    if (said.failure !== undefined) throw reviveError(said.failure);
    return said;
  }
}

/** Asks several nodes at once; who does not answer is named. */
export async function askNodes<T>(nodes: readonly string[], ask: (node: string) => Promise<T>): Promise<Answers<T>> {
  const asked = await Promise.allSettled(nodes.map(ask));
  const answers: { node: string; answer: T }[] = [];
  const silent: { node: string; problem: string }[] = [];
  for (const [at, result] of asked.entries()) {
    const node = nodes[at]!;
    if (result.status === "fulfilled") answers.push({ node, answer: result.value });
    else silent.push({ node, problem: result.reason instanceof Error ? result.reason.message : String(result.reason) });
  }
  return { answers, silent };
}
