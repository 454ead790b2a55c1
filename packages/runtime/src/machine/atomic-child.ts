import type { AnyActorLogic, AnyActorRef, AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { checkAction } from "./action-check.ts";
import { childOf, isBuiltin, stopNewestFirst, type ExecutableAction } from "./child-actor.ts";
import { isSwallowed } from "./child-error.ts";
import { hostOf } from "./machine-self.ts";
import { boundMachine } from "./prepared-machine.ts";
import { isThenable } from "../actor/thenable.ts";

/** What an async action of a child rejected with comes to the child as this event. */
const actionFailed = "orgtree.action-failed";

const atomic = new WeakMap<AnyStateMachine, AnyStateMachine>();

/**
 * The logic of a child, mended where it is a machine: XState runs the actions of a child while it computes the step, so a
 * throw half-way would leave the effects of a step that never happened, and the child's own children running.
 *
 * Other logics have no half-way and are given back as they are.
 */
export function atomicLogic(logic: AnyActorLogic): AnyActorLogic {
  if (!isMachineLogic(logic)) return logic;
  let found = atomic.get(logic);
  if (found === undefined) {
    atomic.set(logic, (found = makeAtomic(boundMachine(logic))));
    atomic.set(found, found);
  }
  return found;
}

function isMachineLogic(logic: AnyActorLogic): logic is AnyStateMachine {
  return "root" in logic && "implementations" in logic;
}

function makeAtomic(machine: AnyStateMachine): AnyStateMachine {
  const logic = Object.create(machine) as AnyStateMachine;
  logic.getInitialSnapshot = ((scope: AnyActorScope, input: unknown) => {
    const actionExecutor = (action: ExecutableAction): void => {
      checkAction(action);
      scope.actionExecutor(watched(action, scope));
    };
    return machine.getInitialSnapshot({ ...scope, actionExecutor } as never, input);
  }) as never;
  logic.transition = ((snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope) => {
    // XState's stop is one step without actions of the user's; it stops children in the order in which the snapshot has them.
    if (event.type === "xstate.stop") return machine.transition(newestFirst(snapshot) as never, event, scope as never);
    if (event.type === actionFailed) return failed(snapshot, event["error"], scope);
    return step(machine, { snapshot, event, scope });
  }) as never;
  return logic;
}

function newestFirst(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const children = Object.fromEntries(Object.entries(snapshot.children as Record<string, unknown>).reverse());
  return { ...snapshot, children } as AnyMachineSnapshot;
}

interface Step {
  readonly snapshot: AnyMachineSnapshot;
  readonly event: AnyEventObject;
  readonly scope: AnyActorScope;
}

/** Computes, then acts; what XState itself does comes last, as it would by itself. */
function step(machine: AnyStateMachine, { snapshot, event, scope }: Step): AnyMachineSnapshot {
  const actions: ExecutableAction[] = [];
  const deferred: (() => void)[] = [];
  const collecting = {
    ...scope,
    actionExecutor: (action: ExecutableAction): void => {
      checkAction(action);
      actions.push(watched(action, scope));
    },
    defer: (run: () => void) => void deferred.push(run),
  };
  const stepper = { owner: scope.self, later: (_params: unknown, send: () => void) => void deferred.push(send) };
  const compute = (): AnyMachineSnapshot => {
    const taken = event.type.startsWith("xstate.error.actor.") ? machine.getTransitionData(snapshot as never, event) : undefined;
    if (taken !== undefined && isSwallowed(event, taken)) throw event["error"];
    return machine.transition(snapshot, event, collecting as never) as AnyMachineSnapshot;
  };
  let settled = snapshot;
  try {
    const next = hostOf(scope.self)!.computeStep(stepper, compute);
    settled = next;
    stopNewestFirst(actions);
    for (const action of actions) scope.actionExecutor(action);
    for (const run of deferred) scope.defer(run);
    return next;
  } catch (error) {
    return failed(settled, error, scope);
  }
}

/** The child has failed: its own children are stopped with it. */
function failed(snapshot: AnyMachineSnapshot, error: unknown, scope: AnyActorScope): AnyMachineSnapshot {
  const host = hostOf(scope.self)!;
  host.forgetStep(scope.self);
  // The newest first, as everything here ends.
  for (const child of Object.values(snapshot.children as Record<string, AnyActorRef | undefined>).reverse())
    if (child !== undefined) childOf(child)._stop();
  return { ...snapshot, status: "error", error } as AnyMachineSnapshot;
}

/** XState forgets the promise of an async action, and its rejection would end the process. */
function watched(action: ExecutableAction, scope: AnyActorScope): ExecutableAction {
  const { exec } = action;
  if (isBuiltin(action.type) || exec === undefined) return action;
  const watch = (...args: Parameters<typeof exec>): void => {
    const result: unknown = exec(...args);
    if (isThenable(result)) result.then(undefined, (error: unknown) => childOf(scope.self)._send({ type: actionFailed, error }));
  };
  return { ...action, exec: watch };
}
