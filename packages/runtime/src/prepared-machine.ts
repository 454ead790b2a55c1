import type { AnyStateMachine, AnyStateNode } from "xstate";

/** A machine that has been looked at once, ready to be hosted. */
export interface PreparedMachine {
  readonly machine: AnyStateMachine;
  /** Some state puts messages aside. */
  readonly postpones: boolean;
}

/** Microsteps in one turn before a machine is taken to loop; XState's default is no limit, and a hang. */
export const maxIterations = 1_000;

const prepared = new WeakMap<AnyStateMachine, PreparedMachine>();

/** Prepares a machine, once: a copy with a bound on its microsteps. */
export function prepareMachine(machine: AnyStateMachine): PreparedMachine {
  let found = prepared.get(machine);
  if (found === undefined) prepared.set(machine, (found = prepare(machine)));
  return found;
}

function prepare(machine: AnyStateMachine): PreparedMachine {
  const copy = machine.provide({}) as AnyStateMachine;
  if (copy.options.maxIterations === Infinity) copy.options.maxIterations = maxIterations;
  return { machine: copy, postpones: somePostpones(copy.root as AnyStateNode) };
}

function somePostpones(node: AnyStateNode): boolean {
  const { postpone } = (node.meta ?? {}) as { postpone?: unknown };
  return Array.isArray(postpone) || Object.values(node.states as Record<string, AnyStateNode>).some(somePostpones);
}
