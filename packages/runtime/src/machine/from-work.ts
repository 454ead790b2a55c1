import { FailureError, type ToolKind } from "@orgtree/core";
import { fromPromise, type PromiseActorLogic } from "xstate";
import { unlimited } from "../kernel/budget-account.ts";
import { childOf } from "./child-actor.ts";
import { keyOfWork } from "./child-origin.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hostOf } from "./machine-self.ts";
import type { WorkContext } from "../actor/turn.ts";

/** Declared work for `invoke`: what it does to the world is known, so a crash can be answered rightly. */
export interface WorkDefinition<I, O> {
  /** See `ToolKind`. An undeclared promise counts as `irreversible`. */
  readonly kind: ToolKind;
  /** Longest run in milliseconds; then the work fails with class `timeout`. Default: only the machine's own `after`. */
  readonly timeoutMs?: number;
  readonly run: (input: I, context: WorkContext) => Promise<O>;
}

/**
 * Makes an actor logic for `invoke` from a function, like XState's `fromPromise`, with a key, a budget and a deadline.
 *
 * Outside of orgtree, under a bare `createActor`, it runs with an unlimited budget and without its deadline, so machines
 * can be tested alone.
 *
 * @example
 * const callModel = fromWork({ kind: "idempotent", run: (request: ModelRequest, { signal, key }) => model.complete({ ...request, key }, { signal }) });
 * setup({ actors: { callModel } })
 */
export function fromWork<I, O>(definition: WorkDefinition<I, O>): PromiseActorLogic<O, I> & { readonly orgtreeKind: ToolKind } {
  const logic = fromPromise<O, I>(({ input, self, signal }) => {
    const host = hostOf(self);
    if (host === undefined) return definition.run(input, { signal, key: "unhosted#0.0", address: "/", budget: unlimited });
    const { address, budget, kernel } = host.life.cell;
    const context: WorkContext = { signal, key: keyOfWork(childOf(self)), address, budget };
    return definition.timeoutMs === undefined ? definition.run(input, context) : runUntil(kernel, definition, { input, context });
  });
  return Object.assign(logic, { orgtreeKind: definition.kind });
}

/** Runs the work, and gives up on it at its deadline: it is aborted, and what it still gives back is dropped. */
function runUntil<I, O>(
  { timers }: Kernel,
  { run, timeoutMs = Infinity }: WorkDefinition<I, O>,
  given: { input: I; context: WorkContext },
): Promise<O> {
  const { promise, resolve, reject } = Promise.withResolvers<O>();
  const controller = new AbortController();
  const { signal } = given.context;
  const timer = timers.set(timeoutMs, () => {
    const error = new FailureError({ class: "timeout", kind: "work", message: `the work took longer than ${timeoutMs} ms` });
    controller.abort(error);
    reject(error);
  });
  const done = (): void => {
    timers.cancel(timer);
    signal.removeEventListener("abort", abort);
  };
  const abort = (): void => {
    done();
    controller.abort(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  // Begun in a promise, so that work which throws at once leaves no timer behind.
  const work = new Promise<O>((settle) => settle(run(given.input, { ...given.context, signal: controller.signal })));
  work.then(resolve, reject).finally(done);
  return promise;
}
