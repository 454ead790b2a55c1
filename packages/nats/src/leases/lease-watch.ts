import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from "@nats-io/jetstream";
import { createInbox, type Msg, nanos, type Subscription } from "@nats-io/transport-node";
import type { LeaseEvent } from "@orgtree/core";
import type { NatsLink } from "../connection/nats-link.ts";
import type { Bucket } from "./bucket.ts";
import { isRemoval, valueIn } from "./record-message.ts";

/** What a watch needs. */
export interface LeaseWatchParts {
  readonly link: NatsLink;
  readonly manager: JetStreamManager;
  readonly bucket: Bucket;
  readonly listener: (event: LeaseEvent) => void;
}

const heartbeatMs = 500;
/** So many heartbeats may be missing. */
const mostMissing = 3;
const leastPauseMs = 100;
const mostPauseMs = 2_000;

/**
 * Hears the records of a bucket through a consumer of its own, which the server forgets with the subscription. Where a message is missing,
 * the server is silent, or the connection was lost, it begins anew with all records.
 */
export class LeaseWatch {
  readonly #parts: LeaseWatchParts;
  readonly #stopListening: () => void;
  #subscription: Subscription | undefined;
  /** The consumer's number of the last message. */
  #last = 0;
  /** The last message of the stream when the watch began, as who leads it knew: the consumer may be at a server that is behind. */
  #upTo = 0;
  /** So many are to come, as the consumer said last. */
  #pending = Infinity;
  #isComplete = false;
  #isTold = true;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = leastPauseMs;
  #isOver = false;

  constructor(parts: LeaseWatchParts) {
    this.#parts = parts;
    this.#stopListening = parts.link.listen(({ type }) => {
      if (type === "lost") this.#breakOff();
      else if (type === "back") this.#begin();
    });
    this.#begin();
  }

  stop(): void {
    this.#isOver = true;
    this.#stopListening();
    this.#unsubscribe();
  }

  #begin(): void {
    const { link } = this.#parts;
    this.#unsubscribe();
    if (this.#isOver || !link.isConnected) return;
    const inbox = createInbox(link.inboxPrefix);
    const subscription: Subscription = link.connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error === null && this.#subscription === subscription) this.#hear(message);
      },
    });
    this.#subscription = subscription;
    this.#last = 0;
    this.#pending = Infinity;
    this.#isComplete = false;
    void this.#makeConsumer(subscription, inbox);
  }

  async #makeConsumer(subscription: Subscription, inbox: string): Promise<void> {
    const { manager, bucket } = this.#parts;
    try {
      const { state } = await manager.streams.info(bucket.stream);
      if (this.#subscription !== subscription) return;
      this.#upTo = state.messages === 0 ? 0 : state.last_seq;
      const { num_pending: pending } = await manager.consumers.add(bucket.stream, {
        deliver_subject: inbox,
        deliver_policy: DeliverPolicy.LastPerSubject,
        filter_subject: `${bucket.prefix}>`,
        ack_policy: AckPolicy.None,
        replay_policy: ReplayPolicy.Instant,
        max_deliver: 1,
        mem_storage: true,
        num_replicas: 1,
        idle_heartbeat: nanos(heartbeatMs),
        inactive_threshold: nanos(5_000),
      });
      if (this.#subscription !== subscription) return;
      this.#alive();
      if (this.#last === 0) this.#pending = pending;
      if (pending === 0 && this.#last === 0 && this.#upTo === 0) this.#complete();
    } catch {
      // Nobody leads, or this user may not: it is tried for as long as the watch goes on. Whoever waits has a deadline.
      if (this.#subscription === subscription) this.#beginLater();
    }
  }

  #hear(message: Msg): void {
    const { bucket, listener } = this.#parts;
    this.#alive();
    if (message.headers?.code === 100) {
      // A heartbeat says which message was the last.
      if (Number(message.headers.get("Nats-Last-Consumer") || 0) > this.#last) this.#breakOff();
      // Nothing has come for a while: the last one was a mark that is gone by now.
      else if (this.#pending === 0) this.#complete();
      return;
    }
    const place = placeOf(message.reply ?? "");
    if (place === undefined) return;
    if (place.number !== this.#last + 1) return this.#breakOff();
    this.#last = place.number;
    this.#isTold = false;
    const key = message.subject.slice(bucket.prefix.length);
    const { revision } = place;
    if (isRemoval(message.headers)) listener({ type: "removed", key, revision });
    else listener({ type: "stored", record: { key, revision, value: valueIn(message.data) } });
    this.#pending = place.pending;
    if (place.pending === 0 && revision >= this.#upTo) this.#complete();
  }

  #complete(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#isTold = false;
    this.#pauseMs = leastPauseMs;
    this.#parts.listener({ type: "complete" });
  }

  /** Something is missing: everything is to be told anew. */
  #breakOff(): void {
    this.#unsubscribe();
    if (this.#isOver) return;
    if (!this.#isTold) this.#parts.listener({ type: "lost" });
    this.#isTold = true;
    if (this.#parts.link.isConnected) this.#beginLater();
  }

  #beginLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), this.#pauseMs);
    this.#pauseMs = Math.min(mostPauseMs, this.#pauseMs * 2);
  }

  #alive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#breakOff(), heartbeatMs * mostMissing);
  }

  #unsubscribe(): void {
    clearTimeout(this.#timer);
    if (this.#subscription !== undefined && !this.#parts.link.connection.isClosed()) this.#subscription.unsubscribe();
    this.#subscription = undefined;
  }
}

/**
 * Where a message stands, from the subject to which it would be acknowledged: `$JS.ACK.<stream>.<consumer>.<tries>.<sequence>.<number>.<time>.<pending>`,
 * or the newer form with a domain and an account behind `ACK`.
 */
function placeOf(reply: string): { readonly revision: number; readonly number: number; readonly pending: number } | undefined {
  const words = reply.split(".");
  if (words[0] !== "$JS" || words[1] !== "ACK") return undefined;
  const at = words.length === 9 ? 4 : 6;
  const [, revision, number, , pending] = words.slice(at).map(Number);
  if (revision === undefined || number === undefined || pending === undefined) return undefined;
  return { revision, number, pending };
}
