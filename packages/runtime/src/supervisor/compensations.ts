import type { Address, CheckedChildSpec, LaterEffect } from "@orgtree/core";
import type { AnyActorLogic } from "xstate";
import type { Incarnation } from "../actor/incarnation.ts";
import type { WorkOutputs } from "../durable/work-outputs.ts";
import type { RollbackOrder } from "../durable/rollback.ts";
import type { WorkContext } from "../actor/turn.ts";
import { takeBack, type WorkDefinition } from "../actor/work.ts";
import { attemptKey, fullKey, splitKey } from "../durable/effect-key.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { unlimited } from "../kernel/budget-account.ts";
import { partsOf, type Logic } from "../logic.ts";
import { isMachineLogic } from "../machine/atomic-child.ts";
import { workOf } from "../machine/from-work.ts";
import { SpecBook } from "../replay/spec-book.ts";

/** Whose work is taken back. */
export interface Compensated {
  readonly top: Address;
  readonly spec: CheckedChildSpec<Logic>;
}

/** How a supervisor takes back what a child and those below it did; it stops when the supervisor ends. */
export function undoFor(supervisor: Incarnation, compensated: Compensated): NonNullable<RollbackOrder["undo"]> {
  const compensations = new Compensations(supervisor.cell.kernel, compensated);
  return (effects, outputs) => compensations.undo(effects, { outputs, signal: supervisor.holdings.signal });
}

type Definition = WorkDefinition<unknown, unknown>;

/** What is stored of work that was begun; `within` below which children of a machine, `place` and `attempt` where it was begun anew. */
interface Begun {
  readonly name?: unknown;
  readonly src?: unknown;
  readonly within?: readonly unknown[];
  readonly input?: unknown;
  readonly place?: string;
  readonly attempt?: number;
}

/** The declared work of a subtree that can be taken back: `compensable`, with an `undo` in the logic that its actors have now. */
export class Compensations {
  readonly #kernel: Kernel;
  readonly #specs: SpecBook;

  constructor(kernel: Kernel, { top, spec }: Compensated) {
    this.#kernel = kernel;
    this.#specs = SpecBook.below(top, spec);
  }

  /** The work of an effect, where it can be taken back. */
  find({ key, kind, does, detail }: LaterEffect): Definition | undefined {
    if (does !== "compensable") return undefined;
    const logic = this.#specs.specOf(splitKey(key).address, () => undefined)?.logic;
    const definition = logic === undefined ? undefined : definitionIn(logic, kind, detail ?? {});
    return definition?.undo === undefined ? undefined : definition;
  }

  /**
   * Takes back what can be taken back, one after the other, in the order that is given; gives back the keys of what was. One that fails stands.
   * Where the process ends meanwhile all are taken back once more, each under the same key. Rejects when the signal aborts.
   */
  async undo(
    effects: readonly LaterEffect[],
    { outputs, signal }: { readonly outputs: WorkOutputs; readonly signal: AbortSignal },
  ): Promise<ReadonlySet<string>> {
    const undone = new Set<string>();
    for (const effect of effects) {
      signal.throwIfAborted();
      const definition = this.find(effect);
      if (definition === undefined) continue;
      try {
        await this.#undoOne(effect, definition, { outputs, signal });
        undone.add(effect.key);
      } catch (error) {
        this.#kernel.logger.warn({ err: error, key: effect.key }, "work could not be taken back in a rollback, and stands");
      }
    }
    signal.throwIfAborted();
    return undone;
  }

  #undoOne(
    { key, detail }: LaterEffect,
    definition: Definition,
    { outputs, signal }: { readonly outputs: WorkOutputs; readonly signal: AbortSignal },
  ): Promise<void> {
    const { input, place, attempt = 1 } = (detail ?? {}) as Begun;
    const { address } = splitKey(key);
    const own = attemptKey(place === undefined ? key : fullKey(address, place), attempt);
    const context: WorkContext = { signal, key: this.#kernel.outwardKey(own), address, budget: unlimited };
    return takeBack(this.#kernel, definition, { input, context, output: outputs.get(own) });
  }
}

function definitionIn(logic: Logic, kind: string, { name, src, within = [] }: Begun): Definition | undefined {
  const parts = partsOf(logic);
  if (parts.kind === "plain") return kind === "run" ? (ownOf(parts.works, name) as Definition | undefined) : undefined;
  let found: AnyActorLogic | undefined = parts.kind === "machine" ? parts.machine : undefined;
  for (const source of [...within, src]) found = actorIn(found, source);
  return found === undefined ? undefined : workOf(found);
}

/** The logic that a machine has under a name. */
function actorIn(logic: AnyActorLogic | undefined, name: unknown): AnyActorLogic | undefined {
  if (logic === undefined || !isMachineLogic(logic)) return undefined;
  return ownOf((logic.implementations as { readonly actors?: Record<string, AnyActorLogic> }).actors, name);
}

function ownOf<T>(record: Readonly<Record<string, T>> | undefined, name: unknown): T | undefined {
  return record !== undefined && typeof name === "string" && Object.hasOwn(record, name) ? record[name] : undefined;
}
