import { connect, type NatsConnection, type NodeConnectionOptions, PermissionViolationError } from "@nats-io/transport-node";
import { isAtLeast, oldestServer } from "../server/server-version.ts";
import { NatsError } from "./nats-error.ts";
import { Replies } from "./replies.ts";

/** How to connect; what the client of NATS takes, credentials and TLS included. */
export type NatsLinkOptions = NodeConnectionOptions;

/** What happens to a connection. */
export type LinkEvent =
  | { readonly type: "lost" }
  | { readonly type: "back" }
  | { readonly type: "closed" }
  /** Something was published that this user may not publish. Nothing else tells. */
  | { readonly type: "refused"; readonly subject: string };

/** The client's own defaults give up after ten attempts, and notice a dead peer after four minutes. */
const defaults: NodeConnectionOptions = {
  name: "orgtree",
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 250,
  pingInterval: 10_000,
  maxPingOut: 2,
  noAsyncTraces: true,
  // Who was let in once is let in again when somebody has mended the server: until then it says that it is not connected.
  ignoreAuthErrorAbort: true,
};

/**
 * One connection to NATS, shared by everything in this package. It connects again by itself for as long as it is open.
 *
 * Whatever is published while it is lost is gone without an error: look at `isConnected` before, and listen.
 */
export class NatsLink implements AsyncDisposable {
  readonly connection: NatsConnection;
  readonly replies: Replies;
  /** What the subjects begin with to which answers come. Default `_INBOX`. */
  readonly inboxPrefix: string | undefined;
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  readonly #refusals = { publish: 0, subscription: 0 };
  #isConnected = true;

  private constructor(connection: NatsConnection, options: NatsLinkOptions) {
    this.connection = connection;
    this.inboxPrefix = options.inboxPrefix;
    this.replies = new Replies(connection, options.inboxPrefix);
    void this.#watch();
  }

  /** Connects. Rejects with `NatsError` when nobody answers, the server refuses, or is older than 2.11. */
  static async connect(options: NatsLinkOptions = {}): Promise<NatsLink> {
    const connection = await connect({ ...defaults, ...options }).catch((error: unknown) => {
      throw toNatsError(error, options);
    });
    const version = connection.info?.version ?? "0.0.0";
    if (isAtLeast(version, oldestServer)) return checked(new NatsLink(connection, options));
    await connection.close();
    throw new NatsError(
      "server-too-old",
      `the NATS server at ${connection.getServer()} is ${version}; orgtree needs ${oldestServer} or newer: upgrade the server`,
    );
  }

  /** False from when it is lost until it is back. */
  get isConnected(): boolean {
    return this.#isConnected && !this.connection.isClosed();
  }

  /** How people know the server. */
  get server(): string {
    return this.connection.getServer();
  }

  /** How often the server did not take what this user published, or a subscription of his. */
  get refusals(): { readonly publish: number; readonly subscription: number } {
    return this.#refusals;
  }

  /** Largest message that the server takes, headers included, in bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  /** Hears what happens to the connection, until the returned function is called. */
  listen(listener: (event: LinkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when it is connected, false when that took longer than `withinMs` or it was closed. */
  whenConnected(withinMs: number): Promise<boolean> {
    if (this.isConnected) return Promise.resolve(true);
    if (this.connection.isClosed()) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    const stop = this.listen(({ type }) => {
      if (type === "back" || type === "closed") resolve(type === "back");
    });
    return promise.finally(() => {
      clearTimeout(timer);
      stop();
    });
  }

  /** Sends what is on its way, then closes. */
  async close(): Promise<void> {
    this.replies.close();
    if (this.connection.isClosed()) return;
    // Lost while it waits for the server, there is nothing more to send.
    await (this.#isConnected ? this.connection.drain().catch(() => this.connection.close()) : this.connection.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === "disconnect") this.#tell({ type: "lost" });
      else if (status.type === "reconnect") this.#tell({ type: "back" });
      else if (status.type === "close") this.#tell({ type: "closed" });
      else if (status.type === "error" && status.error instanceof PermissionViolationError) this.#refused(status.error);
    }
  }

  #refused({ operation, subject }: PermissionViolationError): void {
    this.#refusals[operation]++;
    if (operation === "publish") this.#tell({ type: "refused", subject });
  }

  #tell(event: LinkEvent): void {
    if (event.type !== "refused") this.#isConnected = event.type === "back";
    for (const listener of this.#listeners) listener(event);
  }
}

/** A connection that can ask something. */
async function checked(link: NatsLink): Promise<NatsLink> {
  try {
    await link.replies.check();
    return link;
  } catch (error) {
    await link.close();
    throw error;
  }
}

function toNatsError(error: unknown, { servers }: NatsLinkOptions): NatsError {
  const where = servers === undefined ? "127.0.0.1:4222" : [servers].flat().join(", ");
  const said = error instanceof Error ? error.message : String(error);
  if (/authoriz|authentic|credential/i.test(said)) {
    return new NatsError(
      "not-permitted",
      `the NATS server at ${where} does not let us in (${said}): check user, token or credentials`,
      error,
    );
  }
  return new NatsError("unreachable", `no NATS server answers at ${where} (${said}): start one, or check the address`, error);
}
