import { AsyncLocalStorage } from "node:async_hooks";
import { kernelOf, type ActorSystem } from "./actor-system.ts";
import type { Incarnation } from "./actor/incarnation.ts";
import type { Kernel } from "./kernel/kernel.ts";

/** Ends the guard; `using guard = guardProcess(system)` does it by itself. */
export interface ProcessGuard extends Disposable {
  stop(): void;
}

/**
 * Makes errors that escape an actor's code the failure of that actor, instead of the end of the process: a throw in a timer
 * or an event handler that a callback set up, a promise that nobody awaits.
 *
 * Whose code it is, is told by the asynchronous context that the code came from (`AsyncLocalStorage`), at the price of
 * keeping track of it. An error that belongs to no living actor ends the process as before, unless somebody else listens.
 * For the outermost program; a library should leave the process alone. Needs Node 24.
 *
 * @example
 * const system = createActorSystem();
 * guardProcess(system);
 */
export function guardProcess(system: ActorSystem): ProcessGuard {
  const kernel = kernelOf(system);
  kernel.owners = owners;
  if (guarded.size === 0) {
    process.on("uncaughtException", onError);
    process.on("unhandledRejection", onRejection);
  }
  guarded.add(kernel);
  const stop = (): void => {
    kernel.owners = undefined;
    if (!guarded.delete(kernel) || guarded.size > 0) return;
    process.off("uncaughtException", onError);
    process.off("unhandledRejection", onRejection);
  };
  return { stop, [Symbol.dispose]: stop };
}

/** A process has one set of handlers, however many systems it runs. */
const guarded = new Set<Kernel>();
const owners = new AsyncLocalStorage<Incarnation | undefined>();

function onError(error: Error): void {
  if (!blame(owners.getStore(), error) && process.listenerCount("uncaughtException") === 1) throw error;
}

function onRejection(reason: unknown): void {
  if (!blame(owners.getStore(), reason) && process.listenerCount("unhandledRejection") === 1) throw reason as Error;
}

/** Fails the actor whose code it was; false when there is none. */
function blame(life: Incarnation | undefined, error: unknown): boolean {
  // A supervisor has no code of anybody's.
  if (life === undefined || life.body?.isSupervisor === true) return false;
  const { address, kernel } = life.cell;
  kernel.logger.error({ err: error, address }, "an error escaped the code of an actor");
  life.failLater(error);
  return true;
}
