import type { Answers } from "@orgtree/node";
import { countOf, describeCount, describeDuration, describeUsd } from "../text/amounts.ts";
import { cleanText, widestOf } from "../text/display-width.ts";
import { clipLine, padText, span, type Line, type Tone } from "../text/styled-line.ts";
import type { SeenActor } from "./list-actors.ts";

/** What is shown: the actors of a cluster, how many more there are, and the nodes that did not answer. */
export interface ShownActors {
  readonly actors: readonly SeenActor[];
  readonly left: number;
  readonly silent: Answers<unknown>["silent"];
}

interface Row {
  readonly cells: readonly string[];
  readonly tone: Tone;
}

const titles = ["actor", "state", "last turn", "mailbox", "restarts", "spent", "partition", "node"];
/** Numbers are on the right. */
const numbers = new Set([2, 3, 4]);

/** The actors as a table in which the tree is drawn. Lines are within `columns`. */
export function actorLines({ actors, left, silent }: ShownActors, columns = Infinity): readonly Line[] {
  const rows = actors.flatMap((actor, at) => rowsOf(actor, actors[at - 1]));
  const widths = titles.map((title, at) =>
    Math.max(
      title.length,
      widestOf(rows, ({ cells }) => cells[at]!),
    ),
  );
  const lineOf = ({ cells, tone }: Row): Line =>
    clipLine(
      cells.map((cell, at) =>
        span(`${at === 0 ? "" : "  "}${padText(cell, widths[at]!, numbers.has(at) ? "left" : "right")}`, at < 2 ? tone : "plain"),
      ),
      columns,
    );
  return [
    ...(rows.length === 0 ? [[span("nobody is there")]] : [clipLine(lineOf({ cells: titles, tone: "dim" }), columns), ...rows.map(lineOf)]),
    ...(left === 0 ? [] : [[span(`… and ${describeCount(left)} more; --limit N shows more of them`, "dim")]]),
    ...silent.map(({ node, problem }): Line => [span(`${node} does not answer: ${cleanText(problem)}`, "bad")]),
  ];
}

/** An actor; the run that it is in before it, where that is another one than that of the actor above. */
function rowsOf(actor: SeenActor, above: SeenActor | undefined): readonly Row[] {
  const { run, partition, node, depth } = actor;
  const isNewRun = run !== undefined && (run !== above?.run || partition !== above.partition);
  const head: Row = { cells: [`run ${run}`, "", "", "", "", "", partition, node], tone: "strong" };
  const name = `${branch(depth + (run === undefined ? 0 : 1))}${nameOf(actor)}`;
  const cells = [
    name,
    stateOf(actor),
    actor.quietMs === undefined ? "" : `${describeDuration(actor.quietMs)} ago`,
    describeCount(actor.mailbox),
    describeCount(actor.restarts),
    spentOf(actor),
    partition,
    node,
  ];
  return [...(isNewRun ? [head] : []), { cells, tone: tones[actor.status] ?? "plain" }];
}

function branch(depth: number): string {
  return depth === 0 ? "" : `${"  ".repeat(depth - 1)}└ `;
}

/** The first of a tree with its whole address, those below it with their own name. */
function nameOf({ address, depth }: SeenActor): string {
  return cleanText(depth === 0 ? address : address.slice(address.lastIndexOf("/") + 1));
}

function stateOf({ status, label }: SeenActor): string {
  const where = label === undefined ? "" : cleanText(label);
  if (status === "running") return where === "" ? "running" : where;
  return where === "" ? status : `${status} (${where})`;
}

function spentOf({ spent }: SeenActor): string {
  if (spent === undefined) return "";
  const parts = [
    spent.turns === 0 ? "" : countOf(spent.turns, "turn"),
    spent.tokens === 0 ? "" : countOf(spent.tokens, "token"),
    spent.usd === 0 ? "" : describeUsd(spent.usd),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

const tones: Readonly<Partial<Record<SeenActor["status"], Tone>>> = {
  suspended: "warning",
  restarting: "warning",
  stopping: "warning",
  stopped: "dim",
};
