import {
  causeChain,
  childAddress,
  idOf,
  isStoredSupervision,
  isWithin,
  JournalCompactedError,
  rootAddress,
  storedPast,
  storedRow,
  type Address,
  type GivingUp,
  type Journal,
  type JournalReader,
  type SupervisorReport,
  type TurnPlace,
} from "@orgtree/core";
import { readMoments, readTurn, type Moment } from "./past-turn.ts";

/** Where a tree was given up, and the newest turn from which it can go on where it was; undefined where the journal has that no more. */
export interface GivingUpPlaces {
  readonly at: TurnPlace;
  readonly before: (TurnPlace & { readonly position: number }) | undefined;
}

/** Looks up where the tree at `top` was given up, and where it was before that. Rejects with `JournalError`, `UnreadableTurnError`. */
export async function findGivingUp(journal: JournalReader, top: Address, gaveUp: GivingUp): Promise<GivingUpPlaces> {
  const { seq } = gaveUp;
  let position: number | undefined;
  for await (const entry of journal.read({ address: rootAddress, fromSeq: seq, toSeq: seq })) position = entry.position;
  const at = { address: rootAddress, seq, position };
  if (position === undefined) return { at, before: undefined };
  try {
    return { at, before: await findBefore(journal, top, { ...gaveUp, position }) };
  } catch (error) {
    if (error instanceof JournalCompactedError) return { at, before: undefined };
    throw error;
  }
}

/**
 * Keeps compaction from what trees that were given up need to go on where they were, until the journal is closed; gives back their tops. A
 * system does so itself. Rejects with `JournalError`, `UnreadableTurnError`.
 */
export async function pinGivenUp(journal: JournalReader & Pick<Journal, "pin">): Promise<readonly Address[]> {
  const state = (await imageAt(journal, rootAddress)).at(-1)?.state;
  const tops: Address[] = [];
  if (!isStoredSupervision(state)) return tops;
  for (const [id, { gaveUp }] of storedPast(state)) {
    if (gaveUp === undefined) continue;
    const top = childAddress(rootAddress, id);
    const { before } = await findGivingUp(journal, top, gaveUp);
    if (before === undefined) continue;
    journal.pin(before.position);
    tops.push(top);
  }
  return tops;
}

/** The newest turn in the tree before any decision about the failure, and before the end that the failed actor asked for. */
async function findBefore(
  journal: JournalReader,
  top: Address,
  gaveUp: GivingUp & { readonly position: number },
): Promise<GivingUpPlaces["before"]> {
  const decided = await firstGivingUp(journal, top, gaveUp);
  if (decided === undefined) return undefined;
  const position = await firstDecision(journal, decided);
  if (position === undefined) return undefined;
  const before = await newestWithin(journal, top, position - 1);
  const failed = newestOf(await imageAt(journal, childAddress(decided.supervisor, decided.child), position - 1));
  return failed?.books.exit === undefined ? before : newestWithin(journal, top, failed.turn.position - 1);
}

/** A supervisor gave up on a child. */
interface Decided {
  readonly supervisor: Address;
  readonly child: string;
  readonly position: number;
}

/** Who gave up first: the supervisor furthest down among those through whom the failure came up. */
async function firstGivingUp(
  journal: JournalReader,
  top: Address,
  gaveUp: GivingUp & { readonly position: number },
): Promise<Decided | undefined> {
  const escalated = causeChain(gaveUp.failure).filter(({ name, address }) => name === "Escalated" && address !== undefined);
  const supervisor = escalated.at(-1)?.address ?? rootAddress;
  if (supervisor === rootAddress) return { supervisor, child: idOf(top), position: gaveUp.position };
  let found: Decided | undefined;
  for await (const entry of journal.read({ address: supervisor, upTo: gaveUp.position })) {
    if (entry.kind === "end") continue;
    for (const { kind, detail } of readTurn(entry).effects) {
      const { context, child } = kind === "report" ? (detail as { readonly report: SupervisorReport }).report : noReport;
      if (context === "gave-up") found = { supervisor, child, position: entry.position };
    }
  }
  return found;
}

const noReport = { context: undefined, child: "" } as const;

/** The first decision that led to the giving up: behind the newest moment at which the child had not failed. */
async function firstDecision(journal: JournalReader, { supervisor, child, position }: Decided): Promise<number | undefined> {
  for (let first = position; ;) {
    const moments = await imageAt(journal, supervisor, first - 1);
    if (moments.length === 0) return undefined;
    for (const moment of moments.toReversed()) {
      if (isQuiet(moment.state, child)) return first;
      first = moment.turn.position;
    }
  }
}

function isQuiet(state: unknown, child: string): boolean {
  if (!isStoredSupervision(state)) return false;
  const { operation, replanning } = state;
  const row = storedRow(state, child);
  if (row === undefined || row.verdict !== undefined || replanning?.id === child) return false;
  // One that is started again goes on from there; one that was still to be put back would fail at that once more.
  return operation?.purpose.kind !== "rollback" || operation.purpose.child !== child || row.status === "starting";
}

/** The newest turn of all who are there at a position. */
async function newestWithin(journal: JournalReader, top: Address, position: number): Promise<GivingUpPlaces["before"]> {
  let newest: GivingUpPlaces["before"];
  for await (const { address, entries } of journal.images(position)) {
    const last = entries.at(-1)!;
    if (isWithin(address, top) && last.position > (newest?.position ?? -1)) newest = { address, seq: last.seq, position: last.position };
  }
  return newest;
}

async function imageAt(journal: JournalReader, address: Address, position?: number): Promise<readonly Moment[]> {
  const image = position !== undefined && position < 0 ? undefined : await journal.image(address, position);
  return image === undefined ? [] : [...readMoments(image.entries)];
}

function newestOf(moments: readonly Moment[]): Moment | undefined {
  return moments.at(-1);
}
