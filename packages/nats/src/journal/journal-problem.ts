import { JetStreamApiError } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/transport-node";
import { ExpectedError, type FailureClass, JournalError } from "@orgtree/core";
import { forbiddenText, violationIn } from "../connection/violation.ts";

/** What is wrong with JetStream, as somebody can act on it. */
export type JetStreamProblem =
  /** The server runs without JetStream, or this account has none. */
  | "no-jetstream"
  | "not-permitted"
  /** A limit of the stream, the account or the server is reached. */
  | "full"
  /** The disk of the server is full, or fails. */
  | "storage"
  /** A message is larger than the server or the stream takes. */
  | "too-large"
  /** The stream is set up in a way that would lose entries. */
  | "settings"
  /** Nobody answers, or nobody leads the stream just now. */
  | "unavailable"
  | "other";

/** A journal in JetStream cannot go on. The message names the thing and the remedy. */
export class JetStreamJournalError extends JournalError {
  override readonly name = "JetStreamJournalError";
  readonly problem: JetStreamProblem;

  constructor(
    journal: string,
    what: { readonly problem: JetStreamProblem; readonly message: string },
    facts: { readonly outcome?: "not-done" | "unknown"; readonly cause?: unknown } = {},
  ) {
    super(journal, what.message, { ...facts, retryable: what.problem === "unavailable" || what.problem === "full" });
    this.problem = what.problem;
  }

  override get failureClass(): FailureClass {
    return this.problem === "not-permitted" ? "role-violation" : super.failureClass;
  }
}

/** An answer of JetStream that is an error. */
export interface ApiProblem {
  readonly code: number;
  readonly description: string;
}

/** The stream's last sequence is another than was expected: somebody else wrote, or what we wrote before is there after all. */
export function isWrongSequence({ code }: ApiProblem): boolean {
  return code === 10_071 || code === 10_164;
}

/** What an answer to a publish says is wrong. Where it is empty, nobody was there to take it. */
export function problemIn(reply: Msg): ApiProblem | undefined {
  if (reply.data.byteLength === 0) return { code: reply.headers?.code ?? 503, description: "nobody leads the stream" };
  const { error } = reply.json<{ error?: { err_code?: number; code: number; description: string } }>();
  return error === undefined ? undefined : { code: error.err_code ?? error.code, description: error.description };
}

const kinds: readonly (readonly [readonly number[], JetStreamProblem, string])[] = [
  [[10_039, 10_076], "no-jetstream", "start the server with JetStream (nats-server -js), and give the account storage"],
  [[10_002, 10_023, 10_028, 10_047], "full", "raise the storage limits of the account or of the server, or free some"],
  [[10_005], "unavailable", "as many servers as the stream is to have replicas have to be up, each with room for it"],
  [[10_054, 10_097], "too-large", "raise max_msg_size of the stream"],
];

/** Codes after which the same may be tried again a moment later. Whether it was done is not known. 10005: of the servers too few are known yet, or up. */
const passing = new Set([408, 503, 10_004, 10_005, 10_007, 10_008, 10_118, 10_158, 10_163, 10_167]);

/** Whether the same may be tried again a moment later: nobody leads, or the server is busy with itself. */
export function isPassing({ code }: ApiProblem): boolean {
  return passing.has(code);
}

/** Whether a call of the client says that there is no such message. */
export function isMissing(error: unknown): boolean {
  return answerIn(error)?.code === 10_037;
}

/** What an answer means for the journal. */
export function explainAnswer({ code, description }: ApiProblem): { readonly problem: JetStreamProblem; readonly message: string } {
  if (code === 10_077 && /maximum/.test(description)) {
    return { problem: "full", message: `the stream is full (${description}): raise its max_bytes or max_msgs, or compact the journal` };
  }
  if (code === 10_077 || /no space|disk full|i\/o error/i.test(description)) {
    return { problem: "storage", message: `the server cannot store (${description}): look at its disk and its log` };
  }
  const known = kinds.find(([codes]) => codes.includes(code));
  if (known !== undefined) return { problem: known[1], message: `${description} (${code}): ${known[2]}` };
  if (isPassing({ code, description })) return { problem: "unavailable", message: `${description} (${code}): try again in a moment` };
  return { problem: "other", message: `JetStream refused: ${description} (${code})` };
}

/** The answer of JetStream in what a call of its client threw. */
export function answerIn(error: unknown): ApiProblem | undefined {
  if (error instanceof Error && error.name === "JetStreamNotEnabled") return { code: 503, description: "JetStream does not answer" };
  if (error instanceof JetStreamApiError) return { code: error.code, description: error.message };
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? undefined : answerIn(cause);
}

/** What a call to the server threw, as an error of the journal. */
export function toJournalError(journal: string, error: unknown): JournalError {
  if (error instanceof JournalError || error instanceof ExpectedError) return error as JournalError;
  const answer = answerIn(error);
  if (answer !== undefined) return new JetStreamJournalError(journal, explainAnswer(answer), { cause: error });
  const refused = violationIn(error);
  if (refused !== undefined) return new JetStreamJournalError(journal, notPermitted(refused.subject), { cause: error });
  const said = error instanceof Error ? error.message : String(error);
  return new JetStreamJournalError(journal, { problem: "unavailable", message: `the server does not answer (${said})` }, { cause: error });
}

export function notPermitted(subject: string): { readonly problem: JetStreamProblem; readonly message: string } {
  return { problem: "not-permitted", message: forbiddenText({ operation: "publish", subject }) };
}
