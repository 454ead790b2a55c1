import { isWithin, type Address, type Entry, type JournalReader, type RollbackReport } from "@orgtree/core";
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

/** What the record of the uppermost says where nobody was there to take work back: what the work came to, by its keys. */
export interface OwedUndo extends RollbackReport {
  readonly owed: readonly (readonly [key: string, output: unknown])[];
}

/** Which cut is wanted; see `RollbackOrder`. */
export interface WantedCut {
  readonly to?: string | number | undefined;
  readonly orBeginning?: boolean;
}

/** What an earlier rollback has undone of a subtree: all between its cut and itself. */
export interface Undone {
  readonly top: Address;
  readonly after: number;
  readonly before: number;
}

/** A checkpoint, or where a life began. */
interface Place {
  readonly address: Address;
  readonly seq: number;
  readonly position: number;
  readonly name: string | undefined;
}

/**
 * What is known of the past of a subtree to find a cut in it: its checkpoints, without those that an earlier rollback has undone, nor those
 * of somebody who lived there before the place was given up. It reads the past once, and later only what is new.
 */
export class CutSearch {
  readonly #journal: Pick<JournalReader, "read">;
  readonly #top: Address;
  /** Oldest first. */
  #checkpoints: Place[] = [];
  #beginning: Place | undefined;
  /** Where whoever lives there now has begun; undefined where nothing is stored of him. */
  #since: number | undefined;
  #endedAt: number | undefined;
  #readTo = 0;
  /** One reads at a time. */
  #reading: Promise<void> = Promise.resolve();

  constructor(journal: Pick<JournalReader, "read">, top: Address) {
    this.#journal = journal;
    this.#top = top;
  }

  /** The cut that is wanted. Rejects with `RollbackError`, `JournalError`, `UnreadableTurnError`. */
  async find({ to, orBeginning }: WantedCut): Promise<Cut> {
    const reading = this.#reading.then(() => this.#readOn());
    this.#reading = reading.catch(() => {}); // Whoever comes next reads on from there, and hears of it himself.
    await reading;
    const turn = typeof to === "number" ? { address: this.#top, seq: to } : turnIn(to);
    const cut = await (turn === undefined ? this.#read(this.#checkpointAt(to)) : this.#read(turn));
    const found = cut ?? (orBeginning === true ? await this.#read(this.#beginning) : undefined);
    if (found === undefined) throw new RollbackError(this.#top, problemWith(to, this.#since !== undefined));
    return { turn: found, name: found.mark };
  }

  #checkpointAt(name: string | number | undefined): Place | undefined {
    return this.#checkpoints.findLast((each) => name === undefined || each.name === name);
  }

  /** A turn of those who live there now. */
  async #read(turn: Pick<Place, "address" | "seq"> | undefined): Promise<PastTurn | undefined> {
    if (turn === undefined || !isWithin(turn.address, this.#top)) return undefined;
    const { address, seq } = turn;
    let found: PastTurn | undefined;
    for await (const entry of this.#journal.read({ address, fromSeq: seq, toSeq: seq }))
      if (entry.kind !== "end" && entry.position >= (this.#since ?? Infinity)) found = readTurn(entry);
    return found;
  }

  async #readOn(): Promise<void> {
    for await (const entry of this.#journal.read({ within: this.#top, after: this.#readTo })) {
      await this.#take(entry);
      this.#readTo = entry.position;
    }
  }

  async #take(entry: Entry): Promise<void> {
    const { address, seq, position, mark } = entry;
    if (entry.kind === "end") {
      if (address === this.#top) this.#endedAt ??= position;
      return;
    }
    const turn = entry.kind === "whole" ? readTurn(entry) : undefined;
    const rollback = turn?.cause.kind === "rollback" ? await readUndone(this.#journal, turn) : undefined;
    // Whoever lives here now is somebody else, unless he was put back; where nobody does, it is the last one who is put back.
    if (this.#endedAt !== undefined && (rollback === undefined || rollback.after > this.#endedAt))
      [this.#checkpoints, this.#beginning, this.#since] = [[], undefined, undefined];
    this.#endedAt = undefined;
    this.#since ??= position;
    const isBeginning = turn?.address === this.#top && (turn.cause.kind === "init" || turn.cause.type === "begin");
    if (rollback !== undefined) this.#checkpoints = this.#checkpoints.filter((each) => !isUndone(each, rollback));
    else if (isBeginning) this.#beginning = { address, seq, position, name: mark };
    if (mark !== undefined) this.#checkpoints.push({ address, seq, position, name: mark });
  }
}

/** The turn that somebody names, as `/desk/clerk@12`; undefined where it is a checkpoint. */
function turnIn(to: string | number | undefined): Pick<Place, "address" | "seq"> | undefined {
  const [, address, seq] = /^(\/.*)@(\d+)$/.exec(typeof to === "string" ? to : "") ?? [];
  return address === undefined ? undefined : { address: address as Address, seq: Number(seq) };
}

/** What the rollback of a turn has undone. */
export async function readUndone(journal: Pick<JournalReader, "read">, { cause, position }: PastTurn): Promise<Undone> {
  const { top, to } = cause.message as RollbackCause;
  let after = -1; // Where compaction has removed the cut, all that is left came behind it.
  for await (const entry of journal.read({ address: to.address, fromSeq: to.seq, toSeq: to.seq })) after = entry.position;
  return { top, after, before: position };
}

/** It came in between. */
export function isUndone({ address, position }: Pick<Place, "address" | "position">, { top, after, before }: Undone): boolean {
  return position > after && position < before && isWithin(address, top);
}

function problemWith(to: string | number | undefined, isKnown: boolean): string {
  if (typeof to === "number") return `it has no turn ${to}, or the journal was compacted since`;
  if (turnIn(to) !== undefined) return `there is no turn ${to} below it, or the journal was compacted since`;
  if (to !== undefined) return `there is no checkpoint "${to}"; a turn makes one with turn.checkpoint("${to}")`;
  return isKnown ? 'there is no checkpoint; a turn makes one with turn.checkpoint("name")' : "nothing is stored of it";
}
