/**
 * A process comes up over the journal of another one that ended: in order, with many actors, or by `kill -9` in the middle of its
 * work. Timed from the start of the process to the line that it writes after its next turn.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { node, plainly, type Bench, type Comparison, type Job } from "./harness/bench.ts";
import { inDirectory } from "./subjects/disk.ts";

const program = fileURLToPath(new URL("subjects/desk-process.ts", import.meta.url));
const fromSource = ["--conditions=@orgtree/source"];

function isBuilt(): boolean {
  return existsSync(fileURLToPath(new URL("../packages/orgtree/dist/index.js", import.meta.url)));
}

/** A turn of a child as the process told it: who, and how many he has done in all. */
type Line = readonly [child: number, turns: number];

class Desk {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(options: readonly string[], args: readonly string[]) {
    this.#process = spawn(process.execPath, [...options, program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async line(): Promise<Line> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the desk ended without a word");
    const [child, turns] = String(value).split(" ").map(Number);
    return [child!, turns!];
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }
}

/** Everybody has done two turns; then the process of the next life answers for the last of them. */
function recovery(options: readonly string[]): Job {
  return inDirectory(async (path, size) => {
    await promisify(execFile)(process.execPath, [...fromSource, program, path, String(size), "fill"]);
    const begin = performance.now();
    const desk = new Desk(options, [path, String(size), "last"]);
    const [child, turns] = await desk.line();
    const ms = performance.now() - begin;
    await desk.kill();
    return { done: child === size - 1 && turns === 3 ? size : 0, ms };
  });
}

/** Killed in the middle of a turn, and started again at once; no turn that was answered may be missing. */
function killed(options: readonly string[]): Job {
  return inDirectory(async (path, size) => {
    const args = [path, String(size), "work"];
    const first = new Desk(options, args);
    const known = new Map<number, number>();
    for (let line = 0; line < 100; line++) known.set(...(await first.line()));
    await first.kill();
    const begin = performance.now();
    const next = new Desk(options, args);
    const [child, turns] = await next.line();
    const ms = performance.now() - begin;
    await next.kill();
    return { done: turns > known.get(child)! ? size : 0, ms };
  });
}

function nodeAlone(): Job {
  return async (size) => {
    const begin = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", "console.log('up')"]);
    return { done: stdout.trim() === "up" ? size : 0, ms: performance.now() - begin };
  };
}

const ms = plainly("ms", "ms");
const built = "built";
const alone = "node alone";

function comparison(
  name: string,
  work: { readonly size: number; readonly job: (options: readonly string[]) => Job; readonly floor?: number; readonly goal?: number },
): Comparison {
  const { size, job, ...marks } = work;
  return {
    name,
    size,
    rounds: size < 10_000 ? 5 : 3,
    warmUps: size < 10_000 ? 1 : 0,
    contenders: {
      "from source": node(() => job(fromSource)),
      [built]: node(() => (isBuilt() ? job([]) : undefined)),
      [alone]: node(nodeAlone),
    },
    rows: [
      { what: `${name}, from source`, measure: ms, ...marks },
      { what: `${name}, built`, measure: ms, by: built, otherwise: "not built", ...marks },
      { what: `${name}, from source`, measure: ms, peer: alone },
    ],
  };
}

export const bench: Bench = {
  name: "recovery",
  comparisons: [
    comparison("kill -9, restarted, to the next step", { size: 8, job: killed, floor: 1_200, goal: 500 }),
    comparison("1,000 actors, restarted, to the turn of the last", { size: 1_000, job: recovery }),
    comparison("10,000 actors, restarted, to the turn of the last", { size: 10_000, job: recovery }),
  ],
};
