import { SpecError } from "@orgtree/core";
import type { AnyStateMachine } from "xstate";
import { checkMachine } from "./lint/check-machine.ts";
import type { MachineLogic } from "./machine/machine.ts";
import type { PlainLogic } from "./actor/plain.ts";
import type { SupervisorLogic } from "./supervisor/supervisor.ts";

/** What runs in a cell, in the one form of its kind. */
// The parameters of a plain logic are contravariant, so no narrower type accepts them all.
// oxlint-disable-next-line typescript/no-explicit-any
export type LogicParts = MachineLogic | PlainLogic<any, any, any> | SupervisorLogic;

/** Whatever may run in a cell: an XState machine, bare or with options, a plain function, a supervisor. */
export type Logic = AnyStateMachine | LogicParts;

/** Of a logic however it is written: a bare machine is one without options. */
export function partsOf(logic: Logic): LogicParts {
  return isMachine(logic) ? { kind: "machine", machine: logic, options: {} } : logic;
}

/**
 * The type of a child with this logic, as OTP's child specs have it. A machine is linted on the way, once: one that can
 * never end is refused before it starts.
 *
 * Throws `MachineLintError`, or `SpecError` when it is no logic at all.
 */
export function typeOfLogic(logic: Logic): "worker" | "supervisor" {
  const parts = partsOf(logic);
  switch (parts.kind) {
    case "supervisor":
      return "supervisor";
    case "plain":
      return "worker";
    case "machine":
      checkMachine(parts.machine);
      return "worker";
    default:
      parts satisfies never;
      throw new SpecError("logic", "neither an XState machine, nor made with plain(), machine() or supervisor()");
  }
}

/** True for machines, bare or with options, which take nothing but events. */
export function takesEvents(logic: Logic): boolean {
  return partsOf(logic).kind === "machine";
}

/** True for supervisors, which store decisions in place of turns. */
export function isSupervisor(logic: Logic): logic is SupervisorLogic {
  return partsOf(logic).kind === "supervisor";
}

/** True for a bare XState machine. */
export function isMachine(logic: Logic): logic is AnyStateMachine {
  return typeof logic === "object" && "root" in logic && "getInitialSnapshot" in logic;
}
