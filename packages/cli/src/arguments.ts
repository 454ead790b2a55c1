import { parseArgs } from "node:util";
import type { Command, CommandInput, CommandOption } from "./command.ts";
import { nearestName } from "./nearest-name.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line asks for. */
export type Request =
  | { readonly kind: "command"; readonly command: Command; readonly input: CommandInput }
  | { readonly kind: "help"; readonly command: Command | undefined }
  | { readonly kind: "version" };

/** Options that stand anywhere. `--debug` is read by `main.ts`, which prints the errors. */
export const commonOptions: readonly CommandOption[] = [
  { name: "help", text: "Tells what a command does." },
  { name: "version", text: "Tells the version." },
  { name: "debug", text: "Shows errors with their stacks." },
];

/** Reads a command line; throws `UsageError`, which names what is wrong and, where one is near, what was probably meant. */
export function parseArguments(args: readonly string[], commands: readonly Command[]): Request {
  const first = args.find((arg) => !arg.startsWith("-") || arg === "-");
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) return parseWithoutCommand(args, first, commands);
  const at = args.indexOf(command.name);
  const input = parseOptions([...args.slice(0, at), ...args.slice(at + 1)], command);
  if (input.flags.has("help")) return { kind: "help", command };
  if (input.flags.has("version")) return { kind: "version" };
  checkOperands(input.operands, command);
  return { kind: "command", command, input };
}

function parseWithoutCommand(args: readonly string[], first: string | undefined, commands: readonly Command[]): Request {
  if (first !== undefined) {
    const names = commands.map(({ name }) => name);
    const nearest = nearestName(first, names);
    const remedy = nearest === undefined ? `there are ${names.join(", ")}` : `did you mean ${nearest}?`;
    throw new UsageError(`no command is called "${first}"`, remedy);
  }
  for (const arg of args) {
    const known = commonOptions.some(({ name }) => `--${name}` === arg) || arg === "-h";
    if (!known) throw unknownOption(arg, { name: undefined, known: commonOptions });
  }
  return args.includes("--version") ? { kind: "version" } : { kind: "help", command: undefined };
}

function parseOptions(args: readonly string[], command: Command): CommandInput {
  const known = [...command.options, ...commonOptions];
  const { tokens, positionals } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(known.map(({ name, value }) => [name, { type: value === undefined ? "boolean" : "string" } as const])),
  });
  const values = new Map<string, readonly string[]>();
  const flags = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = token.rawName === "-h" ? commonOptions[0]! : known.find(({ name }) => `--${name}` === token.rawName);
    if (option === undefined) throw unknownOption(token.rawName, { name: command.name, known });
    if (option.value === undefined) {
      if (token.value !== undefined) throw new UsageError(`--${option.name} takes no value`);
      flags.add(option.name);
    } else {
      const earlier = values.get(option.name) ?? [];
      if (earlier.length > 0 && option.isMultiple !== true) throw new UsageError(`--${option.name} is given twice`);
      values.set(option.name, [...earlier, checkValue(option, token)]);
    }
  }
  return { operands: positionals, values, flags };
}

function checkValue(
  option: CommandOption,
  token: { readonly value: string | undefined; readonly inlineValue: boolean | undefined },
): string {
  const { value, inlineValue } = token;
  const remedy = `write --${option.name} ${option.value}`;
  if (value === undefined || value.trim() === "") throw new UsageError(`--${option.name} needs a value`, remedy);
  if (inlineValue !== true && value.startsWith("--")) {
    throw new UsageError(`--${option.name} needs a value, and ${value} looks like an option`, `write --${option.name}=${option.value}`);
  }
  return value;
}

function unknownOption(
  rawName: string,
  place: { readonly name: string | undefined; readonly known: readonly CommandOption[] },
): UsageError {
  const name = rawName.replace(/^-+/, "").replace(/=.*$/s, "");
  const names = place.known.map((option) => option.name);
  const nearest = nearestName(name, names);
  const whose = place.name === undefined ? "" : ` of ${place.name}`;
  const help = place.name === undefined ? "orgtree help" : `orgtree help ${place.name}`;
  return new UsageError(
    `there is no option ${rawName}${whose}`,
    nearest === undefined ? `\`${help}\` lists them` : `did you mean --${nearest}?`,
  );
}

function checkOperands(operands: readonly string[], command: Command): void {
  const { name, least, most } = command.operands;
  if (operands.length < least) throw new UsageError(`${command.name} needs a ${name}`, `write orgtree ${command.name} ${command.usage}`);
  if (operands.length > most) {
    throw new UsageError(
      `${command.name} does not know what to do with "${operands[most]}"`,
      `write orgtree ${command.name} ${command.usage}`,
    );
  }
}
