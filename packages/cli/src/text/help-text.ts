import { commonOptions, type Program } from "../input/arguments.ts";
import type { CommandOption, Topic } from "../input/command.ts";
import { wrapText } from "./wrap-text.ts";

/** The help for some commands, or for the program where none is named, within `columns`. */
export function helpText(program: Program, topics: readonly Topic[], columns: number): string {
  if (topics.length === 0) return lines(overview(program, columns));
  return topics.map((topic) => lines(topicHelp(program, topic, columns))).join("\n\n");
}

function overview(program: Program, columns: number): readonly string[] {
  const { name, commands, help } = program;
  const rows = [...commands, help].map((topic) => [`${name} ${topic.name} ${topic.usage}`, topic.summary] as const);
  return [
    ...wrapText("orgtree runs organizations of AI agents: supervised, with named failures, and nothing done without evidence.", columns),
    "",
    ...table(rows, columns),
    "",
    ...optionTable(commonOptions, columns),
    "",
    ...wrapText(
      "Exit codes: 0 done; 1 failed, or the lint found errors, or a journal is damaged, or a node did not answer; 2 a mistake on the command line or in the input, or a cluster that cannot be used, nothing was started; 130 interrupted.",
      columns,
    ),
  ];
}

function topicHelp(program: Program, topic: Topic, columns: number): readonly string[] {
  const paragraphs = topic.details.flatMap((text) => ["", ...wrapText(text, columns)]);
  const options = optionTable([...topic.options, ...commonOptions], columns);
  return [`${program.name} ${topic.name} ${topic.usage}`, "", ...wrapText(topic.summary, columns), ...paragraphs, "", ...options];
}

function optionTable(options: readonly CommandOption[], columns: number): readonly string[] {
  return table(
    options.map(({ name, value, text }) => [`--${name}${value === undefined ? "" : ` ${value}`}`, text] as const),
    columns,
  );
}

/** Two columns; the right one is broken where it does not fit. */
function table(rows: readonly (readonly [string, string])[], columns: number): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  const room = columns - width - 4;
  return rows.flatMap(([left, right]) => {
    if (room < 30) return [`  ${left}`, ...wrapText(right, columns - 6).map((text) => `      ${text}`)];
    const [first = "", ...rest] = wrapText(right, room);
    return [`  ${left.padEnd(width)}  ${first}`, ...rest.map((text) => " ".repeat(width + 4) + text)];
  });
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
