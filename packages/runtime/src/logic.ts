import { SpecError } from "@orgtree/core";
import type { AnyStateMachine } from "xstate";
import { checkMachine } from "./lint/check-machine.ts";
import type { MachineLogic } from "./machine/machine.ts";
import type { PlainLogic } from "./actor/plain.ts";
import type { SupervisorLogic } from "./supervisor/supervisor.ts";

/** Whatever may run in a cell: an XState machine, bare or with options, a plain function, a supervisor. */
// The parameters of a plain logic are contravariant, so no narrower type accepts them all.
// oxlint-disable-next-line typescript/no-explicit-any
export type Logic = AnyStateMachine | MachineLogic | PlainLogic<any, any, any> | SupervisorLogic;

/**
 * The type of a child with this logic, as OTP's child specs have it. A machine is linted on the way, once: one that can
 * never end is refused before it starts.
 *
 * Throws `MachineLintError`, or `SpecError` when it is no logic at all.
 */
export function typeOfLogic(logic: Logic): "worker" | "supervisor" {
  if (isMachine(logic)) return checkedWorker(logic);
  switch (logic.kind) {
    case "supervisor":
      return "supervisor";
    case "plain":
      return "worker";
    case "machine":
      return checkedWorker(logic.machine);
    default:
      logic satisfies never;
      throw new SpecError("logic", "neither an XState machine, nor made with plain(), machine() or supervisor()");
  }
}

function checkedWorker(machine: AnyStateMachine): "worker" {
  checkMachine(machine);
  return "worker";
}

/** True for machines, bare or with options, which take nothing but events. */
export function takesEvents(logic: Logic): boolean {
  return isMachine(logic) || logic.kind === "machine";
}

/** True for supervisors, which store decisions in place of turns. */
export function isSupervisor(logic: Logic): logic is SupervisorLogic {
  return !isMachine(logic) && logic.kind === "supervisor";
}

/** True for a bare XState machine. */
export function isMachine(logic: Logic): logic is AnyStateMachine {
  return typeof logic === "object" && "root" in logic && "getInitialSnapshot" in logic;
}
