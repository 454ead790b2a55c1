import type { AnyActorRef, AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";

type ExecutableAction = Parameters<AnyActorScope["actionExecutor"]>[0];

/**
 * Makes the steps of a machine that is a child of another machine atomic: XState runs its actions while it computes the
 * step, so a throw half-way would leave the effects of a step that never happened, and its own children running.
 *
 * Only machines need this; other logics have no half-way.
 */
export function atomicChild(ref: AnyActorRef): void {
  const actor = ref as unknown as { logic: AnyStateMachine };
  if (!("root" in actor.logic) || "orgtreeAtomic" in actor.logic) return;
  const machine = actor.logic;
  const logic = Object.create(machine) as AnyStateMachine;
  logic.transition = ((snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope) => {
    const actions: ExecutableAction[] = [];
    // XState's stop is one step without actions of the user's.
    if (event.type === "xstate.stop") return machine.transition(snapshot, event, scope as never);
    let settled = snapshot;
    try {
      const collecting = { ...scope, actionExecutor: (action: ExecutableAction) => void actions.push(action) };
      const next = machine.transition(snapshot, event, collecting as never) as AnyMachineSnapshot;
      settled = next;
      for (const action of actions) scope.actionExecutor(action);
      return next;
    } catch (error) {
      const stopped = machine.transition(settled, { type: "xstate.stop" }, scope as never) as AnyMachineSnapshot;
      return { ...stopped, status: "error", error };
    }
  }) as never;
  Object.defineProperty(logic, "orgtreeAtomic", { value: true });
  actor.logic = logic;
}
