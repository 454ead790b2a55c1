import type { Endpoint } from "@orgtree/core";
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../services/node/src/main.ts", import.meta.url));
const planting = new URL("plant-mutant.ts", import.meta.url).href;

/** Starts a process, says its id, and kills it when our end of the third pipe closes, however our process ended; a stopped one too. */
const guard = `
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
echo $child
(read -r _ <&3; kill -9 $child) 2>/dev/null &
watch=$!
exec 3<&-
wait $child
status=$?
kill $watch 2>/dev/null
exit $status
`;

/** What a node said of a partition. */
export interface PartitionEvent {
  readonly atMs: number;
  readonly type: string;
  readonly partition: Endpoint;
  readonly problem?: string | undefined;
}

/** A node of the cluster: the service, in a process of its own, which does not outlive ours. */
export class NodeProcess {
  readonly name: string;
  readonly events: PartitionEvent[] = [];
  /** Lines that are warnings or worse, and what is no line of the log at all. */
  readonly complaints: string[] = [];
  /** Resolves when it has ended: its exit code, or what killed it as a shell counts that. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #pid = Promise.withResolvers<number>();
  readonly #joined = Promise.withResolvers<void>();
  #hasExited = false;

  constructor(name: string, { env, log }: { readonly env: Readonly<Record<string, string>>; readonly log: string }) {
    this.name = name;
    const planted = env["CHAOS_MUTANT"] === undefined ? [] : [`--import=${planting}`];
    this.#child = spawn("sh", ["-c", guard, "guard", process.execPath, "--conditions=@orgtree/source", ...planted, main], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...inherited(), ...env },
    });
    const file = createWriteStream(log, { flags: "a" });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      if (/^\d+$/.test(line)) return this.#pid.resolve(Number(line));
      file.write(`${line}\n`);
      this.#hear(line);
    });
    createInterface({ input: this.#child.stderr! }).on("line", (line) => {
      file.write(`${line}\n`);
      if (!line.startsWith("guard:") && !/Killed/.test(line)) this.complaints.push(line);
    });
    this.#child.stdin!.on("error", () => {});
    this.exited = new Promise((resolve) =>
      this.#child.once("close", (code) => {
        this.#hasExited = true;
        this.#joined.reject(new Error(`${name} has ended (${code}) before it joined: ${this.complaints.slice(-3).join("; ")}`));
        file.end();
        resolve(code);
      }),
    );
    this.#joined.promise.catch(() => {});
  }

  /** Resolves when it has joined the cluster; rejects when it ends before. */
  get joined(): Promise<void> {
    return this.#joined.promise;
  }

  get pid(): Promise<number> {
    return this.#pid.promise;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** The partitions that it hosts, by what it has said. */
  get hosted(): ReadonlySet<Endpoint> {
    const hosted = new Set<Endpoint>();
    for (const { type, partition } of this.events) {
      if (type === "begun") hosted.add(partition);
      else if (type === "ends" || type === "ended") hosted.delete(partition);
    }
    return hosted;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const pid = await this.#pid.promise;
    if (this.#hasExited) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended just now.
    }
  }

  /** Stops it until `SIGCONT`; resolves when all of its threads stand still. */
  async pause(): Promise<void> {
    await this.signal("SIGSTOP");
    const pid = await this.#pid.promise;
    while (!this.#hasExited && !/\) [TtZX]/.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X")));
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.signal("SIGKILL");
    await this.exited;
  }

  #hear(line: string): void {
    const said = parse(line);
    if (said === undefined) return void this.complaints.push(line);
    if (said.level >= 40) this.complaints.push(line);
    if (said.msg === "the node has joined") this.#joined.resolve();
    const { event } = said;
    if (event?.partition !== undefined)
      this.events.push({ atMs: said.time, type: event.type, partition: event.partition, problem: event.problem });
  }
}

interface Said {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly event?: { readonly type: string; readonly partition?: Endpoint; readonly problem?: string };
}

function parse(line: string): Said | undefined {
  try {
    return JSON.parse(line) as Said;
  } catch {
    return undefined;
  }
}

/** What a node gets of our environment. */
function inherited(): Record<string, string> {
  const names = ["PATH", "HOME", "TMPDIR", "NODE_COMPILE_CACHE"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
