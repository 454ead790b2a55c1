import { FailureError, type ToolKind } from "@orgtree/core";
import { fromPromise, type PromiseActorLogic } from "xstate";
import { unlimited } from "./budget-account.ts";
import { hostOf } from "./machine-host.ts";
import type { WorkContext } from "./turn.ts";

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
 * Outside of orgtree, under a bare `createActor`, it runs with an unlimited budget, so machines can be tested alone.
 *
 * @example
 * const callModel = fromWork({ kind: "idempotent", run: (request: ModelRequest, { signal, key }) => model.complete({ ...request, key }, { signal }) });
 * setup({ actors: { callModel } })
 */
export function fromWork<I, O>(definition: WorkDefinition<I, O>): PromiseActorLogic<O, I> & { readonly orgtreeKind: ToolKind } {
  const logic = fromPromise<O, I>(({ input, self, signal }) => {
    const host = hostOf(self);
    if (host === undefined) return definition.run(input, { signal, key: "unhosted#0.0", address: "/", budget: unlimited });
    const { life } = host;
    const { cell } = life;
    const context: WorkContext = { signal, key: life.nextKey(), address: cell.address, budget: cell.budget };
    if (definition.timeoutMs === undefined) return definition.run(input, context);
    return withDeadline(definition, { input, context, set: (ms, due) => cell.kernel.timers.set(ms, due), cancel: (timer) => cell.kernel.timers.cancel(timer as never) });
  });
  return Object.assign(logic, { orgtreeKind: definition.kind });
}

interface Deadline<I> {
  readonly input: I;
  readonly context: WorkContext;
  set(ms: number, due: () => void): unknown;
  cancel(timer: unknown): void;
}

/** Runs the work, and gives up on it at its deadline: it is aborted, and what it still returns is dropped. */
function withDeadline<I, O>(definition: WorkDefinition<I, O>, deadline: Deadline<I>): Promise<O> {
  const { promise, resolve, reject } = Promise.withResolvers<O>();
  const controller = new AbortController();
  const { context } = deadline;
  const abort = (): void => controller.abort(context.signal.reason);
  context.signal.addEventListener("abort", abort, { once: true });
  const timer = deadline.set(definition.timeoutMs!, () => {
    const error = new FailureError({ class: "timeout", kind: "work", message: `the work took longer than ${definition.timeoutMs} ms` });
    controller.abort(error);
    reject(error);
  });
  const done = (): void => {
    deadline.cancel(timer);
    context.signal.removeEventListener("abort", abort);
  };
  definition.run(deadline.input, { ...context, signal: controller.signal }).then(resolve, reject).finally(done);
  return promise;
}
