import { headers, type Msg, type Subscription } from "@nats-io/transport-node";
import { SpecError, toFailure } from "@orgtree/core";
import type { Answer } from "../connection/nats-requests.ts";
import type { NatsLink } from "../connection/nats-link.ts";
import { checkSubscribed } from "../connection/violation.ts";

/**
 * A service as `nats micro` knows them: it can be found, says what it answers to, and counts.
 * https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
 */
export interface MicroServiceOptions {
  /** The kind of service: letters, digits, `_` and `-`. */
  readonly name: string;
  /** This one of its kind; the same letters. */
  readonly id: string;
  /** Of its program, as semver.org writes it. */
  readonly version: string;
  readonly description: string;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly endpoints: readonly MicroEndpoint[];
}

/** Something that a service answers to. */
export interface MicroEndpoint {
  readonly name: string;
  /** Nobody else answers there: there is no queue. */
  readonly subject: string;
  /** What it throws goes back as an error: its message in the header `Nats-Service-Error`, and `{ failure }` as JSON in the body. */
  readonly answer: Answer;
}

/** Without the build of a version, and without its leading zeros; https://semver.org has the whole of it. */
const versionPattern = /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const namePattern = /^[A-Za-z0-9_-]+$/;
const nanosOfMs = 1_000_000;

/** What was asked of an endpoint. */
interface Counts {
  requests: number;
  errors: number;
  lastError: string;
  /** Milliseconds. */
  spentMs: number;
}

/** A service while it answers. The connection stays open when it stops. */
export class MicroService {
  readonly #link: NatsLink;
  readonly #options: MicroServiceOptions;
  readonly #started = new Date().toISOString();
  readonly #counts = new Map<MicroEndpoint, Counts>();
  readonly #subscriptions: Subscription[] = [];
  #problem: Error | null = null;

  private constructor(link: NatsLink, options: MicroServiceOptions) {
    this.#link = link;
    this.#options = options;
    const { connection } = link;
    const { name, id, endpoints } = options;
    const verbs = { PING: () => this.#ping(), INFO: () => this.#info(), STATS: () => this.#stats() };
    for (const [verb, body] of Object.entries(verbs)) {
      for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${id}`]) {
        const tell = (error: Error | null, message: Msg): void => {
          this.#problem ??= error;
          if (error === null) message.respond(JSON.stringify(body()));
        };
        this.#subscriptions.push(connection.subscribe(subject, { callback: tell }));
      }
    }
    for (const endpoint of endpoints) {
      this.#counts.set(endpoint, { requests: 0, errors: 0, lastError: "", spentMs: 0 });
      const hear = (error: Error | null, message: Msg): void => {
        this.#problem ??= error;
        if (error === null && message.reply !== undefined) void this.#answer(endpoint, message);
      };
      this.#subscriptions.push(connection.subscribe(endpoint.subject, { callback: hear }));
    }
  }

  /** Answers from now on. Rejects with `SpecError` for names and versions that are none, and with `NatsError` where this user may not hear its questions. */
  static async start(link: NatsLink, options: MicroServiceOptions): Promise<MicroService> {
    const { name, id, version, endpoints } = options;
    for (const [field, value] of Object.entries({ name, id })) {
      if (!namePattern.test(value)) throw new SpecError(field, `letters, digits, _ and -, not "${value}"`);
    }
    for (const endpoint of endpoints) {
      if (!namePattern.test(endpoint.name)) throw new SpecError("endpoints", `a name is letters, digits, _ and -, not "${endpoint.name}"`);
    }
    if (!versionPattern.test(version)) throw new SpecError("version", `one such as 1.2.3, not "${version}"`);
    const service = new MicroService(link, options);
    // Where the connection is lost just now, the client subscribes again when it is back.
    await link.connection.flush().catch(() => {});
    try {
      checkSubscribed(service.#problem);
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /** Resolves when it answers nothing any more. */
  async stop(): Promise<void> {
    const { connection } = this.#link;
    if (connection.isClosed()) return;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    if (this.#link.isConnected) await connection.flush().catch(() => {});
  }

  async #answer(endpoint: MicroEndpoint, message: Msg): Promise<void> {
    const counts = this.#counts.get(endpoint)!;
    const startMs = performance.now();
    counts.requests++;
    try {
      const bytes = await endpoint.answer(message.data);
      if (this.#link.isConnected) message.respond(bytes);
    } catch (error) {
      counts.errors++;
      counts.lastError = error instanceof Error ? error.message : String(error);
      if (this.#link.isConnected)
        message.respond(JSON.stringify({ failure: toFailure(error) }), { headers: errorHeaders(counts.lastError) });
    } finally {
      counts.spentMs += performance.now() - startMs;
    }
  }

  #ping(): object {
    return { type: "io.nats.micro.v1.ping_response", ...this.#identity() };
  }

  #info(): object {
    const endpoints = this.#options.endpoints.map(({ name, subject }) => ({ name, subject, queue_group: "", metadata: {} }));
    return { type: "io.nats.micro.v1.info_response", ...this.#identity(), description: this.#options.description, endpoints };
  }

  #stats(): object {
    const endpoints = this.#options.endpoints.map((endpoint) => {
      const { requests, errors, lastError, spentMs } = this.#counts.get(endpoint)!;
      return {
        name: endpoint.name,
        subject: endpoint.subject,
        queue_group: "",
        num_requests: requests,
        num_errors: errors,
        last_error: lastError,
        processing_time: Math.trunc(spentMs * nanosOfMs),
        average_processing_time: requests === 0 ? 0 : Math.trunc((spentMs * nanosOfMs) / requests),
      };
    });
    return { type: "io.nats.micro.v1.stats_response", ...this.#identity(), started: this.#started, endpoints };
  }

  #identity(): object {
    const { name, id, version, metadata = {} } = this.#options;
    return { name, id, version, metadata };
  }
}

/** A header is one line of ASCII. */
function errorHeaders(text: string): ReturnType<typeof headers> {
  const head = headers();
  head.set("Nats-Service-Error", text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 1_000));
  head.set("Nats-Service-Error-Code", "500");
  return head;
}
