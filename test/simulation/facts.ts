import type { Address, DeadLetter } from "@orgtree/core";
import type { TreeNode } from "@orgtree/runtime";
import { epochAtStartMs } from "./life-line.ts";
import { membersOf, type MemberPlan } from "./plan.ts";
import { isTakenAgain, isVoid, rollbacksIn, timelineOf, type RollbackFact } from "./rollbacks.ts";
import type { Outcome } from "./simulation.ts";
import type { JournaledTurn } from "./stored-history.ts";

/** A message from one actor to another. */
export interface Sent {
  readonly from: Address;
  readonly to: Address;
  readonly type: string;
  readonly id: string;
  readonly position: number;
  /** The sender was never told that its turn was stored, and gave it up: nobody needs to carry out its effects. */
  readonly isDoubtful?: boolean;
}

/** What the invariants look at: an outcome, with what follows from it. */
export interface Facts extends Outcome {
  readonly members: ReadonlyMap<Address, MemberPlan>;
  readonly turnsOf: ReadonlyMap<Address, readonly JournaledTurn[]>;
  readonly rollbacks: readonly RollbackFact[];
  /** The turns of each actor that were not undone. */
  readonly timelines: ReadonlyMap<Address, readonly JournaledTurn[]>;
  /** What committed turns sent, by kind of effect. Not what a rollback has undone on both sides. */
  readonly sent: readonly (Sent & { readonly effect: string })[];
  /** What committed turns took from other actors. Not what a rollback has undone on both sides, nor what came again after one. */
  readonly received: readonly Sent[];
  readonly letters: readonly DeadLetter[];
  /** The addresses of the tree as it stood in the end, and their states. */
  readonly living: ReadonlyMap<Address, TreeNode>;
}

/** The facts of an outcome. */
export function factsOf(outcome: Outcome): Facts {
  const turnsOf = new Map<Address, JournaledTurn[]>();
  const sent: (Sent & { effect: string })[] = [];
  const received: Sent[] = [];
  const doubtful = doubtfulTurns(outcome);
  const rollbacks = rollbacksIn(outcome.turns);
  for (const turn of outcome.turns) {
    const known = turnsOf.get(turn.address);
    if (known === undefined) turnsOf.set(turn.address, [turn]);
    else known.push(turn);
    const { address, position, from, message } = turn;
    // Calls to supervisors are looked at by themselves; to whom something was published, its turn does not say.
    if (
      from !== undefined &&
      turn.took !== "decision" &&
      labelOf(message).type !== "published" &&
      !isVoid(turn, from, rollbacks) &&
      !isTakenAgain(turn, rollbacks)
    )
      received.push({ from, to: address, position, ...labelOf(message) });
    const isDoubtful = doubtful.has(position);
    for (const { kind, detail } of turn.effects) {
      if (kind === "ask-planner" && !isVoid(turn, detail["planner"] as Address, rollbacks))
        sent.push({ effect: "ask", from: address, to: detail["planner"] as Address, position, ...labelOf(detail["message"]) });
      if (kind !== "tell" && kind !== "ask" && kind !== "deliver") continue;
      if (isVoid(turn, detail["to"] as Address, rollbacks)) continue;
      sent.push({ effect: kind, from: address, to: detail["to"] as Address, position, isDoubtful, ...labelOf(detail["message"]) });
    }
  }
  const letters = outcome.history.events("dead-letter").map(({ event }) => event.letter);
  const timelines = new Map([...turnsOf].map(([address, turns]) => [address, timelineOf(turns, rollbacks)]));
  const members = membersOf(outcome.plan.members);
  return { ...outcome, members, turnsOf, rollbacks, timelines, sent, received, letters, living: nodesOf(outcome.tree) };
}

/** The positions of the last turns of lives that ended without knowing whether it was stored. */
function doubtfulTurns({ history, turns }: Outcome): ReadonlySet<number> {
  const positions = new Set<number>();
  for (const { atMs, event } of history.events("actor-exited")) {
    if (event.exit.kind !== "failure" || event.exit.failure.name !== "CommitTimeout") continue;
    const last = turns.findLast((turn) => turn.address === event.address && turn.atMs <= epochAtStartMs + atMs);
    if (last !== undefined) positions.add(last.position);
  }
  return positions;
}

/** Type and id of a message. */
export function labelOf(message: unknown): { readonly type: string; readonly id: string } {
  const { type, id, version } = (message ?? {}) as { type?: string; id?: string; version?: number };
  return { type: type ?? "", id: id ?? String(version ?? "") };
}

function nodesOf(tree: TreeNode): Map<Address, TreeNode> {
  const nodes = new Map<Address, TreeNode>([[tree.address, tree]]);
  for (const child of tree.children) for (const [address, node] of nodesOf(child)) nodes.set(address, node);
  return nodes;
}

/** How often each key occurs. */
export function countBy<T>(list: Iterable<T>, keyOf: (each: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const each of list) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  return counts;
}

/** The turns of the newest life: from its initial step on. */
export function lastLife(turns: readonly JournaledTurn[] = []): readonly JournaledTurn[] {
  const start = turns.findLastIndex(({ cause, kind }) => cause === "init" || kind === "end");
  return start < 0 || turns[start]!.kind === "end" ? [] : turns.slice(start);
}
