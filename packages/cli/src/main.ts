#!/usr/bin/env node
// The orgtree command. The only file that reads the environment, the arguments and the time, and that hears signals.
import { readFileSync } from "node:fs";
import { systemClock, systemRandom } from "orgtree";
import { parseArguments } from "./arguments.ts";
import { help, helpText } from "./commands/help.ts";
import { lint } from "./commands/lint.ts";
import { run } from "./commands/run.ts";
import { tree } from "./commands/tree.ts";
import { describeError } from "./error-text.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import { InterruptedError, type Output, type Surroundings } from "./surroundings.ts";

const commands = [run, lint, tree, help];

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };
const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, NO_COLOR, TERM, npm_lifecycle_event } = process.env;
const args = process.argv.slice(2);

/** What is to be done when the process ends, newest last. */
const exitWork = new Set<() => void>();
function workAtExit(): void {
  for (const work of exitWork) work();
}
process.on("exit", workAtExit);

const surroundings: Surroundings = {
  environment: { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL },
  cwd: process.cwd(),
  program: npm_lifecycle_event === undefined ? "orgtree" : "npm run orgtree --",
  versions: { orgtree: version, node: process.version },
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  clock: systemClock,
  random: systemRandom,
  catchInterrupts,
  onExit(work) {
    exitWork.add(work);
    return () => exitWork.delete(work);
  },
  setTemporaryDirectory: (path) => {
    process.env["TMPDIR"] = path;
  },
};

process.exit(await flushed(await main()));

async function main(): Promise<ExitCode> {
  try {
    const request = parseArguments(args, commands);
    switch (request.kind) {
      case "version":
        surroundings.stdout.write(`${version}\n`);
        return exitCode.done;
      case "help":
        surroundings.stdout.write(helpText(commands, request.command));
        return exitCode.done;
      case "command":
        return await request.command.execute(request.input, surroundings);
      default:
        return request satisfies never;
    }
  } catch (error) {
    const { text, code } = describeError(error, args.includes("--debug"));
    surroundings.stderr.write(text);
    return code;
  }
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
