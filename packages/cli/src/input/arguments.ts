import { parseArgs } from "node:util";
import type { Command, CommandInput, CommandOption, Topic } from "./command.ts";
import { findTopics } from "./find-topics.ts";
import { nearestName } from "./nearest-name.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line asks for. */
export type Request =
  | { readonly kind: "command"; readonly command: Command; readonly input: CommandInput }
  /** Of these; of the program where there are none. */
  | { readonly kind: "help"; readonly topics: readonly Topic[] }
  | { readonly kind: "version" };

/** The program whose command line is read. */
export interface Program {
  /** As it was called, for hints: `orgtree`, or `npm run orgtree --`. */
  readonly name: string;
  readonly commands: readonly Command[];
  readonly help: Topic;
}

/** Options that stand anywhere. `--debug` is for whoever prints the errors. */
export const commonOptions: readonly CommandOption[] = [
  { name: "help", text: "Tells what a command does." },
  { name: "version", text: "Tells the version." },
  { name: "debug", text: "Shows errors with their stacks." },
];

/** Reads a command line; throws `UsageError`, which names what is wrong and, where one is near, what was probably meant. */
export function parseArguments(args: readonly string[], program: Program): Request {
  const topics = [...program.commands, program.help];
  const at = args.findIndex(isWord);
  if (at === -1) return parseWithoutTopic(args, program);
  const { found, words } = findTopics(args.slice(at).filter(isWord), topics);
  const rest = withoutWords(args, words);
  const [topic] = found;
  if (found.length > 1) return parseGroup(rest, found, program);
  const input = parseOptions(rest, { topic, program });
  if (input.flags.has("version")) return { kind: "version" };
  if (topic === program.help) {
    checkOperands(input, { topic, program });
    return { kind: "help", topics: input.operands.length === 0 ? [] : findTopics(input.operands, topics).found };
  }
  if (input.flags.has("help")) return { kind: "help", topics: found };
  checkOperands(input, { topic, program });
  return { kind: "command", command: topic as Command, input };
}

function isWord(arg: string): boolean {
  return !arg.startsWith("-") || arg === "-";
}

function withoutWords(args: readonly string[], words: number): readonly string[] {
  let left = words;
  return args.filter((arg) => !isWord(arg) || left-- <= 0);
}

/** Only the first word of a command of two. */
function parseGroup(rest: readonly string[], topics: readonly [Topic, ...Topic[]], program: Program): Request {
  if (rest.includes("--help") || rest.includes("-h")) return { kind: "help", topics };
  const [{ name, usage }] = topics;
  const names = topics.map((topic) => topic.name).join(", ");
  throw new UsageError(`${name.split(" ")[0]} is not all of a command`, `there are ${names}; write ${program.name} ${name} ${usage}`);
}

function parseWithoutTopic(args: readonly string[], program: Program): Request {
  for (const arg of args) {
    const known = commonOptions.some(({ name }) => `--${name}` === arg) || arg === "-h";
    if (!known) throw unknownOption(arg, { topic: undefined, program });
  }
  return args.includes("--version") ? { kind: "version" } : { kind: "help", topics: [] };
}

/** What is being read: hints name it. */
interface Place {
  readonly topic: Topic | undefined;
  readonly program: Program;
}

function parseOptions(args: readonly string[], place: Place): CommandInput {
  const known = knownOptions(place);
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
    if (option === undefined) throw unknownOption(token.rawName, place);
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

function knownOptions({ topic }: Place): readonly CommandOption[] {
  return [...(topic?.options ?? []), ...commonOptions];
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

function unknownOption(rawName: string, place: Place): UsageError {
  const { topic, program } = place;
  const name = rawName.replace(/^-+/, "").replace(/=.*$/s, "");
  const nearest = nearestName(
    name,
    knownOptions(place).map((option) => option.name),
  );
  const whose = topic === undefined ? "" : ` of ${topic.name}`;
  const help = topic === undefined ? `${program.name} help` : `${program.name} help ${topic.name}`;
  return new UsageError(
    `there is no option ${rawName}${whose}`,
    nearest === undefined ? `\`${help}\` lists them` : `did you mean --${nearest}?`,
  );
}

function checkOperands({ operands, values }: CommandInput, { topic, program }: { readonly topic: Topic; readonly program: Program }): void {
  const { name, usage } = topic;
  const { instead } = topic.operands;
  const taken = instead !== undefined && values.has(instead) ? 1 : 0;
  const [least, most] = [topic.operands.least - taken, topic.operands.most - taken];
  const remedy = `write ${program.name} ${name} ${usage}`;
  if (operands.length < least) throw new UsageError(`${name} needs a ${topic.operands.name}`, remedy);
  if (operands.length > most) throw new UsageError(`${name} does not know what to do with "${operands[most]}"`, remedy);
}
