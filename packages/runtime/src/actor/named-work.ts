/** The declared work of plain actors: how it is begun, and what becomes of it when its process ended meanwhile. */
import { FailureError, toFailure, type Failure } from "@orgtree/core";
import type { EffectKey, Pending } from "../durable/books.ts";
import type { Logic } from "../logic.ts";
import type { DeclaredWork, RunEffect } from "./effect.ts";
import type { Incarnation } from "./incarnation.ts";
import { UnknownWorkError, type Work } from "./turn.ts";
import { attemptKey, kindOfWork, recoveryOf, runWork, undoWork, WorkUndoneError, type WorkDefinition, type Works } from "./work.ts";
import { performManaged, tellLife } from "./perform.ts";

/** The works of a logic. */
function worksOf(logic: Logic): Works {
  return "kind" in logic && logic.kind === "plain" ? (logic.works ?? noWorks) : noWorks;
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
  const { tag, name, input, does, attempt = 1, result } = pending;
  const { kernel, spec } = life.cell;
  const trace = kernel.newTrace();
  if (result !== undefined && "value" in result)
    return void tellLife(life, { type: "orgtree.done", tag, output: result.value }, { trace, key: place });
  const definition = name === undefined ? undefined : worksOf(spec.logic)[name];
  switch (recoveryOf(does, definition)) {
    case "begin":
      return begin(life, { place, tag, declared: { name: name!, input, does, attempt } }, definition!);
    case "undo":
      return takeBack(life, { place, tag, declared: { name: name!, input, does, attempt } }, definition!);
    default:
      return lose(life, { place, tag }, unknownOutcome(life, pending));
  }
}

interface Begun {
  readonly place: EffectKey;
  readonly tag: string;
  readonly declared: DeclaredWork;
}

function effectOf(life: Incarnation, { place, tag, declared }: Begun, work: Work): RunEffect {
  const key = attemptKey(`${life.cell.address}#${place}`, declared.attempt);
  return { kind: "run", tag, key, place, work, declared };
}

function begin(life: Incarnation, begun: Begun, definition: WorkDefinition<unknown, unknown>): void {
  performManaged(life, [effectOf(life, begun, workOf(life, definition, begun.declared.input))]);
}

/** The undo runs as work of its own, whose end is told as that of the work, or leads to the next attempt. */
function takeBack(life: Incarnation, begun: Begun, definition: WorkDefinition<unknown, unknown>): void {
  const { cell } = life;
  const { input, attempt } = begun.declared;
  const { signal } = life.holdings;
  const key = cell.kernel.outwardKey(effectOf(life, begun, () => Promise.resolve()).key);
  undoWork(definition, { input, context: { signal, key, address: cell.address, budget: cell.budget } }).then(
    () => {
      if (life.phase === "ended") return;
      if (definition.afterCrash !== "repeat") {
        fail(life, begun, toFailure(new WorkUndoneError(key), cell.address));
        return;
      }
      const next = { ...begun, declared: { ...begun.declared, attempt: attempt + 1 } };
      cell.internal(effectOf(life, next, workOf(life, definition, input)));
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

function unknownOutcome({ cell }: Incarnation, { tag, name }: PendingWork): Failure {
  const why = name === undefined ? "it is a function: declare it in the works of its logic" : `its logic does not say what is done then`;
  const message = `work "${tag}" was under way when its process ended: whether it was done is unknown (${why})`;
  return { class: "unknown-outcome", name: "UnknownOutcome", message, address: cell.address };
}

const noWorks: Works = {};
