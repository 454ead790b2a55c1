import { isWithin, type Address, type Entry, type Journal, type RollbackReport } from "@orgtree/core";
import { readTurn, type PastTurn } from "./past-turn.ts";
import { RollbackError } from "./rollback-error.ts";

/** Where a subtree goes back to: a turn, and the name of the checkpoint where it is one. */
export interface Cut {
  readonly turn: PastTurn;
  readonly name: string | undefined;
}

/** What each record of a rollback says; that of the uppermost actor has the whole report. */
export interface RollbackCause {
  readonly top: Address;
  readonly to: RollbackReport["to"];
}

/** Which cut is wanted; see `RollbackOrder`. */
export interface WantedCut {
  readonly top: Address;
  readonly to?: string | number | undefined;
  readonly orBeginning?: boolean;
}

/** What an earlier rollback has undone of a subtree: all between its cut and itself. */
export interface Undone {
  readonly top: Address;
  readonly after: number;
  readonly before: number;
}

/**
 * The cut that is wanted. A checkpoint that an earlier rollback has undone is none any more, nor is one of somebody who lived
 * there before the place was given up. Rejects with `RollbackError`.
 */
export async function findCut(journal: Journal, wanted: WantedCut): Promise<Cut> {
  const { top, to, orBeginning } = wanted;
  let found: PastTurn[] = [];
  let beginning: PastTurn | undefined;
  let undone: Undone[] = [];
  let known = 0;
  let endedAt: number | undefined;
  for await (const entry of journal.read({ within: top })) {
    if (entry.kind === "end") {
      if (entry.address === top) endedAt ??= entry.position;
      continue;
    }
    const turn = entry.kind === "whole" ? readTurn(entry) : undefined;
    const rollback = turn?.cause.kind === "rollback" ? await readUndone(journal, turn) : undefined;
    // Whoever lives here now is somebody else, unless he was put back; where nobody does, it is the last one who is put back.
    if (endedAt !== undefined && (rollback === undefined || rollback.after > endedAt))
      [found, beginning, undone, known] = [[], undefined, [], 0];
    endedAt = undefined;
    known++;
    if (isWanted(entry, wanted)) found.push(turn ?? readTurn(entry));
    if (rollback !== undefined) undone.push(rollback);
    else if (turn?.address === top && (turn.cause.kind === "init" || turn.cause.type === "begin")) beginning = turn;
  }
  const isTurn = typeof to === "number" || turnIn(to) !== undefined;
  const cut = found.findLast((turn) => isTurn || !undone.some((each) => isUndone(turn, each)));
  if (cut !== undefined) return { turn: cut, name: cut.mark };
  if (orBeginning === true && beginning !== undefined) return { turn: beginning, name: beginning.mark };
  throw new RollbackError(top, problemWith(to, known));
}

function isWanted({ address, seq, mark }: Entry, { top, to }: WantedCut): boolean {
  if (typeof to === "number") return address === top && seq === to;
  const turn = turnIn(to);
  if (turn !== undefined) return address === turn.address && seq === turn.seq;
  return mark !== undefined && (to === undefined || mark === to);
}

/** The turn that somebody names, as `/desk/clerk@12`; undefined where it is a checkpoint. */
function turnIn(to: string | number | undefined): { readonly address: string; readonly seq: number } | undefined {
  const [, address, seq] = /^(\/.*)@(\d+)$/.exec(typeof to === "string" ? to : "") ?? [];
  return address === undefined ? undefined : { address, seq: Number(seq) };
}

/** What the rollback of a turn has undone. */
export async function readUndone(journal: Journal, { cause, position }: PastTurn): Promise<Undone> {
  const { top, to } = cause.message as RollbackCause;
  let after = -1; // Where compaction has removed the cut, all that is left came behind it.
  for await (const entry of journal.read({ address: to.address, fromSeq: to.seq, toSeq: to.seq })) after = entry.position;
  return { top, after, before: position };
}

function isUndone({ address, position }: PastTurn, { top, after, before }: Undone): boolean {
  return position > after && position < before && isWithin(address, top);
}

function problemWith(to: string | number | undefined, known: number): string {
  if (typeof to === "number") return `it has no turn ${to}, or the journal was compacted since`;
  if (turnIn(to) !== undefined) return `there is no turn ${to} below it, or the journal was compacted since`;
  if (to !== undefined) return `there is no checkpoint "${to}"; a turn makes one with turn.checkpoint("${to}")`;
  return known === 0 ? "nothing is stored of it" : 'there is no checkpoint; a turn makes one with turn.checkpoint("name")';
}
