import { sizeOfState, viewMoment, type Address, type Moment, type PastActor, type PastTurn, type PlaceEnd } from "orgtree";
import { countOf, describeCount } from "../text/amounts.ts";
import { describeBytes, describeTime } from "../text/moments.ts";
import { clipLine, span, type Line } from "../text/styled-line.ts";
import { tableLines, type Column } from "../text/table.ts";
import { describeCause } from "./cause-text.ts";
import { describeEffect, shortText } from "./effect-text.ts";
import type { Page } from "./list-history.ts";

/** Who has turns in a journal. */
export function actorLines(actors: readonly PastActor[], columns: number | undefined): readonly Line[] {
  if (actors.length === 0) return [[span("no turns are stored here", "dim")]];
  const titles: readonly Column[] = [
    { title: "actor", tone: "strong" },
    { title: "kind", tone: "dim" },
    { title: "turns", side: "right" },
    { title: "last", side: "right" },
    { title: "position", side: "right", tone: "dim" },
    { title: "time (UTC)", tone: "dim" },
    { title: "life", side: "right", tone: "dim" },
    { title: "size", side: "right", tone: "dim" },
    { title: "state", tone: "accent" },
  ];
  const rows = actors.map(({ address, kind = "", turns, seq, position, atMs, incarnation, stateBytes, label, ...ended }) => [
    address,
    kind,
    describeCount(turns),
    `${seq}`,
    `${position}`,
    describeTime(atMs),
    `${incarnation}`,
    stateBytes === undefined ? "" : describeBytes(stateBytes),
    stateText(label, ended),
  ]);
  return tableLines(titles, rows, columns);
}

/** What became of an actor, with the state that it had in the end. */
function stateText(label: string | undefined, { hasEnded, isOver }: Pick<PastActor, "hasEnded" | "isOver">): string {
  if (hasEnded) return "given up";
  if (!isOver) return label ?? "";
  return label === undefined ? "ended" : `ended: ${label}`;
}

/** The turns of an actor, oldest first. */
export function turnLines(address: Address, { moments, hasEarlier, undone }: Page, columns: number | undefined): readonly Line[] {
  const turns = moments.filter((moment) => moment.kind === "turn");
  const [first] = turns;
  const kind = turns.length === 0 ? "" : `  ${viewMoment(turns.at(-1)!).kind}`;
  const heading: Line = [span(address, "strong"), span(`${kind}  ${countOf(turns.length, "turn")}`, "dim")];
  if (turns.length === 0 && moments.length === 0) return [heading];
  const titles: readonly Column[] = [
    { title: "seq", side: "right", tone: "strong" },
    { title: "position", side: "right", tone: "dim" },
    { title: "time (UTC)", tone: "dim" },
    { title: "life", side: "right", tone: "dim" },
    { title: "cause", tone: "accent" },
    { title: "size", side: "right" },
    { title: "stored", side: "right", tone: "dim" },
    { title: "undone by", tone: "warning" },
    { title: "state" },
    { title: "did" },
  ];
  const rows = moments.map((moment) => (moment.kind === "end" ? endRow(moment) : turnRow(moment, undone.get(moment.turn.seq))));
  const earlier: Line = [
    span(`  … there are turns before ${first?.turn.seq}: --to ${(first?.turn.seq ?? 1) - 1} --last ${moments.length}`, "dim"),
  ];
  return [heading, ...tableLines(titles, rows, columns), ...(hasEarlier ? [clipLine(earlier, columns ?? Infinity)] : [])];
}

function turnRow(moment: Moment, undoneBy: number | undefined): readonly string[] {
  const { seq, position, atMs, incarnation, cause, effects, storedBytes, mark } = moment.turn;
  const { kind, label, parts } = viewMoment(moment);
  const did = effects.filter((effect) => !followsFrom(cause, effect)).map(describeEffect);
  // What makes a checkpoint says so by itself.
  const isMarked = mark !== undefined && !effects.some((effect) => effect.kind === "checkpoint");
  return [
    `${seq}`,
    `${position}`,
    describeTime(atMs),
    `${incarnation}`,
    describeCause(moment.turn.cause),
    describeBytes(sizeOfState(moment)),
    describeBytes(storedBytes),
    undoneBy === undefined ? "" : `@${undoneBy}`,
    label ?? (kind === "plain" ? shortText(parts["state"]) : ""),
    [...(isMarked ? [`mark ${mark}`] : []), ...did].join("; "),
  ];
}

/** XState stops a child whose end its machine has just heard of. */
function followsFrom({ type }: PastTurn["cause"], { kind, detail }: PastTurn["effects"][number]): boolean {
  const id = typeof detail === "string" ? detail : (detail as { readonly id?: unknown } | null | undefined)?.id;
  return kind === "xstate.stopChild" && [`xstate.done.actor.${String(id)}`, `xstate.error.actor.${String(id)}`].includes(type);
}

function endRow({ seq, position }: PlaceEnd): readonly string[] {
  return [`${seq}`, `${position}`, "", "", "given up", "", "", "", "", ""];
}
