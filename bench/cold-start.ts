/** What a newcomer meets: the time of the hello from `node` to its result, and what it takes to install. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { node, plainly, type Bench, type Job } from "./harness/bench.ts";
import { installedSize } from "./subjects/installed-size.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const hello = "examples/01-hello.ts";

/** Both turns of the hello, from the start of the process to its end. */
function helloWith(options: readonly string[]): Job {
  return async (size) => {
    const begin = performance.now();
    const { stdout } = await run(process.execPath, [...options, hello], { cwd: root });
    const ms = performance.now() - begin;
    return { done: stdout.includes("The sea is wide and old.") ? size : 0, ms };
  };
}

function isBuilt(): boolean {
  return existsSync(fileURLToPath(new URL("../packages/orgtree/dist/index.js", import.meta.url)));
}

function nodeAlone(): Job {
  return async (size) => {
    const begin = performance.now();
    const { stdout } = await run(process.execPath, ["-e", "console.log('up')"]);
    return { done: stdout.trim() === "up" ? size : 0, ms: performance.now() - begin };
  };
}

const ms = plainly("ms", "ms");
const built = "hello, built";

export const bench: Bench = {
  name: "cold-start",
  comparisons: [
    {
      name: "hello",
      size: 1,
      warmUps: 1,
      contenders: {
        "from source": node(() => helloWith(["--conditions=@orgtree/source"])),
        [built]: node(() => (isBuilt() ? helloWith([]) : undefined)),
        "node alone": node(nodeAlone),
      },
      rows: [
        { what: "hello, both turns, built", measure: ms, by: built, floor: 500, otherwise: "not built" },
        { what: "hello, both turns, built", measure: ms, by: built, peer: "node alone", otherwise: "not built" },
        { what: "hello, both turns, from source", measure: ms, peer: "node alone" },
      ],
    },
    {
      name: "installed",
      size: 1,
      fresh: true,
      rounds: 1,
      contenders: {
        ours: node(() =>
          isBuilt() ? (): Promise<{ done: number; packages: number; megabytes: number }> => installedSize("orgtree") : undefined,
        ),
      },
      rows: [
        { what: "packages for a user", measure: plainly("packages", ""), floor: 40, otherwise: "not built" },
        { what: "MB for a user", measure: plainly("megabytes", "MB"), floor: 30, otherwise: "not built" },
      ],
    },
  ],
};
