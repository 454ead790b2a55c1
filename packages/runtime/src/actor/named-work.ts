/** The declared work of plain actors: how it is begun, and what becomes of it when its process ended meanwhile. */
import { FailureError, toFailure, type Failure, type ToolKind } from "@orgtree/core";
import type { Pending } from "../durable/books.ts";
import { attemptKey, fullKey, type EffectKey } from "../durable/effect-key.ts";
import { partsOf, type Logic } from "../logic.ts";
import type { DeclaredWork, RunEffect } from "./effect.ts";
import type { Incarnation } from "./incarnation.ts";
import { UnknownWorkError, type Work } from "./turn.ts";
import { describeWork, unknownOutcome, type LostWork } from "./unknown-outcome.ts";
import { kindOfWork, recoveryOf, runWork, takeBackCutOff, WorkUndoneError, type WorkDefinition, type Works } from "./work.ts";
import { performManaged, tellLife } from "./perform.ts";

/** The works of a logic. */
function worksOf(logic: Logic): Works {
  const parts = partsOf(logic);
  return parts.kind === "plain" ? (parts.works ?? noWorks) : noWorks;
}

/** A work that is begun by its name. Throws `UnknownWorkError`. */
export function declareWork(life: Incarnation, name: string, input: unknown): { readonly declared: DeclaredWork; readonly work: Work } {
  const { address, spec } = life.cell;
  const works = worksOf(spec.logic);
  if (!Object.hasOwn(works, name)) throw new UnknownWorkError(address, name, Object.keys(works));
  const definition = works[name]!;
  return { declared: { name, input, does: kindOfWork(definition, input), attempt: 1 }, work: workOf(life, definition, input) };
}

function workOf(life: Incarnation, definition: WorkDefinition<unknown, unknown>, input: unknown): Work {
  return (context) => runWork(life.cell.kernel, definition, { input, context });
}

type PendingWork = Extract<Pending, { kind: "work" }>;

/** Work that was under way when its process ended: begun again, taken back, or nobody knows. */
export function resumeWork(life: Incarnation, place: EffectKey, pending: PendingWork): void {
  const { tag, name, input, does, attempt = 1, result, told } = pending;
  const { spec } = life.cell;
  if (result !== undefined && "value" in result) return tellResult(life, place, pending);
  const definition = name === undefined ? undefined : worksOf(spec.logic)[name];
  const begun = { place, tag, declared: { name: name!, input, does, attempt } };
  if (told === true && definition !== undefined) return life.cell.internal(nextAttempt(life, begun, definition));
  switch (recoveryOf(does, definition)) {
    case "begin":
      return begin(life, begun, definition!);
    case "undo":
      return takeBack(life, begun, definition!);
    default:
      return lose(life, { place, tag }, unknownOutcome([lostWork(life, place, pending)], life));
  }
}

function tellResult(life: Incarnation, place: EffectKey, pending: PendingWork): void {
  const { tag } = pending;
  try {
    const output = adopted(life, pending, place);
    tellLife(life, { type: "orgtree.done", tag, output }, { trace: life.cell.kernel.newTrace(), key: place });
  } catch (error) {
    fail(life, { place, tag }, toFailure(error, life.cell.address));
  }
}

/** What it came to, as its logic understands what somebody says who has looked. */
function adopted(life: Incarnation, { name, input, attempt = 1, result, told }: PendingWork, place: EffectKey): unknown {
  const { value } = result as { readonly value: unknown };
  const adopt = told === undefined || name === undefined ? undefined : worksOf(life.cell.spec.logic)[name]?.adopt;
  const { kernel, address } = life.cell;
  return adopt === undefined ? value : adopt(value, { input, key: kernel.outwardKey(attemptKey(fullKey(address, place), attempt)) });
}

interface Begun {
  readonly place: EffectKey;
  readonly tag: string;
  readonly declared: DeclaredWork;
}

function effectOf(life: Incarnation, { place, tag, declared }: Begun, work: Work): RunEffect {
  const key = attemptKey(fullKey(life.cell.address, place), declared.attempt);
  return { kind: "run", tag, key, place, work, declared };
}

function begin(life: Incarnation, begun: Begun, definition: WorkDefinition<unknown, unknown>): void {
  performManaged(life, [effectOf(life, begun, workOf(life, definition, begun.declared.input))]);
}

/** It is stored with a turn of its own, and begins after it. */
function nextAttempt(life: Incarnation, begun: Begun, definition: WorkDefinition<unknown, unknown>): RunEffect {
  const { input, attempt } = begun.declared;
  const next = { ...begun, declared: { ...begun.declared, attempt: attempt + 1 } };
  return effectOf(life, next, workOf(life, definition, input));
}

/** The undo runs as work of its own, whose end is told as that of the work, or leads to the next attempt. */
function takeBack(life: Incarnation, begun: Begun, definition: WorkDefinition<unknown, unknown>): void {
  const { cell } = life;
  const { input } = begun.declared;
  const { signal } = life.holdings;
  const key = cell.kernel.outwardKey(effectOf(life, begun, () => Promise.resolve()).key);
  takeBackCutOff(cell.kernel, definition, {
    input,
    context: { signal, key, address: cell.address, budget: cell.budget },
    cutOff: life.cutOff,
  }).then(
    () => {
      if (life.phase === "ended") return;
      if (definition.afterCrash !== "repeat") {
        fail(life, begun, toFailure(new WorkUndoneError(key, life.cutOff), cell.address));
        return;
      }
      cell.internal(nextAttempt(life, begun, definition));
    },
    (error: unknown) => lose(life, begun, toFailure(error, cell.address)),
  );
}

function fail(life: Incarnation, { place, tag }: Pick<Begun, "place" | "tag">, failure: Failure): void {
  tellLife(life, { type: "orgtree.failed", tag, failure }, { trace: life.cell.kernel.newTrace(), key: place });
}

/** Nobody knows what was done: the actor fails, and hears of it where its supervisor lets it go on as it is. */
function lose(life: Incarnation, begun: Pick<Begun, "place" | "tag">, failure: Failure): void {
  fail(life, begun, failure);
  life.failLater(new FailureError(failure));
}

function lostWork({ cell }: Incarnation, place: EffectKey, { tag, name, input, does, attempt = 1 }: PendingWork): LostWork {
  const definition = name === undefined ? undefined : worksOf(cell.spec.logic)[name];
  const key = cell.kernel.outwardKey(attemptKey(fullKey(cell.address, place), attempt));
  if (name === undefined) return { what: `work "${tag}"`, key, why: "it is a function: declare it in the works of its logic" };
  return { what: describeWork(definition, { id: tag, name, input }), key, why: whyLost(does, definition) };
}

function whyLost(does: ToolKind, definition: WorkDefinition<unknown, unknown> | undefined): string {
  if (definition === undefined) return "its logic does not declare it any more";
  return does === "compensable" ? "its logic does not say any more how it is taken back" : "it is irreversible";
}

const noWorks: Works = {};
