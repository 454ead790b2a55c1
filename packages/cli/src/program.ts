import { commands } from "./commands/commands.ts";
import { help } from "./commands/help.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import { parseArguments } from "./input/arguments.ts";
import { checkNpmOptions } from "./input/npm-options.ts";
import type { ProcessSurroundings, Surroundings, Time } from "./surroundings.ts";
import { describeError } from "./text/error-text.ts";
import { helpText } from "./text/help-text.ts";

/** Columns of the help where there is no terminal. */
const helpColumns = 100;

/**
 * The `orgtree` program: reads its arguments, does what they ask for, prints what went wrong, and gives the exit code.
 *
 * Time is opened only for a command that is carried out, since the runtime that has it takes its time to load.
 */
export async function orgtree(
  args: readonly string[],
  surroundings: ProcessSurroundings,
  openTime: () => Promise<Time>,
): Promise<ExitCode> {
  const { stdout, stderr, versions, npm } = surroundings;
  const program = { name: surroundings.program, commands, help };
  try {
    if (npm !== undefined) checkNpmOptions(args, commands, npm);
    const request = parseArguments(args, program);
    switch (request.kind) {
      case "version":
        stdout.write(`${versions.orgtree}\n`);
        return exitCode.done;
      case "help":
        stdout.write(helpText(program, request.topics, Math.max(40, stdout.size()?.columns ?? helpColumns)));
        return exitCode.done;
      case "command": {
        const [execute, time] = await Promise.all([request.command.load(), openTime()]);
        const all: Surroundings = { ...surroundings, ...time };
        return await execute(request.input, all);
      }
      default:
        return request satisfies never;
    }
  } catch (error) {
    const { text, code } = describeError(error, { debug: args.includes("--debug"), columns: stderr.size()?.columns });
    stderr.write(text);
    return code;
  }
}
