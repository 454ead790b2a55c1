import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findServer } from "./find-server.ts";
import { GuardedProcess } from "./guarded-process.ts";

/** How to start a server. */
export interface LocalServerOptions {
  /** Lines for its configuration file, such as `authorization { token: … }`. */
  readonly config?: string | undefined;
  /** A configuration file to run as it is, in place of one that is made of the other options; it should listen at port -1. */
  readonly file?: string | undefined;
  /** Variables that the file names. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Without JetStream when false. Default true. With `synced` every write is on the disk before it is answered. */
  readonly jetStream?: boolean | "synced" | undefined;
  /** Where it stores. Default: a temporary directory that goes with it. */
  readonly directory?: string | undefined;
  /** Its port on the loopback interface. Default: one that is free. */
  readonly port?: number | undefined;
  /** Its place in a cluster. */
  readonly cluster?: ClusterPlace | undefined;
  /** The nats-server to run. Default: what `findServer` finds. */
  readonly program?: string | undefined;
}

/** One server's place in a cluster: its name, its own port for the others, and theirs. */
export interface ClusterPlace {
  readonly name: string;
  readonly port: number;
  readonly peers: readonly number[];
}

const readyMs = 10_000;
const keptLines = 200;

/**
 * A nats-server of our own on the loopback interface, for tests and for trying things out. It ends with `stop`, and with our
 * process, however that ends.
 */
export class LocalServer implements AsyncDisposable {
  readonly directory: string;
  readonly #options: LocalServerOptions;
  readonly #lines: string[] = [];
  readonly #waits = new Set<(line: string | undefined) => void>();
  #process: GuardedProcess | undefined;
  #port: number;

  private constructor(directory: string, options: LocalServerOptions) {
    this.directory = directory;
    this.#options = options;
    this.#port = options.port ?? -1;
  }

  /** Starts a server and waits until it takes connections. Rejects with what it said when it does not start. */
  static async start(options: LocalServerOptions = {}): Promise<LocalServer> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "orgtree-nats-")));
    const server = new LocalServer(directory, options);
    try {
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** For clients. */
  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process!.pid;
  }

  /** What it said last. */
  get log(): string {
    return this.#lines.join("\n");
  }

  /** Starts it again where it was, on the same port and with what it stored. */
  async restart(): Promise<void> {
    await this.#process?.kill();
    const program = this.#options.program ?? (await findServer()).path;
    const file = this.#options.file ?? join(this.directory, "nats.conf");
    if (this.#options.file === undefined) await writeFile(file, this.#config());
    const { variables = {} } = this.#options;
    this.#lines.length = 0;
    const ready = this.waitFor(/Server is ready/);
    const started = await GuardedProcess.start(
      ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), program, "-c", file],
      {
        onLine: (line) => this.#hear(line),
        removes: this.#isTemporary ? this.directory : "",
      },
    );
    this.#process = started;
    void started.exited.then(() => this.#giveUpWaiting());
    await ready;
  }

  /** Resolves with the next line that says so. Rejects with what the server said when it ends, or says nothing of it for 10 s. */
  waitFor(pattern: RegExp, deadlineMs = readyMs): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const give = (problem: string): void => reject(new Error(`nats-server ${problem}:\n${this.#lines.slice(-20).join("\n")}`));
    const timer = setTimeout(() => give(`did not say ${String(pattern)} within ${deadlineMs} ms`), deadlineMs);
    const wait = (line: string | undefined): void => {
      if (line !== undefined && !pattern.test(line)) return;
      this.#waits.delete(wait);
      clearTimeout(timer);
      if (line === undefined) give("ended");
      else resolve(line);
    };
    this.#waits.add(wait);
    void promise.catch(() => this.#waits.delete(wait));
    return promise;
  }

  /** Stops it in its tracks, so that it looks unreachable; `resume` lets it go on. */
  async pause(): Promise<void> {
    await this.#process?.pause();
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
  }

  /** Ends it as a crash would; what it stored stays, for `restart`. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Ends it; a temporary directory goes with it. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    if (this.#isTemporary) await rm(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #isTemporary(): boolean {
    return this.#options.directory === undefined;
  }

  #config(): string {
    const { jetStream = true, config = "", cluster } = this.#options;
    const lines = [`listen: "127.0.0.1:${this.#port}"`, `server_name: ${JSON.stringify(this.name)}`];
    const sync = jetStream === "synced" ? ", sync_interval: always" : "";
    if (jetStream !== false) lines.push(`jetstream { store_dir: ${JSON.stringify(join(this.directory, "store"))}${sync} }`);
    if (cluster !== undefined) {
      const routes = cluster.peers.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
      // Clients do not learn of the others from one: whoever names proxies in front of them is not led around these.
      const place = `name: ${JSON.stringify(cluster.name)}, listen: "127.0.0.1:${cluster.port}", no_advertise: true`;
      lines.push(`cluster { ${place}, routes: [${routes}] }`);
    }
    return `${lines.join("\n")}\n${config}\n`;
  }

  /** As the server calls itself. */
  get name(): string {
    return `local-${this.#options.cluster?.port ?? "one"}`;
  }

  #hear(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    const port = /Listening for client connections on \S+:(\d+)/.exec(line)?.[1];
    if (port !== undefined) this.#port = Number(port);
    for (const wait of this.#waits) wait(line);
  }

  #giveUpWaiting(): void {
    for (const wait of this.#waits) wait(undefined);
  }
}
