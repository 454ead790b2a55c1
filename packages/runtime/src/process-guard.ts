import { AsyncLocalStorage } from "node:async_hooks";
import { kernelOf, type ActorSystem } from "./actor-system.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Kernel } from "./kernel.ts";

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
  const owners = (kernel.owners ??= new AsyncLocalStorage<Incarnation | undefined>());
  const onError = (error: unknown): void => {
    if (!blame(kernel, owners.getStore(), error) && process.listenerCount("uncaughtException") === 1) throw error;
  };
  const onRejection = (reason: unknown): void => {
    if (!blame(kernel, owners.getStore(), reason) && process.listenerCount("unhandledRejection") === 1) throw reason;
  };
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onRejection);
  const stop = (): void => {
    process.off("uncaughtException", onError);
    process.off("unhandledRejection", onRejection);
    kernel.owners = undefined;
  };
  return { stop, [Symbol.dispose]: stop };
}

/** Fails the actor whose code it was; false when there is none. */
function blame({ logger }: Kernel, life: Incarnation | undefined, error: unknown): boolean {
  if (life === undefined) return false;
  const { address } = life.cell;
  if (life.phase === "ended") logger.error({ err: error, address }, "an error escaped the code of an actor that has ended");
  else logger.error({ err: error, address }, "an error escaped the code of an actor");
  life.failLater(error);
  return true;
}
