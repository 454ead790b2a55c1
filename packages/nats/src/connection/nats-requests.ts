import type { Msg } from "@nats-io/transport-node";
import { NatsError } from "./nats-error.ts";
import type { NatsLink } from "./nats-link.ts";
import { checkSubscribed, forbiddenText, violationIn } from "./violation.ts";

/** Answers one question. It must not reject: whoever asked would wait in vain. */
export type Answer = (question: Uint8Array) => Promise<Uint8Array>;

/** What the headers of an answer need of the largest message, in bytes. */
const headBytes = 512;

/** Questions and their answers over core NATS, a message each: for what may be asked again when nobody has answered. */
export class NatsRequests {
  readonly #link: NatsLink;

  constructor(link: NatsLink) {
    this.#link = link;
  }

  /** Largest question, and largest answer. */
  get maxBytes(): number {
    return this.#link.maxPayload - headBytes;
  }

  /** Rejects with `NatsError` where the connection is lost, nobody listens, nobody answers in time, or this user may not ask. */
  async ask(subject: string, question: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (!this.#link.isConnected)
      throw new NatsError("unreachable", `the connection to ${this.#link.server} is lost; try again when it is back`);
    try {
      return (await this.#link.connection.request(subject, question, { timeout: timeoutMs })).data;
    } catch (error) {
      const violation = violationIn(error);
      if (violation !== undefined) throw new NatsError("not-permitted", forbiddenText(violation), violation);
      const said = error instanceof Error ? error.message : String(error);
      throw new NatsError("unreachable", `nobody answers at ${subject} (${said}): look whether a node serves it, and try again`, error);
    }
  }

  /**
   * Answers what is asked on a subject, until the function that it gives back is called. Resolves when questions arrive from now on; rejects
   * with `NatsError` where this user may not hear them.
   */
  async serve(subject: string, answer: Answer): Promise<() => void> {
    const { connection } = this.#link;
    let problem: unknown;
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        problem ??= error;
        if (error === null && message.reply !== undefined) void this.#answer(message, answer);
      },
    });
    // Where the connection is lost just now, the client subscribes again when it is back.
    await connection.flush().catch(() => {});
    checkSubscribed(problem);
    return () => {
      if (!connection.isClosed()) subscription.unsubscribe();
    };
  }

  async #answer(message: Msg, answer: Answer): Promise<void> {
    const bytes = await answer(message.data);
    // Otherwise it would be lost anyway: whoever asked asks again.
    if (this.#link.isConnected) message.respond(bytes);
  }
}
