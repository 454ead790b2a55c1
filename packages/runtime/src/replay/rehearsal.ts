/**
 * Rehearsal: one turn of an actor, computed once more by its logic from what is stored of the turn before, and from its cause.
 *
 * It is the real body in a real incarnation, in a kernel of its own in which nobody else lives. Effects are collected and never carried
 * out: nothing is sent, no timer fires, no work begins, no child of a machine does anything. What came from outside of the turn, and is
 * no message, is read from the record of the turn itself: the time, the ids of questions, what was spent, which messages others
 * had taken meanwhile, results that came meanwhile.
 */
import {
  decode,
  encode,
  legible,
  maxRecordLevels,
  seal,
  subtractAmounts,
  toFailure,
  type Address,
  type CheckedChildSpec,
  type Clock,
} from "@orgtree/core";
import type { AnyEventObject } from "xstate";
import type { Body } from "../actor/body.ts";
import { Cell } from "../actor/cell.ts";
import { Incarnation } from "../actor/incarnation.ts";
import { Mail, redeliver } from "../actor/mail.ts";
import { RecordRequest } from "../actor/record-request.ts";
import { makeTurnRecord } from "../actor/turn-cycle.ts";
import type { Durable } from "../durable/actor-log.ts";
import { emptyBooks, inheritBooks, type Books } from "../durable/books.ts";
import { fullKey, partsOfKey, type EffectKey } from "../durable/effect-key.ts";
import type { PastTurn } from "../durable/past-turn.ts";
import { withErrorOf } from "../durable/provenance.ts";
import { noPast } from "../durable/stored-past.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { Logic } from "../logic.ts";
import { MachineBody } from "../machine/machine-body.ts";
import { wayOf } from "../machine/recalled-event.ts";
import { isRepeated, type StoredEvent, type StoredMachine } from "../machine/stored-machine.ts";
import { makeBody } from "../root.ts";

/** A turn as it is stored, with what it led to and what was before it. */
export interface StoredStep {
  readonly turn: PastTurn;
  readonly spec: CheckedChildSpec<Logic>;
  /** Undefined before the first turn of a place. */
  readonly before: Durable | undefined;
  readonly after: Durable;
}

/** What of a turn is compared. */
export interface Outcome extends Durable {
  readonly effects: readonly unknown[];
  readonly mark: string | undefined;
}

/** Computes a turn once more. What the logic throws is thrown, but where the record says that it threw. */
export async function rehearse(step: StoredStep): Promise<Outcome> {
  const life = makeLife(step);
  const record = step.turn.cause.kind === "init" ? await begin(life, step) : compute(life, step);
  const { state, books, effects, mark } = record;
  return decode(
    encode({ state, books, effects: effects.map(({ kind, key, detail }) => ({ kind, key, detail: legible(detail) })), mark }),
  ) as Outcome;
}

/** A kernel in which time stands still and nothing ever fires. */
class StillKernel extends Kernel {
  readonly #trace: string;
  readonly #askIds: number[];

  constructor({ atMs, trace }: PastTurn, askIds: number[]) {
    const clock: Clock = { nowMs: () => atMs, epochMs: () => atMs, setTimer: () => () => {}, defer: () => {} };
    const never = { commitMs: Infinity, stallMs: Infinity, keepDeadLetters: 0, freeze: false };
    const store = {
      isWritten: true,
      prepare: ({ address, state }: TurnRecord) => seal(state, `the state of ${address}`, maxRecordLevels),
      store: async () => {},
    };
    super({ clock, random: { next: () => 0 }, logger: silent, store, past: noPast, makeBody, ...never });
    this.#trace = trace;
    this.#askIds = askIds;
  }

  override newTrace(): string {
    return this.#trace;
  }

  override newAskId(): number {
    return this.#askIds.shift() ?? 0;
  }
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function makeLife({ turn, spec, before, after }: StoredStep): Incarnation {
  const kernel = new StillKernel(turn, askIdsOf(after.books, turn.seq));
  const supervisor = { hear: () => {}, account: undefined, planVersion: turn.plan };
  const cell = new Cell(kernel, { address: turn.address, supervisor }, spec);
  cell.seq = turn.seq;
  cell.birth = after.books.birth;
  cell.books = before?.books ?? { ...emptyBooks, taken: after.books.taken, pending: owedBefore(after.books, turn.seq) };
  kernel.cells.set(cell.address, cell);
  const life = new Incarnation(cell, turn.incarnation);
  cell.life = life;
  life.body = makeBody(life, spec.logic);
  life.phase = "running";
  const isFirst = turn.cause.kind === "init";
  noteMeanwhile(cell, { before: isFirst ? inheritBooks(cell.books, cell.birth) : cell.books, after: after.books, isFirst });
  return life;
}

/** The ids of the questions that a turn asked: nobody can guess them. */
function askIdsOf({ pending }: Books, seq: number): number[] {
  const asked: { readonly at: number; readonly askId: number }[] = [];
  for (const [key, each] of Object.entries(pending)) {
    const [turn, at] = partsOfKey(key as EffectKey);
    if (each.kind === "ask" && turn === seq) asked.push({ at, askId: each.askId });
  }
  return asked.sort((a, b) => a.at - b.at).map(({ askId }) => askId);
}

/** What was owed at its place when it began there. */
function owedBefore({ pending }: Books, seq: number): Books["pending"] {
  return Object.fromEntries(Object.entries(pending).filter(([key]) => partsOfKey(key as EffectKey)[0] < seq)) as Books["pending"];
}

/** What others had taken since the turn before, and what was spent. */
function noteMeanwhile(
  cell: Cell,
  { before, after, isFirst }: { readonly before: Books; readonly after: Books; readonly isFirst: boolean },
): void {
  for (const [key, { kind }] of Object.entries(before.pending)) {
    const mayBeOver = kind === "deliver" || kind === "reply" || (kind === "again" && isFirst);
    if (mayBeOver && !Object.hasOwn(after.pending, key)) cell.acknowledge(key as EffectKey);
  }
  cell.spend(subtractAmounts(after.spent, before.spent));
}

/** What it had put aside, and passed over in this turn. */
function asideIn(address: Address, before: Books, after: Books): Mail[] {
  return Object.entries(after.aside ?? {}).flatMap(([from, keys]) =>
    keys
      .filter((key) => before.aside?.[from as Address]?.includes(key) !== true)
      .map((key) => {
        const mail = new Mail("message", { to: address, from: from as Address, trace: "" }, undefined);
        mail.key = key;
        return mail;
      }),
  );
}

async function begin(life: Incarnation, { spec }: StoredStep): Promise<TurnRecord> {
  life.phase = "starting";
  life.turn.open(undefined);
  const begun = await life.body!.begin(spec.input);
  life.turn.close();
  if (begun === "ignore") throw new Error("it does not want to run now");
  return makeTurnRecord(life, undefined);
}

function compute(life: Incarnation, step: StoredStep): TurnRecord {
  const { turn, before, after } = step;
  const body = life.body!;
  body.restore(before!.state);
  const aside = asideIn(turn.address, before!.books, after.books);
  if (aside.length > 0) life.holdings.stash = aside;
  if (turn.cause.kind === "internal" && turn.cause.type === "orgtree.spent") return recordSpending(life, body, step);
  let take: Mail;
  if (body instanceof MachineBody) {
    body.rest();
    skipStale(body, step);
    body.arrive(arrivedMeanwhile(step));
    take = mailOf(life, step, (event) => body.recall(event, turn.cause.via ?? {}));
    // A machine that leaves its state takes up again what it had put aside.
    if (turn.effects.some(({ kind }) => kind === "unstash")) life.holdings.stash.push(Mail.unsent);
  } else {
    body.install();
    take = mailOf(life, step, () => workAgain(life.cell.address, before!.books, after.books));
  }
  return computeMail(life, body, { turn, mail: take });
}

/** A record without a turn: what was spent. */
function recordSpending(life: Incarnation, body: Body, step: StoredStep): TurnRecord {
  if (body instanceof MachineBody) {
    body.rest();
    skipStale(body, step);
    body.arrive(arrivedMeanwhile(step));
  } else body.install();
  const mail = new Mail(
    "internal",
    { to: life.cell.address, from: undefined, trace: step.turn.trace },
    new RecordRequest(new AbortController().signal),
  );
  life.turn.open(mail);
  life.turn.close();
  return makeTurnRecord(life, mail);
}

function computeMail(life: Incarnation, body: Body, { turn, mail }: { readonly turn: PastTurn; readonly mail: Mail }): TurnRecord {
  const letter = turn.effects.findLast(({ kind }) => kind === "dead-letter");
  life.turn.open(mail);
  try {
    const result = body.compute(mail);
    if (result === "skipped") throw new Error("what it took does not count for it");
    if (life.turn.postponed) throw new Error("it puts the message aside");
    life.turn.close();
    return makeTurnRecord(life, mail);
  } catch (error) {
    if (letter === undefined) throw error;
    life.turn.forget();
    body.discard();
    const failure = toFailure(error, turn.address);
    return makeTurnRecord(life, mail, [{ kind: "dead-letter", detail: { reason: "failed", failure } }]);
  }
}

/** What the turn took, as it came. `internal` makes an event of the actor's own. */
function mailOf(life: Incarnation, { turn, before, after }: StoredStep, internal: (event: AnyEventObject) => unknown): Mail {
  const { kind, key, from, via } = turn.cause;
  const told = withErrorOf(turn.cause.message, via?.failure);
  const message = kind === "internal" ? internal(told as AnyEventObject) : told;
  const mail = new Mail(kind as "message" | "signal" | "internal", { to: life.cell.address, from, trace: turn.trace }, message);
  mail.key = key;
  if (via?.askId !== undefined) mail.replyTo = { address: from, askId: via.askId };
  const isAgain = key !== undefined && kind === "message" && before!.books.pending[key]?.kind === "again";
  return isAgain && !Object.hasOwn(after.books.pending, key) ? redeliver(mail, key) : mail;
}

/** Work of a plain actor that was taken back and begins again. */
function workAgain(address: Address, before: Books, after: Books): unknown {
  for (const [place, each] of Object.entries(after.pending)) {
    const earlier = before.pending[place as EffectKey];
    if (each.kind !== "work" || earlier?.kind !== "work" || each.attempt === earlier.attempt) continue;
    const { tag, name, input, does, attempt = 1 } = each;
    const declared = { name: name!, input, does, attempt };
    return { kind: "run", tag, key: fullKey(address, place), place, work: () => Promise.resolve(), declared };
  }
  throw new RangeError("no work of it begins again");
}

/** Events of children that did not count any more when their turn came: they left no record, and are gone. */
function skipStale(body: MachineBody, { turn, before, after }: StoredStep): void {
  const left = keysOf((after.state as StoredMachine).heard);
  const { type } = turn.cause.via?.event ?? (turn.cause.message as { readonly type: string });
  let isTaken = false;
  for (const stored of (before!.state as StoredMachine).heard) {
    if (left.delete(keyOf(stored))) continue;
    // The one that the turn took.
    if (!isTaken && turn.cause.kind === "internal" && stored.event.type === type) {
      isTaken = true;
      continue;
    }
    body.skip(body.recall(stored.event, wayOf(stored)));
  }
}

/** What work came to, that was stored with the turn and is not what it took. */
function arrivedMeanwhile({ before, after }: StoredStep): readonly StoredEvent[] {
  const known = keysOf((before!.state as StoredMachine).heard);
  return (after.state as StoredMachine).heard.filter(
    (each) => each.target !== undefined && !known.has(keyOf(each)) && !isRepeated(each.event),
  );
}

function keysOf(events: readonly StoredEvent[]): Set<string> {
  return new Set(events.map(keyOf));
}

function keyOf({ event, source, target, failure }: StoredEvent): string {
  return Buffer.from(encode([event, source, target, failure])).toString("latin1");
}
