import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { runProgram } from "./run-program.ts";

/**
 * Starts the server, says its process id, and waits. When our end of the third pipe closes, because we said so or because our
 * process is gone however it died, the server is killed and its directory removed if it is a temporary one.
 */
const guard = `
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
echo $server
(read -r _ <&3; kill -9 $server; [ -z "$GUARD_REMOVES" ] || rm -rf "$GUARD_REMOVES") 2>/dev/null &
watch=$!
exec 3<&-
wait $server
status=$?
kill $watch 2>/dev/null
exit $status
`;

/** A process that does not outlive ours. */
export class GuardedProcess {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #hasExited = false;

  private constructor(pid: number, child: ChildProcess, exited: Promise<void>) {
    this.pid = pid;
    this.#child = child;
    this.exited = exited.then(() => {
      this.#hasExited = true;
    });
  }

  /** Hears of each line that the process says on its error output. `removes` is a directory that goes when our process dies. */
  static async start(
    command: readonly string[],
    { onLine, removes = "" }: { readonly onLine: (line: string) => void; readonly removes?: string },
  ): Promise<GuardedProcess> {
    const child = spawn("sh", ["-c", guard, "guard", ...command], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, GUARD_REMOVES: removes },
    });
    const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const started = new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.stdout.once("data", (data) => resolve(Number(String(data))));
    });
    child.stdin.on("error", () => {});
    let rest = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) onLine(line);
    });
    return new GuardedProcess(await started, child, exited);
  }

  /** Sends a signal to it, unless it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#hasExited || this.#child.exitCode !== null) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It ended just now.
    }
  }

  /** Stops it until `SIGCONT`. Resolves when all of its threads stand still, which the signal does not wait for. */
  async pause(): Promise<void> {
    this.signal("SIGSTOP");
    while (!this.#hasExited && !(await stateOf(this.pid)).startsWith("T"));
  }

  /** Ends it: asks first, then does not ask. */
  async stop(patienceMs = 3_000): Promise<void> {
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), patienceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }
}

/** What a process is at, as one letter: R runs, S sleeps, T is stopped. */
async function stateOf(pid: number): Promise<string> {
  if (process.platform !== "linux") return (await runProgram("ps", ["-o", "stat=", "-p", String(pid)])).trim();
  // Behind the name, which is in brackets and may hold anything.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") T");
  return stat.slice(stat.lastIndexOf(")") + 2);
}
