#!/usr/bin/env node
// The orgtree command. The only file that reads the environment, the arguments and the time, and that hears signals.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitCode, type ExitCode } from "./exit-code.ts";
import { isAtLeast } from "./node-version.ts";
import type { Output, ProcessSurroundings, Time } from "./surroundings.ts";

const { version, engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};
const leastNode = engines.node.replace(">=", "");
// Before anything is imported that an older one does not have.
if (!isAtLeast(process.versions.node, leastNode)) {
  process.stderr.write(`orgtree: this is Node ${process.versions.node}; orgtree needs Node ${leastNode} or newer\n`);
  process.exit(exitCode.usage);
}

/** As opposed to an installed package, which is JavaScript. */
const isInClone = import.meta.url.endsWith(".ts");
// The types of some 200 files would be stripped at each start, which takes longer than all the rest: Node keeps the result.
// What is imported before this line is not kept.
if (isInClone) {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/orgtree", import.meta.url)));
}
const { orgtree } = await import("./program.ts");
const { InterruptedError } = await import("./surroundings.ts");

const { NO_COLOR, TERM, XDG_STATE_HOME, npm_lifecycle_event } = process.env;
/** The script by which npm called it; `npx` hands everything on. */
const script = npm_lifecycle_event === "npx" ? undefined : npm_lifecycle_event;

/** What is to be done when the process ends, newest last. */
const exitWork = new Set<() => void>();
function workAtExit(): void {
  for (const work of exitWork) work();
}
process.on("exit", workAtExit);

const surroundings: ProcessSurroundings = {
  environment: process.env,
  home: homedir(),
  cwd: process.cwd(),
  program: script !== undefined && isInClone ? "npm run orgtree --" : "orgtree",
  npm:
    script === undefined
      ? undefined
      : { script, hasOption: (name) => process.env[`npm_config_${name.replaceAll("-", "_")}`] !== undefined },
  versions: { orgtree: version, node: process.version },
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  importModule: (url) => import(url) as Promise<Record<string, unknown>>,
  catchInterrupts,
  onExit(work) {
    exitWork.add(work);
    return () => exitWork.delete(work);
  },
  // https://specifications.freedesktop.org/basedir-spec/latest/
  stateDirectory: join(XDG_STATE_HOME ?? join(homedir(), ".local", "state"), "orgtree"),
  setTemporaryDirectory: (path) => {
    process.env["TMPDIR"] = path;
  },
};

process.exit(await flushed(await orgtree(process.argv.slice(2), surroundings, openTime)));

async function openTime(): Promise<Time> {
  const { systemClock, systemRandom } = await import("orgtree");
  return { clock: systemClock, random: systemRandom };
}

function catchInterrupts(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (why: string): void => {
    if (!controller.signal.aborted) return controller.abort(new InterruptedError(why));
    // Last of all: what the others kill at the exit must not write any more while directories are removed.
    process.off("exit", workAtExit);
    process.on("exit", workAtExit);
    process.exit(exitCode.interrupted);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => interrupt(signal));
  // Whoever read the output has gone: nobody is left to work for.
  process.stdout.on("error", () => interrupt("a closed pipe"));
  return controller.signal;
}

function outputOf(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream.isTTY && TERM !== "dumb";
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    // https://no-color.org: set and not empty.
    hasColor: isTerminal && (NO_COLOR === undefined || NO_COLOR === ""),
    size: () => (stream.isTTY ? { columns: stream.columns || 80, rows: stream.rows || 24 } : undefined),
  };
}

/** Gives `code` once everything that was written has left the process. */
async function flushed(code: ExitCode): Promise<ExitCode> {
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write("", resolve));
  return code;
}
