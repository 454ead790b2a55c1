import { createInbox, type MsgHdrs, type Msg, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { NatsError } from "./nats-error.ts";
import { violationIn } from "./violation.ts";

/** Hears the answer to one publish. */
export type OnReply = (message: Msg) => void;

/**
 * Answers to many publishes over one subscription: cheaper than a request each, which has its own timer and promises. Whoever
 * publishes keeps the time itself, and forgets what it does not wait for any more.
 */
export class Replies {
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #waiting = new Map<string, OnReply>();
  readonly #subscription: Subscription;
  #problem: Error | null = null;
  #count = 0;

  constructor(connection: NatsConnection, inboxPrefix: string | undefined) {
    this.#connection = connection;
    this.#prefix = `${createInbox(inboxPrefix)}.`;
    this.#subscription = connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        this.#problem ??= error;
        if (error === null) this.#hear(message);
      },
    });
  }

  /** Rejects with `NatsError` where this user may not hear answers at all. */
  async check(): Promise<void> {
    await this.#connection.flush().catch(() => {});
    const violation = violationIn(this.#problem);
    if (violation === undefined) return;
    const problem = `this user may not hear answers at ${violation.subject}: set NATS_INBOX_PREFIX to what the server permits him`;
    throw new NatsError("not-permitted", problem, violation);
  }

  /** Publishes; gives a token by which the answer can be forgotten. */
  publish(subject: string, message: { readonly data: Uint8Array; readonly headers?: MsgHdrs }, onReply: OnReply): string {
    const token = (this.#count++).toString(36);
    this.#waiting.set(token, onReply);
    this.#connection.publish(subject, message.data, {
      reply: this.#prefix + token,
      ...(message.headers === undefined ? {} : { headers: message.headers }),
    });
    return token;
  }

  forget(token: string): void {
    this.#waiting.delete(token);
  }

  close(): void {
    this.#waiting.clear();
    if (!this.#connection.isClosed()) this.#subscription.unsubscribe();
  }

  #hear(message: Msg): void {
    const token = message.subject.slice(this.#prefix.length);
    const onReply = this.#waiting.get(token);
    if (onReply === undefined) return;
    this.#waiting.delete(token);
    onReply(message);
  }
}
