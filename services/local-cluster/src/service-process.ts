import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a service is started. */
export interface ServiceOptions {
  /** What people call the process. */
  readonly name: string;
  /** Which service: its directory. */
  readonly service: "node" | "gateway";
  readonly environment: Readonly<Record<string, string>>;
}

/** A line of its log. */
type LogLine = Readonly<Record<string, unknown>>;

/** A service as a process of its own. It ends with this one. */
export class ServiceProcess {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #lines: LogLine[] = [];
  readonly #waiting = new Set<() => void>();
  #errors = "";
  #isOver = false;

  constructor({ name, service, environment }: ServiceOptions) {
    this.name = name;
    const main = fileURLToPath(new URL(`../../${service}/src/main.ts`, import.meta.url));
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"], ...environment };
    this.#process = spawn(process.execPath, ["--conditions=@orgtree/source", main], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process.stdout!.on(
      "data",
      splitLines((line) => this.#hear(line)),
    );
    this.#process.stderr!.on("data", (text: Buffer) => (this.#errors = `${this.#errors}${text.toString()}`.slice(-4_000)));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#process.once("exit", () => {
      this.#isOver = true;
      this.#tell();
      resolve();
    });
    const stop = (): void => void this.#process.kill("SIGKILL");
    process.once("exit", stop);
    void promise.then(() => process.off("exit", stop));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Gives back the first line of its log that fits, which may have come already. Rejects when the process ends, or after `withinMs`. */
  async line(fits: (line: LogLine) => boolean, withinMs = 30_000): Promise<LogLine> {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const found = this.#lines.find(fits);
      if (found !== undefined) return found;
      const left = giveUpAt - performance.now();
      if (this.#isOver || left <= 0)
        throw new Error(`${this.name} ${this.#isOver ? "has ended" : "did not say so in time"}: ${this.#errors.trim()}`);
      await this.#next(left);
    }
  }

  /** Ends it at once, as a loss of power would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#process.kill("SIGTERM");
    await this.#ended;
  }

  #hear(text: string): void {
    try {
      this.#lines.push(JSON.parse(text) as LogLine);
      if (this.#lines.length > 1_000) this.#lines.shift();
      this.#tell();
    } catch {
      // No line of a log.
    }
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
  }

  async #next(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

function splitLines(hear: (line: string) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(line);
  };
}
