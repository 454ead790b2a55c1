import {
  ExpectedError,
  isStoredSupervision,
  isWithin,
  noAmount,
  rollBackSupervision,
  type Address,
  type Amount,
  type FailureClass,
  type Journal,
  type LaterEffect,
  type RollbackReport,
} from "@orgtree/core";
import type { Durable } from "./actor-log.ts";
import { readMoments, readTurn, type Moment, type PastTurn } from "./past-turn.ts";
import { messagesFromOutside, rollBackBooks } from "./rolled-back-books.ts";

/** What is to go back. */
export interface RollbackOrder {
  /** The actor, and all below it. */
  readonly top: Address;
  /** The name of a checkpoint, or the number of a turn of `top`. Default: the newest checkpoint in the subtree. */
  readonly to?: string | number | undefined;
  /** Where there is no checkpoint: the beginning of the life of `top`. */
  readonly orBirth?: boolean;
  /** The decision that the new life of `top` begins by. */
  readonly birth: number;
  /** What `top` has spent, and those below it that are gone. */
  readonly spent: Amount;
  /** Numbers below it are used up. */
  readonly nextSeq: number;
}

/** What is to be stored, all or nothing, to go back. */
export interface Rollback {
  readonly actors: readonly RolledBackActor[];
  /** Who did not exist then. */
  readonly gone: readonly Address[];
  /** Those of them whose place has not been given up yet. */
  readonly toEnd: readonly { readonly address: Address; readonly seq: number }[];
  readonly report: RollbackReport;
}

/** One actor as it will be. */
export interface RolledBackActor {
  readonly address: Address;
  readonly seq: number;
  readonly moment: Moment;
  readonly durable: Durable;
}

/** There is nothing to go back to. */
export class RollbackError extends ExpectedError {
  override readonly name = "RollbackError";
  readonly retryable = false;
  readonly address: Address;

  constructor(address: Address, problem: string) {
    super(`${address} cannot be rolled back: ${problem}`);
    this.address = address;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }
}

/** A rollback would leave something standing that cannot be taken back. Nothing has happened. */
export class ConsentError extends ExpectedError {
  override readonly name = "ConsentError";
  readonly retryable = false;
  readonly address: Address;
  readonly standing: readonly LaterEffect[];

  constructor(address: Address, standing: readonly LaterEffect[]) {
    const some = standing.slice(0, 3).map(({ key, kind }) => `${kind} ${key}`);
    const more = standing.length > some.length ? ` and ${standing.length - some.length} more` : "";
    super(`a rollback of ${address} would leave standing: ${some.join(", ")}${more}; ask for it with consent`);
    this.address = address;
    this.standing = standing;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }
}

/** True for what somebody has to answer for: not for answers, questions and what only looked. */
export function needsConsent({ kind, does }: LaterEffect): boolean {
  return does !== "pure" && kind !== "reply" && kind !== "refuse" && kind !== "ask" && kind !== "emit";
}

interface Cut {
  readonly turn: PastTurn;
  readonly name: string | undefined;
}

/**
 * Works out how a subtree goes back to a cut.
 *
 * The cut is a position of the journal. A turn is stored before anything of it is visible, so at any position nobody has taken
 * a message that was not sent: each position is a consistent cut (Chandy and Lamport 1985), and messages that were on their
 * way there are in the books of their senders.
 */
export async function planRollback(journal: Journal, order: RollbackOrder): Promise<Rollback> {
  const cut = await findCut(journal, order);
  const { top } = order;
  const later = new Map<Address, PastTurn[]>();
  for await (const entry of journal.read({ within: top, after: cut.turn.position })) {
    if (entry.kind === "end") continue;
    const turns = later.get(entry.address);
    if (turns === undefined) later.set(entry.address, [readTurn(entry)]);
    else turns.push(readTurn(entry));
  }
  const lastSeqs = await journal.lastSeqs();
  const seqOf = (address: Address): number => Math.max(order.nextSeq, (lastSeqs.get(address) ?? -1) + 1);
  const actors: RolledBackActor[] = [];
  for await (const { address, entries } of journal.images(cut.turn.position)) {
    if (!isWithin(address, top)) continue;
    const moment = [...readMoments(entries)].at(-1)!;
    const now = await newest(journal, address);
    actors.push({
      address,
      seq: seqOf(address),
      moment,
      durable: rollBackActor(moment, now ?? moment, { order, later: later.get(address) ?? [], seq: seqOf(address) }),
    });
  }
  const there = new Set(actors.map(({ address }) => address));
  const gone = [...later.keys()].filter((address) => !there.has(address));
  const toEnd: Rollback["toEnd"][number][] = [];
  for (const address of gone) if ((await journal.image(address)) !== undefined) toEnd.push({ address, seq: seqOf(address) });
  return { actors, gone, toEnd, report: describe(cut, { top, actors, gone, later }) };
}

async function findCut(journal: Journal, { top, to, orBirth }: RollbackOrder): Promise<Cut> {
  let found: PastTurn | undefined;
  let known = 0;
  const query = typeof to === "number" ? { address: top, fromSeq: to, toSeq: to } : { within: top, mark: to };
  for await (const entry of journal.read(query)) {
    known++;
    if (entry.kind !== "end" && (to !== undefined || entry.mark !== undefined)) found = readTurn(entry);
  }
  if (found === undefined && orBirth === true) found = await findBirth(journal, top);
  if (found !== undefined) return { turn: found, name: found.mark };
  if (typeof to === "number") throw new RollbackError(top, `it has no turn ${to}, or the journal was compacted since`);
  if (to !== undefined) throw new RollbackError(top, `there is no checkpoint "${to}"; a turn makes one with turn.checkpoint("${to}")`);
  throw new RollbackError(
    top,
    known === 0 ? "nothing is stored of it" : 'there is no checkpoint; a turn makes one with turn.checkpoint("name")',
  );
}

async function findBirth(journal: Journal, top: Address): Promise<PastTurn | undefined> {
  let found: PastTurn | undefined;
  for await (const entry of journal.read({ address: top })) {
    const turn = entry.kind === "whole" ? readTurn(entry) : undefined;
    if (turn !== undefined && (turn.cause.kind === "init" || turn.cause.type === "begin")) found = turn;
  }
  return found;
}

async function newest(journal: Journal, address: Address): Promise<Moment | undefined> {
  const image = await journal.image(address);
  return image === undefined ? undefined : [...readMoments(image.entries)].at(-1);
}

function rollBackActor(
  moment: Moment,
  now: Moment,
  around: { readonly order: RollbackOrder; readonly later: readonly PastTurn[]; readonly seq: number },
): Durable {
  const { order, later, seq } = around;
  const isTop = moment.turn.address === order.top;
  const books = rollBackBooks({
    top: order.top,
    atCut: moment.books,
    now: now.books,
    later,
    seq,
    birth: isTop ? order.birth : moment.books.birth,
    spent: isTop ? order.spent : noAmount,
  });
  const { state } = moment;
  return { books, state: isStoredSupervision(state) && isStoredSupervision(now.state) ? rollBackSupervision(state, now.state) : state };
}

function describe(
  { turn, name }: Cut,
  found: {
    readonly top: Address;
    readonly actors: readonly RolledBackActor[];
    readonly gone: Rollback["gone"];
    readonly later: ReadonlyMap<Address, readonly PastTurn[]>;
  },
): RollbackReport {
  const { top, actors, gone, later } = found;
  const isInside = (address: Address | undefined): boolean => address !== undefined && isWithin(address, top);
  const turns = [...later.values()].flat().sort((one, other) => one.position - other.position);
  return {
    to: { address: turn.address, seq: turn.seq, name },
    actors: actors.map(({ address }) => address),
    gone,
    redelivered: actors.reduce((sum, { address }) => sum + messagesFromOutside(later.get(address) ?? [], isInside).length, 0),
    undone: [],
    standing: turns.flatMap(({ cause, effects }) =>
      cause.kind === "decision" ? [] : effects.filter((effect) => isOutside(effect, isInside)).map(toLater),
    ),
  };
}

/** What an effect leaves behind that a rollback does not take back. */
function isOutside({ kind, detail }: PastTurn["effects"][number], isInside: (address: Address | undefined) => boolean): boolean {
  const { to } = (detail ?? {}) as { readonly to?: unknown };
  switch (kind) {
    case "tell":
    case "deliver":
    case "ask":
      return !isInside(to as Address);
    case "reply":
    case "refuse":
      return !isInside((to as { readonly address?: Address }).address);
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

function toLater({ key, kind, detail }: { readonly key: string; readonly kind: string; readonly detail: unknown }): LaterEffect {
  const { does } = (detail ?? {}) as { readonly does?: LaterEffect["does"] };
  return { key, kind, does, detail };
}
