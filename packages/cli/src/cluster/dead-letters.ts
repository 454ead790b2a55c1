import { askNodes, type ConnectedCluster, type LetterPage, type LetterRow, type Retried } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { describeCount } from "../text/amounts.ts";
import { cleanText, clipText } from "../text/display-width.ts";
import { describeTime } from "../text/moments.ts";
import { printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { tableLines, type Column } from "../text/table.ts";
import { findNode, presentNodes } from "./find-node.ts";
import { withCluster } from "./with-cluster.ts";

/** Messages that are shown of each node when nobody says how many. */
export const defaultLetters = 20;

/** A lost message with the name under which the commands know it: `NODE/N`. */
type NamedLetter = Omit<LetterRow, "id"> & { readonly letter: string };

/** Carries out `orgtree dead-letters list`. */
export function listDeadLetters(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const last = parseWhole(valueOf(input, "last") ?? String(defaultLetters), "--last", 0);
  return withCluster(input, surroundings, async ({ view, nodes }) => {
    const ids = presentNodes(view).map(({ id }) => id);
    if (ids.length === 0) throw new UsageError("no node is up", "start one: orgtree node FILE");
    const { answers, silent } = await askNodes(ids, (id) => nodes.letters(id, last));
    const counts = answers.map(({ node, answer }) => ({ node, counts: answer.counts }));
    const letters = answers
      .flatMap(({ node, answer }) => answer.letters.map((row) => named(node, row)))
      .toSorted((one, other) => other.atMs - one.atMs);
    const { stdout } = surroundings;
    printResult(surroundings, input.flags, {
      json: () => ({ counts, letters, silent }),
      lines: () => [
        ...counts.map(({ node, counts: some }): Line => [span(`${node}: ${countsText(some)}`)]),
        ...silent.map(({ node, problem }): Line => [span(`${node} does not answer: ${cleanText(problem)}`, "bad")]),
        ...(letters.length === 0 ? [] : [[], ...letterTable(letters, stdout.size()?.columns)]),
      ],
    });
    return silent.length === 0 ? exitCode.done : exitCode.failed;
  });
}

/** Carries out `orgtree dead-letters show`. */
export function showDeadLetter(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  return withCluster(input, surroundings, async (cluster) => {
    const { node, id } = letterNamed(cluster, input.operands[0]!);
    const letter = named(node, await cluster.nodes.letter(node, id));
    printResult(surroundings, input.flags, { json: () => letter, lines: () => letterLines(letter) });
    return exitCode.done;
  });
}

/** Carries out `orgtree dead-letters retry`. */
export function retryDeadLetter(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  return withCluster(input, surroundings, async (cluster) => {
    const { node, id } = letterNamed(cluster, input.operands[0]!);
    const retried = await cluster.nodes.retry(node, id);
    printResult(surroundings, input.flags, { json: () => ({ letter: `${node}/${id}`, ...retried }), lines: () => [retriedLine(retried)] });
    return retried.outcome === "answered" || retried.outcome === "sent" ? exitCode.done : exitCode.failed;
  });
}

function letterNamed({ view }: Pick<ConnectedCluster, "view">, operand: string): { readonly node: string; readonly id: string } {
  const [, node, id] = /^(.+)\/(\d+)$/.exec(operand) ?? [];
  if (node === undefined || id === undefined)
    throw new UsageError(`"${operand}" names no dead letter`, "write NODE/N as orgtree dead-letters list does");
  return { node: findNode(view, node).id, id };
}

function named(node: string, { id, ...row }: LetterRow): NamedLetter {
  return { letter: `${node}/${id}`, ...row };
}

function countsText(counts: LetterPage["counts"]): string {
  const parts = Object.entries(counts).map(([reason, count]) => `${describeCount(count)} ${reason}`);
  return parts.length === 0 ? "none since it started" : parts.join(", ");
}

const columns: readonly Column[] = [
  { title: "letter", tone: "strong" },
  { title: "when" },
  { title: "reason", tone: "bad" },
  { title: "to" },
  { title: "from" },
  { title: "run" },
  { title: "message" },
];

/** Columns of a message. */
const messageWidth = 60;

function letterTable(letters: readonly NamedLetter[], width: number | undefined): readonly Line[] {
  const rows = letters.map(({ letter, atMs, reason, to, from, run, message }) => [
    letter,
    describeTime(atMs),
    reason,
    to,
    from ?? "outside",
    run ?? "",
    clipText(cleanText(message), messageWidth),
  ]);
  return tableLines(columns, rows, width);
}

function letterLines({ letter, atMs, reason, partition, run, to, from, isQuestion, trace, message }: NamedLetter): readonly Line[] {
  const facts = {
    when: describeTime(atMs),
    reason,
    to,
    from: from ?? "outside",
    partition,
    run: run ?? "",
    kind: isQuestion ? "a question" : "a message",
    trace,
  };
  return [
    [span(letter, "strong")],
    ...Object.entries(facts).flatMap(([name, fact]): readonly Line[] =>
      fact === "" ? [] : [[span(`  ${name.padEnd(10)} `, "dim"), span(cleanText(fact))]],
    ),
    [],
    ...message.split("\n").map((line): Line => [span(`  ${cleanText(line)}`)]),
  ];
}

function retriedLine(retried: Retried): Line {
  switch (retried.outcome) {
    case "answered":
      return [span("✔ it was answered: ", "good"), span(cleanText(retried.answer))];
    case "sent":
      return [span("✔ it was sent again, and was not lost within a second", "good")];
    case "lost":
      return [span(`✗ it was sent again, and lost again: ${retried.reason}`, "bad")];
    case "refused":
      return [span(`✗ it was not sent: ${cleanText(retried.problem)}`, "bad")];
    default:
      return retried satisfies never;
  }
}
