import {
  encode,
  legible,
  maxRecordLevels,
  rootAddress,
  seal,
  SpecError,
  type Address,
  type CheckedChildSpec,
  type ChildSpec,
  type JournalReader,
} from "@orgtree/core";
import { noteKind } from "../actor/notes.ts";
import type { Durable } from "../durable/actor-log.ts";
import { changesBetween, type Change } from "../durable/changes.ts";
import { foldEntry, type PastTurn } from "../durable/past-turn.ts";
import { outcomeType } from "../durable/stored-outcome.ts";
import { versionOf } from "../logic-version.ts";
import type { Logic } from "../logic.ts";
import { decideAgain, type DecidedStep } from "./decide-again.ts";
import { rehearse, type Outcome } from "./rehearsal.ts";
import { SpecBook } from "./spec-book.ts";

/** Why a turn was not computed again. */
export type SkipReason =
  | "decision"
  | "rollback"
  | "outcome"
  | "no-spec"
  | "other-logic"
  | "migration"
  | "compacted"
  | "budget"
  | "unnamed-child";

/** How a journal is replayed. */
export interface ReplayOptions {
  /** The specification of an actor that was started by a call, of which only its id and input are stored. Default: such actors are skipped. */
  readonly specOf?: (address: Address) => ChildSpec<Logic> | undefined;
  /** Up to this position, inclusive. Default: all. */
  readonly upTo?: number;
}

/** What came of a replay. Plain data. */
export interface ReplayReport {
  /** Turns that were computed again. Without a divergence, all of them led to the same bytes. */
  readonly computed: number;
  /** Decisions of supervisors about which core was asked again. Without a divergence, it said the same of all of them. */
  readonly decided: number;
  /** Turns that were neither, by the reason. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  readonly actors: number;
  /** The first turn that led to something else. The replay ends there. */
  readonly divergence: Divergence | undefined;
}

/** A turn whose logic does not lead again to what is stored of it, or a decision that would be another now. */
export interface Divergence {
  readonly address: Address;
  readonly seq: number;
  readonly position: number;
  readonly cause: PastTurn["cause"];
  /** What differs, stored before computed: in `state`, `books`, `effects`; of a decision in its `steps`. None where the logic threw. */
  readonly changes: readonly Change[];
  /** What the logic threw, where the record says that it did not. */
  readonly threw: string | undefined;
}

/**
 * Computes every turn of a journal once more, with the logic of this program, from what is stored of the turn before and of its cause: the
 * answers of models, tools and other actors are those of the record. Nothing is done: no effect, no timer, no network. Each turn has to
 * lead to the stored state, the stored books and the stored effects under their keys, byte for byte but for call stacks of errors; the
 * first that does not is named.
 *
 * `specs` is what was started at the top. Of a supervisor's decisions those are made again of which all the evidence is in the journal: see
 * `decide-again.ts`. When each child came up, and what waited meanwhile, is in no record.
 * An `init` that gives back a promise is called and awaited as it is. Rejects with `SpecError`, or with the journal's own error.
 */
export async function replay(
  journal: JournalReader,
  specs: readonly ChildSpec<Logic>[],
  { specOf, upTo }: ReplayOptions = {},
): Promise<ReplayReport> {
  const run = new Replay(new SpecBook(specs, specOf), await journal.horizon());
  for await (const entry of journal.read({ upTo })) {
    if (entry.kind === "end") {
      run.end(entry.address);
      continue;
    }
    const { turn, state, books } = foldEntry(run.stateOf(entry.address), entry);
    const after = { state, books };
    seal(after, `the state of ${entry.address}`, maxRecordLevels);
    const divergence = await run.take(turn, after);
    if (divergence !== undefined) return run.report(divergence);
  }
  return run.report(undefined);
}

interface Known {
  readonly durable: Durable;
  readonly turn: PastTurn;
}

class Replay {
  readonly #specs: SpecBook;
  readonly #horizon: number;
  readonly #known = new Map<Address, Known>();
  readonly #actors = new Set<Address>();
  readonly #skipped: Partial<Record<SkipReason, number>> = {};
  #computed = 0;
  #decided = 0;
  /** Supervisors whose specification was changed by a call, and in which life. */
  readonly #changed = new Map<Address, number>();

  constructor(specs: SpecBook, horizon: number) {
    this.#specs = specs;
    this.#horizon = horizon;
  }

  stateOf(address: Address): Durable | undefined {
    return this.#known.get(address)?.durable;
  }

  end(address: Address): void {
    this.#known.delete(address);
  }

  async take(turn: PastTurn, after: Durable): Promise<Divergence | undefined> {
    const { address } = turn;
    // A whole state that is left of a compacted past need not follow from what is left before it.
    const known = turn.isWhole && turn.position <= this.#horizon ? undefined : this.#known.get(address);
    this.#known.set(address, { durable: after, turn });
    this.#actors.add(address);
    const spec = this.#specs.specOf(address, (of) => this.#known.get(of)?.durable.state);
    if (turn.cause.kind === "decision" && address !== rootAddress) return this.#takeDecision(turn, { spec, before: known, after });
    const reason = reasonToSkip(turn, known?.turn, spec?.logic) ?? oddity(turn, known?.durable, after);
    if (reason !== undefined) return this.#skip(reason);
    this.#computed++;
    return compare(turn, after, () => rehearse({ turn, spec: spec!, before: known?.durable, after }));
  }

  #skip(reason: SkipReason): undefined {
    this.#skipped[reason] = (this.#skipped[reason] ?? 0) + 1;
  }

  #takeDecision(
    turn: PastTurn,
    {
      spec,
      before,
      after,
    }: { readonly spec: CheckedChildSpec<Logic> | undefined; readonly before: Known | undefined; readonly after: Durable },
  ): Divergence | undefined {
    const { address, incarnation, cause } = turn;
    // From then on it has another specification than the code says, until its next life.
    if (cause.type === "change-spec") this.#changed.set(address, incarnation);
    if (this.#changed.get(address) === incarnation) return this.#skip("decision");
    const steps = spec && decideAgain({ turn, logic: spec.logic, before: before?.durable.state, after: after.state });
    if (steps === undefined) return this.#skip(spec === undefined ? "no-spec" : "decision");
    this.#decided++;
    return compareSteps(turn, steps);
  }

  report(divergence: Divergence | undefined): ReplayReport {
    return { computed: this.#computed, decided: this.#decided, skipped: this.#skipped, actors: this.#actors.size, divergence };
  }
}

function reasonToSkip(
  { cause, logic, address }: PastTurn,
  before: PastTurn | undefined,
  current: Logic | undefined,
): SkipReason | undefined {
  if (cause.kind === "decision" || address === rootAddress) return "decision";
  if (cause.kind === "rollback") return "rollback";
  if (cause.type === outcomeType) return "outcome";
  if (current === undefined) return "no-spec";
  const { hash, version } = versionOf(current) ?? {};
  if (logic?.hash !== hash || logic?.version !== version) return "other-logic";
  if (cause.kind === "init") return undefined;
  if (before === undefined) return "compacted";
  return before.logic?.hash !== hash || before.logic?.version !== version ? "migration" : undefined;
}

/** Turns that depend on what is in no record. */
function oddity({ address, effects }: PastTurn, before: Durable | undefined, after: Durable): SkipReason | undefined {
  const letter = effects.find(({ kind }) => kind === "dead-letter")?.detail as
    | { readonly failure?: { readonly class?: string } }
    | undefined;
  if (letter?.failure?.class === "budget-exhausted") return "budget";
  // The id that XState makes for a child without one counts the children of its life.
  const isUnnamed = (id: string): boolean => id.startsWith(`${address}:`);
  const ids = childIds(after);
  return ids.some(isUnnamed) && ids.some((id) => isUnnamed(id) && !childIds(before).includes(id)) ? "unnamed-child" : undefined;
}

function childIds(durable: Durable | undefined): readonly string[] {
  const { snapshot } = (durable?.state ?? {}) as { readonly snapshot?: { readonly children?: object } };
  return Object.keys(snapshot?.children ?? {});
}

async function compare(turn: PastTurn, after: Durable, compute: () => Promise<Outcome>): Promise<Divergence | undefined> {
  const { address, seq, position, cause, mark } = turn;
  // Notes are made from outside of turns.
  const effects = turn.effects
    .filter(({ kind }) => kind !== noteKind)
    .map(({ kind, key, detail }) => ({ kind, key, detail: legible(detail) }));
  const where = { address, seq, position, cause };
  let computed: Outcome;
  try {
    computed = await compute();
  } catch (error) {
    if (error instanceof SpecError) throw error;
    return { ...where, changes: [], threw: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
  const stored: Outcome = { state: after.state, books: after.books, effects, mark };
  if (Buffer.compare(encode(stored), encode(computed)) === 0) return undefined;
  const changes = changesBetween(stored, computed).filter((change) => !isStack(change));
  return changes.length === 0 ? undefined : { ...where, changes, threw: undefined };
}

/** The first way in which it differs from all that core says. */
function compareSteps(turn: PastTurn, computed: readonly (readonly DecidedStep[])[]): Divergence | undefined {
  const { address, seq, position, cause } = turn;
  const stored = turn.effects.filter(({ kind }) => kind !== noteKind).map(({ kind, detail }) => ({ kind, detail: legible(detail) }));
  let first: readonly Change[] | undefined;
  for (const each of computed) {
    const steps = each.map(({ kind, detail }) => ({ kind, detail: legible(detail) }));
    if (Buffer.compare(encode(stored), encode(steps)) === 0) return undefined;
    const changes = changesBetween({ steps: stored }, { steps }).filter((change) => !isStack(change));
    if (changes.length === 0) return undefined;
    first ??= changes;
  }
  return { address, seq, position, cause, changes: first!, threw: undefined };
}

/** Where an error was thrown is told by the lines of whoever called. */
function isStack({ kind, path }: Change): boolean {
  return kind === "changed" && path.at(-1) === "stack";
}
