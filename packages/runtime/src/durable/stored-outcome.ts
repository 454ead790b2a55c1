import { ExpectedError, type Address, type FailureClass, type Journal, type JournalReader, type ToolKind } from "@orgtree/core";
import { describeWork } from "../actor/unknown-outcome.ts";
import { pathKey, type Path } from "../machine/child-path.ts";
import { isStoredMachine, type StoredMachine, type StoredOrigin } from "../machine/stored-machine.ts";
import { ActorLog, type Durable } from "./actor-log.ts";
import type { Books, Pending } from "./books.ts";
import { attemptKey, fullKey, outwardKey, parseOutward, splitKey, type EffectKey, type FullKey } from "./effect-key.ts";
import { lastMoment, type Moment } from "./past-turn.ts";

/** What somebody who has looked says of work that was cut off. */
export type Outcome = { readonly done: unknown } | { readonly notDone: true };

/** Work that was under way when its process ended, and may not simply be begun again. Plain data. */
export interface CutOffWork {
  readonly address: Address;
  /** The key that was sent outward. */
  readonly key: string;
  /** What it does, in words. */
  readonly what: string;
  /** Undefined where it is not declared, so that nobody knows what it does to the world. */
  readonly does: ToolKind | undefined;
}

/** There is no such work, or nothing can be done with what was said of it. */
export class OutcomeError extends ExpectedError {
  override readonly name = "OutcomeError";
  readonly retryable = false;
  readonly key: string;

  constructor(key: string, problem: string) {
    super(problem);
    this.key = key;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }
}

/** The type of the turns that keep what was said. */
export const outcomeType = "orgtree.outcome";

/**
 * Stores what came of work that was under way when its process ended, in the journal of an organization that does not run: whoever starts
 * it next goes on with it. `done` is taken as what the work came to, as if it had ended so; work that was `notDone` is begun again, once, under a key
 * of its own. `key` is that of the failure; the run in front may be left out. Told twice, the last word counts.
 *
 * Rejects with `OutcomeError`, and stores nothing, where there is no such work, or where it cannot be begun again since it is not declared.
 */
export async function resolveStored(
  journal: Journal,
  key: string,
  { outcome, atMs }: { readonly outcome: Outcome; readonly atMs: number },
): Promise<CutOffWork> {
  const { address, inner } = parseKey(journal, key);
  const image = await journal.image(address);
  if (image === undefined) throw new OutcomeError(key, `nothing is stored of ${address}: it was given up, or never there`);
  const log = new ActorLog(address);
  const moment = log.read(image.entries);
  const found = cutOffIn(moment).find((each) => each.key === inner);
  if (found === undefined) throw new OutcomeError(key, `no work of ${address} has the key ${key}; ${underWay(journal, moment)}`);
  if ("notDone" in outcome && found.does === undefined)
    throw new OutcomeError(key, `${found.what}: it is not declared, so it cannot be begun again; say what it came to`);
  const { incarnation, trace, logic, plan } = moment.turn;
  const seq = ((await journal.lastSeqs()).get(address) ?? moment.turn.seq) + 1;
  const cause = { kind: "internal", key: undefined, type: outcomeType, from: undefined, message: { key: inner, ...outcome } } as const;
  const turn = { ...found.told(outcome), address, seq, isFresh: false, incarnation, atMs, trace, cause, effects: [], logic, plan };
  await journal.append([log.entry(turn)]);
  return outward(journal, address, found);
}

/** The work of an organization that does not run, which was under way when its process ended and may not simply be begun again. */
export async function listCutOff(journal: JournalReader): Promise<readonly CutOffWork[]> {
  const all: CutOffWork[] = [];
  for await (const { address, entries } of journal.images()) {
    const found = cutOffIn(lastMoment(entries));
    all.push(...found.filter(({ does }) => does !== "pure" && does !== "idempotent").map((each) => outward(journal, address, each)));
  }
  return all;
}

function parseKey(journal: Journal, key: string): { readonly address: Address; readonly inner: FullKey } {
  const parsed = parseOutward(key);
  if (parsed === undefined) throw new OutcomeError(key, `"${key}" is no key: they look like 3f8b77fba1054e35/till/payer#6.1`);
  const { run, key: inner } = parsed;
  if (run !== "" && run !== journal.run)
    throw new OutcomeError(key, `it is a key of the run ${run}, and this journal is of ${journal.run}: in a fork, leave the run out`);
  return { address: splitKey(inner).address, inner };
}

function underWay(journal: Journal, moment: Moment): string {
  const keys = cutOffIn(moment).map((each) => outward(journal, moment.turn.address, each).key);
  return keys.length === 0 ? "nothing is under way there" : `under way there: ${keys.join(", ")}`;
}

function outward(journal: JournalReader, address: Address, { key, what, does }: Found): CutOffWork {
  return { address, key: outwardKey(journal.run, key), what, does };
}

interface Found extends Omit<CutOffWork, "address" | "key"> {
  readonly key: FullKey;
  /** What is stored of the actor when that is known. */
  readonly told: (outcome: Outcome) => Durable;
}

function cutOffIn({ turn, state, books }: Moment): readonly Found[] {
  if (isStoredMachine(state)) return cutOffInMachine(state, books);
  return (Object.entries(books.pending) as [EffectKey, Pending][]).flatMap(([place, each]): Found[] => {
    if (each.kind !== "work" || (each.result !== undefined && !("told" in each))) return [];
    const { tag, name, input, does, attempt = 1, result: _result, ...rest } = each;
    const work = { ...rest, tag, name, input, does, attempt };
    const told = (outcome: Outcome): Pending =>
      "done" in outcome ? { ...work, told: true, result: { value: outcome.done } } : { ...work, told: true };
    return [
      {
        key: attemptKey(fullKey(turn.address, place), attempt),
        what: name === undefined ? `work "${tag}"` : describeWork(undefined, { id: tag, name, input }),
        does: name === undefined ? undefined : does,
        told: (outcome) => ({ state, books: { ...books, pending: { ...books.pending, [place]: told(outcome) } } }),
      },
    ];
  });
}

function cutOffInMachine(state: StoredMachine, books: Books): readonly Found[] {
  const answered = new Set(state.heard.map(({ target }) => (target === undefined ? undefined : pathKey(target))));
  return Object.entries(state.begun).flatMap(([at, origin]): Found[] => {
    const child = childAt(state, JSON.parse(at) as Path);
    if (answered.has(at) || child === undefined) return [];
    const { key, attempt = 1, does } = origin;
    const what = origin.what ?? describeWork(undefined, { id: child.src, name: child.src, input: child.snapshot.input });
    const told = (outcome: Outcome): Durable => {
      const known: StoredOrigin = { ...origin, told: "done" in outcome ? { value: outcome.done } : "not-done" };
      return { state: { ...state, begun: { ...state.begun, [at]: known } }, books };
    };
    return [{ key: attemptKey(key, attempt), what, does, told }];
  });
}

interface StoredChild {
  readonly src: string;
  readonly snapshot: { readonly status: string; readonly input?: unknown; readonly children?: Readonly<Record<string, StoredChild>> };
}

/** A child that works; undefined for machines, which go on. */
function childAt({ snapshot }: StoredMachine, path: Path): StoredChild | undefined {
  let children = snapshot.children as StoredChild["snapshot"]["children"];
  let child: StoredChild | undefined;
  for (const id of path) {
    child = children?.[id];
    children = child?.snapshot.children;
  }
  return child?.snapshot.status === "active" && !("context" in child.snapshot) ? child : undefined;
}
