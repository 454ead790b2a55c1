import { commonOptions } from "../arguments.ts";
import type { Command, CommandOption } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { nearestName } from "../nearest-name.ts";
import { UsageError } from "../usage-error.ts";
import { wrapText } from "../wrap-text.ts";
import { lint } from "./lint.ts";
import { run } from "./run.ts";
import { tree } from "./tree.ts";

/** Tells what the commands do. */
export const help: Command = {
  name: "help",
  usage: "[COMMAND]",
  summary: "Tells what a command does.",
  operands: { name: "COMMAND", least: 0, most: 1 },
  details: [],
  options: [],
  async execute({ operands: [name] }, { stdout }) {
    const commands = [run, lint, tree, help];
    const command = commands.find((each) => each.name === name);
    if (name !== undefined && command === undefined) {
      const names = commands.map((each) => each.name);
      const nearest = nearestName(name, names);
      throw new UsageError(
        `no command is called "${name}"`,
        nearest === undefined ? `there are ${names.join(", ")}` : `did you mean ${nearest}?`,
      );
    }
    stdout.write(helpText(commands, command));
    return exitCode.done;
  },
};

/** The help for one command, or for all of them. */
export function helpText(commands: readonly Command[], command?: Command): string {
  return command === undefined ? overview(commands) : commandHelp(command);
}

function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, usage, summary }) => [`orgtree ${name} ${usage}`, summary] as const);
  return lines(
    "orgtree runs organizations of AI agents: supervised, with named failures, and nothing done without evidence.",
    "",
    ...table(rows),
    "",
    ...optionTable(commonOptions),
    "",
    "Exit codes: 0 done; 1 failed, or the lint found errors; 2 a mistake on the command line or in the input, nothing was started;",
    "130 interrupted.",
  );
}

function commandHelp({ name, usage, summary, details, options }: Command): string {
  const paragraphs = details.flatMap((text) => ["", ...wrapText(text, 100)]);
  return lines(`orgtree ${name} ${usage}`, "", summary, ...paragraphs, "", ...optionTable([...options, ...commonOptions]));
}

function optionTable(options: readonly CommandOption[]): readonly string[] {
  return table(options.map(({ name, value, text }) => [`--${name}${value === undefined ? "" : ` ${value}`}`, text] as const));
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
