import type { AnyActorLogic, AnyActorRef, AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { checkAction } from "./action-check.ts";
import { childOf, isBuiltin, isInner, isOver, stopNewestFirst, type ChildActor, type ExecutableAction } from "./child-actor.ts";
import { isSwallowed } from "./child-error.ts";
import { actionFailed } from "./leaf-logic.ts";
import type { MachineHost } from "./machine-host.ts";
import { hostOf } from "./machine-self.ts";
import { boundMachine } from "./prepared-machine.ts";
import { isThenable } from "../actor/thenable.ts";

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

/** True for a machine, as opposed to a promise, a callback and the like. */
export function isMachineLogic(logic: AnyActorLogic): logic is AnyStateMachine {
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
  const { exec, type } = action;
  if (exec === undefined || isInner(type)) return action;
  const host = hostOf(scope.self)!;
  const child = childOf(scope.self);
  const watch = (...args: Parameters<typeof exec>): void => {
    const result: unknown = exec(...args);
    if (isThenable(result)) result.then(undefined, (error: unknown) => host._relay(undefined, child, { type: actionFailed, error }));
  };
  const run = isBuiltin(type) ? exec : watch;
  return { ...action, exec: (...args) => (host.settling ? runLater(host, { child, action, scope }, () => run(...args)) : run(...args)) };
}

/** Children one of whose actions threw: what their step still wanted does not happen. */
const failing = new WeakSet<ChildActor>();

/** Under a durable actor an action happens when the turn is committed, like those of the machine itself. */
function runLater(
  host: MachineHost,
  { child, action, scope }: { readonly child: ChildActor; readonly action: ExecutableAction; readonly scope: AnyActorScope },
  run: () => void,
): void {
  const { type, params } = action;
  if (type === "xstate.emit") run = () => scope.emit((params as { event: AnyEventObject }).event);
  const guarded = (): void => {
    if (failing.has(child)) return;
    try {
      run();
    } catch (error) {
      failing.add(child);
      if (!isOver(child)) return host._relay(undefined, child, { type: actionFailed, error });
      const { address, kernel } = host.life.cell;
      kernel.logger.warn({ err: error, address }, "a child of a machine failed too late to matter");
    }
  };
  host.life.turn.collect({ kind: "machine", type, params, late: true, run: guarded });
}
