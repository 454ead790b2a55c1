import { checkCount, ExpectedError, redact, type Clock } from "@orgtree/core";
import { type MicroEndpoint, MicroService, type NatsLink } from "@orgtree/nats";
import type { Partition } from "../partition.ts";
import type { LetterBook } from "./letter-book.ts";
import { letterPage, wholeLetter } from "./letter-page.ts";
import { retryLetter } from "./retry-letter.ts";
import { readTreeQuery, treePage } from "./tree-page.ts";

/** A node that is looked at. */
export interface ServedNode {
  readonly namespace: string;
  /** What it is called now. */
  readonly node: string;
  /** What people call it. */
  readonly name: string;
  readonly version: string;
  readonly clock: Clock;
  readonly partitions: ReadonlyMap<string, Partition>;
  readonly letters: LetterBook;
  /** Hands over what it hosts, and leaves. */
  readonly drain: () => void;
}

/** What a node can be asked. */
export type NodeCall = "tree" | "letters" | "letter" | "retry" | "drain";

/** What is around the parts of an answer, in bytes. */
const headBytes = 2_048;

/** Where a node is asked. */
export function nodeSubject(namespace: string, node: string, call: NodeCall): string {
  return `orgtree.${namespace}.node.${node}.${call}`;
}

/** Answers those who look after a node, as a service that `nats micro` finds. Questions and answers are JSON. */
export function serveNode(link: NatsLink, served: ServedNode): Promise<MicroService> {
  const { namespace, node, name, version, partitions, letters, drain } = served;
  const maxBytes = link.maxPayload - headBytes;
  const calls: Record<NodeCall, (question: Readonly<Record<string, unknown>>) => unknown> = {
    tree: (question) => treePage(partitions.values(), readTreeQuery(question), maxBytes),
    letters: ({ limit = 100 }) => letterPage(letters, checkCount(limit as number, 0, "limit"), maxBytes),
    letter: ({ id }) => wholeLetter(letterOf(served, id)),
    retry: ({ id }) => retry(served, id),
    drain: () => {
      drain();
      return { partitions: partitions.size };
    },
  };
  const endpoints = Object.entries(calls).map(([call, answer]): MicroEndpoint => {
    const subject = nodeSubject(namespace, node, call as NodeCall);
    return { name: call, subject, answer: async (bytes) => encodeJson(await answer(readQuestion(bytes))) };
  });
  return MicroService.start(link, {
    name: "orgtree",
    id: node,
    version: /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.test(version) ? version : "0.0.0",
    description: "a node of a cluster of orgtree",
    metadata: { namespace, name },
    endpoints,
  });
}

function letterOf({ letters, node }: ServedNode, id: unknown): NonNullable<ReturnType<LetterBook["get"]>> {
  const letter = letters.get(String(id));
  if (letter === undefined) throw new UnknownLetterError(String(id), node);
  return letter;
}

async function retry(served: ServedNode, id: unknown): Promise<object> {
  const letter = letterOf(served, id);
  const { letters, clock, partitions } = served;
  if (letter.run !== undefined)
    return { outcome: "refused", problem: `it was sent within the run ${letter.run}, which has done without it: nobody else can send it` };
  // Whoever hosts the recipient by now: from any partition the way there is known.
  const system = (partitions.get(letter.partition) ?? partitions.values().next().value)?.system;
  if (system === undefined)
    return { outcome: "refused", problem: "this node hosts nothing just now from which it could be sent: try again later" };
  return retryLetter(letter, { system, book: letters, clock });
}

function readQuestion(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) return {};
  const question: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return typeof question === "object" && question !== null ? (question as Readonly<Record<string, unknown>>) : {};
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(redact(value)));
}

/** A node knows no lost message of that name: it has forgotten it, or started anew since. */
export class UnknownLetterError extends ExpectedError {
  override readonly name = "UnknownLetterError";
  readonly retryable = false;
  readonly letter: string;

  constructor(letter: string, node: string) {
    super(`the node ${node} knows no dead letter ${letter}: it keeps the newest 1,000, as long as it runs`);
    this.letter = letter;
  }
}
