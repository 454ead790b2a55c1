import type { AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { describeWork, type LostWork } from "../actor/unknown-outcome.ts";
import { isMachineLogic } from "./atomic-child.ts";
import type { ChildActor } from "./child-actor.ts";
import { isSwallowed } from "./child-error.ts";
import { outwardKeyOf, workOf } from "./from-work.ts";
import type { MachineHost } from "./machine-host.ts";

/** What is known of the work of a child that was under way, and may not begin again. */
export function lostWorkOf(host: MachineHost, child: ChildActor): LostWork {
  const definition = workOf(child.logic);
  const name = String(child.src);
  // An id that XState made tells nothing that the name does not.
  const id = /^\d+\./.test(child.id) ? name : child.id;
  const { input } = child.getSnapshot() as { readonly input?: unknown };
  return {
    what: describeWork(definition, { id, name, input }),
    key: outwardKeyOf(host, child),
    why: definition === undefined ? "it does not say what it does to the world: make it with fromWork" : "it is irreversible",
  };
}

/** Whether somebody from the machine down to the child takes the failure of the child, so that the machine would go on. */
export function isFailureHeard(
  child: ChildActor,
  error: Error,
  root: { readonly machine: AnyStateMachine; readonly host: MachineHost },
): boolean {
  const event = { type: `xstate.error.actor.${child.id}`, error };
  const parent = child._parent;
  const isTop = parent._parent === undefined;
  const machine = isTop ? root.machine : parent.logic;
  if (!isMachineLogic(machine)) return false;
  const snapshot = (isTop ? root.host.snapshot : parent.getSnapshot()) as AnyMachineSnapshot;
  if (isTaken(machine, snapshot, event)) return true;
  return !isTop && isFailureHeard(parent, error, root);
}

function isTaken(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: { readonly type: string; readonly error: Error }): boolean {
  try {
    const transitions = machine.getTransitionData(snapshot as never, event) as readonly { readonly eventType: string }[];
    return transitions.length > 0 && !isSwallowed(event, transitions);
  } catch {
    return false; // A guard that throws fails the machine when the event comes.
  }
}
