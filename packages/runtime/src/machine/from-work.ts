import { fromPromise, type PromiseActorLogic } from "xstate";
import { runWork, takeBackCutOff, work, WorkUndoneError, type WorkDefinition } from "../actor/work.ts";
import { attemptKey } from "../durable/effect-key.ts";
import { unlimited } from "../kernel/budget-account.ts";
import { childOf, type ChildActor } from "./child-actor.ts";
import { attemptOf, keyOfWork, repeating, undoing } from "./child-origin.ts";
import type { MachineHost } from "./machine-host.ts";
import { hostOf } from "./machine-self.ts";
import type { WorkContext } from "../actor/turn.ts";

/** Declared work as the logic of an actor. */
export interface WorkLogic<I, O> extends PromiseActorLogic<O, I> {
  readonly orgtreeWork: WorkDefinition<I, O>;
}

/** The work behind the logic of a child; undefined for other logics. */
export function workOf(logic: object): WorkDefinition<unknown, unknown> | undefined {
  return (logic as Partial<WorkLogic<unknown, unknown>>).orgtreeWork;
}

/**
 * Makes an actor logic for `invoke` from a function, like XState's `fromPromise`, with a key, a budget and a deadline, and with a
 * declaration that says what is done about it after a crash.
 *
 * Outside of orgtree, under a bare `createActor`, it runs with an unlimited budget and without its deadline, so machines
 * can be tested alone. Throws `TypeError` for compensable work without `undo`.
 *
 * @example
 * const callModel = fromWork({ kind: "idempotent", run: (request: ModelRequest, { signal, key }) => model.complete({ ...request, key }, { signal }) });
 * setup({ actors: { callModel } })
 */
export function fromWork<I, O>(definition: WorkDefinition<I, O>): WorkLogic<I, O> {
  const checked = work(definition);
  const logic = fromPromise<O, I>(({ input, self, signal }) => {
    const host = hostOf(self);
    if (host === undefined) return checked.run(input, { signal, key: "unhosted#0.0", address: "/", budget: unlimited });
    const child = childOf(self);
    const start = (): Promise<O> => runWork(host.life.cell.kernel, checked, { input, context: contextOf(host, child, signal) });
    if (repeating.delete(child)) return host.nextAttempt(child).then(start);
    if (!undoing.delete(child)) return start();
    return undo(host, child, () =>
      takeBackCutOff(host.life.cell.kernel, checked, { input, context: contextOf(host, child, signal), cutOff: host.life.cutOff }),
    ).then((repeated) => {
      if (checked.afterCrash !== "repeat") throw new WorkUndoneError(outwardKeyOf(host, child), host.life.cutOff);
      return repeated().then(start);
    });
  });
  return Object.assign(logic, { orgtreeWork: checked });
}

function contextOf(host: MachineHost, child: ChildActor, signal: AbortSignal): WorkContext {
  const { address, budget } = host.life.cell;
  return { signal, key: outwardKeyOf(host, child), address, budget };
}

/** The key under which the work of a child is known outside. */
export function outwardKeyOf({ life }: MachineHost, child: ChildActor): string {
  return life.cell.kernel.outwardKey(attemptKey(keyOfWork(child), attemptOf(child)));
}

/** Takes back; gives back how to wait until that is stored. Where it fails, nobody knows what was done. */
async function undo(host: MachineHost, child: ChildActor, work: () => Promise<void>): Promise<() => Promise<void>> {
  try {
    await work();
  } catch (error) {
    host.life.failLater(error);
    throw error;
  }
  return () => host.nextAttempt(child);
}
