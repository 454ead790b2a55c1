import {
  addAmounts,
  isStoredSupervision,
  isWithin,
  noAmount,
  parentAddress,
  rollBackSupervision,
  type Address,
  type Amount,
  type Journal,
  type LaterEffect,
  type RollbackReport,
} from "@orgtree/core";
import { withKnownResults } from "../machine/known-results.ts";
import { isStoredMachine } from "../machine/stored-machine.ts";
import type { Durable } from "./actor-log.ts";
import { foldEntry, lastMoment, newestMoment, readTurn, type Moment, type PastTurn } from "./past-turn.ts";
import { messagesFromOutside, noteLater, noteRollback, type LaterPast, type Redelivery } from "./redelivery.ts";
import { CutSearch, readUndone, type Cut } from "./rollback-cut.ts";
import { checkStoredWhole } from "./stored-whole.ts";
import { outputsOf, type WorkOutputs } from "./work-outputs.ts";
import { rollBackBooks } from "./rolled-back-books.ts";
import { isTakenBack, takenBackIn } from "./taken-back.ts";

/** What is to go back. */
export interface RollbackOrder {
  /** The actor, and all below it. */
  readonly top: Address;
  /** The name of a checkpoint, the number of a turn of `top`, or any turn in the subtree, as `/desk/clerk@12`. Default: the newest checkpoint in the subtree. */
  readonly to?: string | number | undefined;
  /** Where there is no checkpoint: the beginning of the life of `top`. */
  readonly orBeginning?: boolean;
  /** The decision that the new life of `top` begins by. */
  readonly birth: number;
  /** What `top` has spent, as far as this process knows of it: undefined where it has not lived in it. */
  readonly spent: Amount | undefined;
  /** The number of the turns in which they go back; those of the subtree below it are used up. */
  readonly seq: number;
  /** False when the place was given up meanwhile: then nothing is stored. Default: always wanted. */
  readonly isWanted?: () => boolean;
  /** Takes back what can be taken back, in this order; gives back the keys of what was. Default: all stands. */
  readonly undo?: (effects: readonly LaterEffect[], outputs: WorkOutputs) => Promise<ReadonlySet<string>>;
}

/** What is to be stored, all or nothing, to go back. */
export interface Rollback {
  readonly actors: readonly RolledBackActor[];
  /** Who did not exist then. */
  readonly gone: readonly Address[];
  /** Those of them whose place has not been given up yet. */
  readonly toEnd: readonly { readonly address: Address; readonly seq: number }[];
  readonly report: RollbackReport;
  /** What the work came to that is to be taken back. */
  readonly outputs: WorkOutputs;
}

/** The report after compensations were run, the newest first: what was taken back, and what stands all the same. */
export async function compensate(
  { report, outputs }: Pick<Rollback, "report" | "outputs">,
  undo: RollbackOrder["undo"],
): Promise<RollbackReport> {
  if (undo === undefined) return report;
  const keys = await undo([...report.standing].reverse(), outputs);
  const [undone, standing] = [true, false].map((isUndone) => report.standing.filter(({ key }) => keys.has(key) === isUndone));
  return { ...report, undone: undone!, standing: standing! };
}

/** One actor as it will be. */
export interface RolledBackActor {
  readonly address: Address;
  readonly seq: number;
  readonly moment: Moment;
  /** What is delivered to it again. */
  readonly again: readonly Redelivery[];
  readonly durable: Durable;
}

/**
 * Works out how a subtree goes back to a cut.
 *
 * The cut is a position of the journal. A turn is stored before anything of it is visible, so at any position nobody has taken
 * a message that was not sent: each position is a consistent cut (Chandy and Lamport 1985), and messages that were on their
 * way there are in the books of their senders.
 */
export async function planRollback(journal: Journal, order: RollbackOrder, cuts = new CutSearch(journal, order.top)): Promise<Rollback> {
  const cut = await cuts.find(order);
  const { top } = order;
  const { position } = cut.turn;
  // Compaction waits for whoever reads the past.
  using _pin = journal.pin(position);
  const atCut = new Map<Address, Moment>();
  for await (const { address, entries } of journal.images(position)) {
    if (isWithin(address, top)) atCut.set(address, lastMoment(entries));
  }
  const { turns, pasts } = await readLater(journal, top, position);
  const isStored = (address: Address): boolean => atCut.has(address) || pasts.has(address);
  checkStoredWhole(top, new Map([...atCut].map(([address, { state }]) => [address, state])), isStored);
  const gone = [...pasts].flatMap(([address, past]) => (past.turns.length === 0 || atCut.has(address) ? [] : [address]));
  const toEnd: Rollback["toEnd"][number][] = [];
  const states: unknown[] = []; // As they are now.
  let lost = noAmount; // What those have spent who are gone.
  for (const address of gone) {
    const now = await newestMoment(journal, address);
    if (now === undefined) continue;
    states.push(now.state);
    lost = addAmounts(lost, now.books.spent);
    toEnd.push({ address, seq: order.seq });
  }
  const actors: RolledBackActor[] = [];
  for (const [address, moment] of atCut) {
    const newest = await newestMoment(journal, address);
    checkStoredWhole(top, [[address, newest?.state]], isStored);
    const now = newest ?? { ...moment, books: { ...moment.books, spent: noAmount } };
    states.push(now.state);
    const spent = address === top ? addAmounts(order.spent ?? now.books.spent, lost) : now.books.spent;
    actors.push(rollBackActor(moment, now, { order, past: pasts.get(address) ?? makePast(), spent }));
  }
  const keys = takenBackIn([...turns, ...(await rollbacksAbove(journal, top, position))]);
  return { actors, gone, toEnd, report: describe(cut, { top, actors, gone, turns, keys }), outputs: outputsOf(turns, states) };
}

/** Since a position: what they took back is said in the turn of the uppermost. */
async function rollbacksAbove(journal: Journal, top: Address, after: number): Promise<readonly PastTurn[]> {
  const turns: PastTurn[] = [];
  for (let above = parentAddress(top); above !== undefined; above = parentAddress(above))
    for await (const entry of journal.read({ address: above, after })) if (entry.kind === "whole") turns.push(readTurn(entry));
  return turns.filter(({ cause }) => cause.kind === "rollback");
}

/** What happened in a subtree since a position: all turns, and what of them belongs to those who lived there then. */
async function readLater(
  journal: Journal,
  top: Address,
  after: number,
): Promise<{ readonly turns: readonly PastTurn[]; readonly pasts: ReadonlyMap<Address, LaterPast> }> {
  const turns: PastTurn[] = [];
  const pasts = new Map<Address, LaterPast>();
  for await (const entry of journal.read({ within: top, after })) {
    const { address } = entry;
    let past = pasts.get(address);
    if (past === undefined) pasts.set(address, (past = makePast()));
    if (entry.kind === "end") {
      past.endedAt ??= entry.position;
      continue;
    }
    const turn = readTurn(entry);
    turns.push(turn);
    if (turn.cause.kind !== "rollback") noteLater(past, turn);
    else noteRollback(past, foldEntry(undefined, entry), await readUndone(journal, turn));
  }
  return { turns, pasts };
}

const makePast = (): LaterPast => ({ turns: [], again: new Map(), endedAt: undefined });

function rollBackActor(
  moment: Moment,
  now: Moment,
  around: { readonly order: RollbackOrder; readonly past: LaterPast; readonly spent: Amount },
): RolledBackActor {
  const { order, past, spent } = around;
  const { top, seq } = order;
  const { address } = moment.turn;
  const again = messagesFromOutside(past, { atCut: moment, now: now.books, isInside: (from) => isInside(from, top) });
  const books = rollBackBooks({
    top,
    atCut: moment.books,
    now: now.books,
    later: past.turns,
    again,
    seq,
    birth: address === top ? order.birth : moment.books.birth,
    spent,
  });
  return { address, seq, moment, again, durable: { books, state: rollBackState(moment.state, now.state, past.turns) } };
}

function rollBackState(atCut: unknown, now: unknown, later: readonly PastTurn[]): unknown {
  if (isStoredSupervision(atCut) && isStoredSupervision(now)) return rollBackSupervision(atCut, now);
  return isStoredMachine(atCut) ? withKnownResults(atCut, { later, now }) : atCut;
}

function isInside(address: Address | undefined, top: Address): boolean {
  return address !== undefined && isWithin(address, top);
}

function describe(
  { turn, name }: Cut,
  found: {
    readonly top: Address;
    readonly actors: readonly RolledBackActor[];
    readonly gone: Rollback["gone"];
    readonly turns: readonly PastTurn[];
    /** Of work that was taken back already. */
    readonly keys: ReadonlySet<string>;
  },
): RollbackReport {
  const { top, actors, gone, turns, keys } = found;
  const messages = actors.flatMap(({ address, again }) => again.map((each) => describeMessage(address, each)));
  return {
    to: { address: turn.address, seq: turn.seq, name },
    actors: actors.map(({ address }) => address),
    gone,
    redelivered: messages.length,
    messages: messages.slice(0, maxMessages),
    undone: [],
    standing: turns.flatMap(({ address, cause, effects }) =>
      cause.kind === "decision"
        ? []
        : effects.filter((effect) => isOutside(effect, top) && !isTakenBack(effect, { address, keys })).map(toLater),
    ),
  };
}

/** Most messages that a report names. */
const maxMessages = 20;

function describeMessage(to: Address, { from, message }: Redelivery): RollbackReport["messages"][number] {
  const { type } = (message ?? {}) as { readonly type?: unknown };
  return { to, from, type: typeof type === "string" ? type : undefined };
}

/** What an effect leaves behind that a rollback does not take back. */
function isOutside({ kind, detail }: PastTurn["effects"][number], top: Address): boolean {
  const { to } = (detail ?? {}) as { readonly to?: unknown };
  switch (kind) {
    case "tell":
    case "deliver":
    case "ask":
      return !isInside(to as Address, top);
    case "reply":
    case "refuse":
      return !isInside((to as { readonly address?: Address }).address, top);
    case "run":
    case "publish":
    case "emit":
    case "xstate.spawnChild":
      return true;
    default:
      return !kind.startsWith("xstate.") && !ownAffairs.has(kind);
  }
}

const ownAffairs: ReadonlySet<string> = new Set(
  "timer cancel-timer watch unwatch register join leave unstash exit checkpoint dead-letter orgtree.note".split(" "),
);

function toLater({ key, kind, detail }: PastTurn["effects"][number]): LaterEffect {
  const { does } = (detail ?? {}) as { readonly does?: LaterEffect["does"] };
  return { key, kind, does, detail };
}
