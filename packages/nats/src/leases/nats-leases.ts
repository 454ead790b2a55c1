import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { LeaseError, type LeaseEvent, type LeaseRecord, type Leases } from "@orgtree/core";
import type { LinkEvent, NatsLink } from "../connection/nats-link.ts";
import { isMissing, isWrongSequence, notPermitted, problemIn } from "../journal/journal-problem.ts";
import { type Bucket, bucketOf, openBucket, refusalOf, toLeaseError } from "./bucket.ts";
import { LeaseWatch } from "./lease-watch.ts";
import { isRemoval, operationHeader, valueIn } from "./record-message.ts";

/** How to open the leases of a namespace. */
export interface NatsLeasesOptions {
  /** 1 to 64 letters, digits, `_` and `-`. The bucket is `orgtree_<namespace>`. */
  readonly namespace: string;
  /** Servers that store them: 3 survive the loss of one. Default 1. Only for a bucket that is made. */
  readonly replicas?: number | undefined;
  /** How long a call waits for its answer. At most a third of the lease of a node. Default 1,000. */
  readonly answerMs?: number | undefined;
  /** How long opening waits while nobody answers or leads. Default 20,000. */
  readonly outageMs?: number | undefined;
}

/** How long the mark of a removed record stays: whoever has not heard of it by then begins anew. */
const markTtl = "24h";

/** Opens the leases of a namespace; makes their bucket where there is none. Rejects with `LeaseError`. */
export async function openNatsLeases(link: NatsLink, options: NatsLeasesOptions): Promise<NatsLeases> {
  return (await open(link, options, { mustExist: false }))!;
}

/** Opens the leases of a namespace that is there; undefined where there is none. Rejects with `LeaseError`. */
export function findNatsLeases(link: NatsLink, options: Omit<NatsLeasesOptions, "replicas">): Promise<NatsLeases | undefined> {
  return open(link, options, { mustExist: true });
}

async function open(
  link: NatsLink,
  { namespace, replicas = 1, answerMs = 1_000, outageMs = 20_000 }: NatsLeasesOptions,
  { mustExist }: { readonly mustExist: boolean },
): Promise<NatsLeases | undefined> {
  const bucket = bucketOf(namespace);
  const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: answerMs });
  const isThere = await openBucket({ link, manager }, bucket, { replicas, outageMs, mustExist });
  return isThere ? new NatsLeases({ link, manager, bucket, answerMs }) : undefined;
}

interface Parts {
  readonly link: NatsLink;
  readonly manager: JetStreamManager;
  readonly bucket: Bucket;
  readonly answerMs: number;
}

interface Pending {
  readonly subject: string;
  readonly reject: (error: LeaseError) => void;
}

/**
 * Leases in a bucket of NATS, which `nats kv` shows. A record is a message in a stream, its revision the sequence of the stream.
 *
 * Each change is published once and never again: that somebody was faster is then always somebody else.
 */
export class NatsLeases implements Leases {
  readonly #parts: Parts;
  readonly #pending = new Set<Pending>();
  readonly #watches = new Set<LeaseWatch>();
  readonly #stopListening: () => void;

  /** @internal Use `openNatsLeases`. */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.#stopListening = parts.link.listen((event) => this.#happened(event));
  }

  async put(key: string, value: unknown, revision: number): Promise<number | undefined> {
    const data = new TextEncoder().encode(JSON.stringify(value));
    const stored = await this.#publish(key, { data, revision });
    if (stored !== undefined || revision > 0) return stored;
    // A record that was removed has left its mark, behind which the new one comes.
    const last = await this.#lastOf(key);
    return last !== undefined && isRemoval(last.header) ? this.#publish(key, { data, revision: last.seq }) : undefined;
  }

  async read(key: string): Promise<LeaseRecord | undefined> {
    const last = await this.#lastOf(key);
    return last === undefined || isRemoval(last.header) ? undefined : { key, revision: last.seq, value: valueIn(last.data) };
  }

  async remove(key: string, revision: number): Promise<boolean> {
    const stored = await this.#publish(key, { data: new Uint8Array(), revision, marks: { [operationHeader]: "DEL", "Nats-TTL": markTtl } });
    return stored !== undefined;
  }

  watch(listener: (event: LeaseEvent) => void): () => void {
    const { link, manager, bucket } = this.#parts;
    const watch = new LeaseWatch({ link, manager, bucket, listener });
    this.#watches.add(watch);
    return () => {
      watch.stop();
      this.#watches.delete(watch);
    };
  }

  /** Hears nothing any more. The connection stays open. */
  close(): void {
    this.#stopListening();
    for (const watch of this.#watches) watch.stop();
    for (const { reject } of this.#pending) reject(this.#error("they were closed", "unknown"));
  }

  #publish(key: string, message: Change): Promise<number | undefined> {
    const { link, bucket, answerMs } = this.#parts;
    if (!link.isConnected) return Promise.reject(this.#error(`there is no connection to ${link.server}`, "not-done"));
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const subject = bucket.prefix + key;
    const pending = { subject, reject };
    this.#pending.add(pending);
    const token = link.replies.publish(subject, { data: message.data, headers: headersOf(message) }, (reply) => {
      try {
        resolve(this.#outcomeOf(reply));
      } catch (error) {
        reject(error);
      }
    });
    const timer = setTimeout(() => reject(this.#error(`no answer within ${answerMs} ms`, "unknown")), answerMs);
    return promise.finally(() => {
      clearTimeout(timer);
      link.replies.forget(token);
      this.#pending.delete(pending);
    });
  }

  #outcomeOf(reply: Msg): number | undefined {
    const problem = problemIn(reply);
    if (problem === undefined) return reply.json<{ readonly seq: number }>().seq;
    if (isWrongSequence(problem)) return undefined;
    throw refusalOf(this.#parts.bucket.name, problem);
  }

  /** The last message of a record, as who leads the bucket knows it. */
  async #lastOf(key: string): Promise<{ readonly seq: number; readonly header: MsgHdrs; readonly data: Uint8Array } | undefined> {
    const { link, manager, bucket } = this.#parts;
    if (!link.isConnected) throw this.#error(`there is no connection to ${link.server}`, "not-done");
    try {
      return (await manager.streams.getMessage(bucket.stream, { last_by_subj: bucket.prefix + key })) ?? undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw toLeaseError(bucket.name, error);
    }
  }

  #happened(event: LinkEvent): void {
    for (const { subject, reject } of this.#pending) {
      if (event.type === "lost" || event.type === "closed") reject(this.#error("the connection was lost", "unknown"));
      else if (event.type === "refused" && event.subject === subject) {
        reject(new LeaseError(this.#parts.bucket.name, notPermitted(subject).message, { retryable: false }));
      }
    }
  }

  #error(problem: string, outcome: "not-done" | "unknown"): LeaseError {
    return new LeaseError(this.#parts.bucket.name, `${problem}: try again in a moment`, { outcome });
  }
}

interface Change {
  readonly data: Uint8Array;
  /** That of the message that it comes behind. */
  readonly revision: number;
  readonly marks?: Readonly<Record<string, string>>;
}

function headersOf({ revision, marks = {} }: Change): MsgHdrs {
  const head = headers();
  head.set("Nats-Expected-Last-Subject-Sequence", String(revision));
  for (const [name, value] of Object.entries(marks)) head.set(name, value);
  return head;
}
