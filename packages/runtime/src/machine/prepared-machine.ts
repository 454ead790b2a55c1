import type { AnyStateMachine, AnyStateNode } from "xstate";

/** A machine that has been looked at once, ready to be hosted. */
export interface PreparedMachine {
  readonly machine: AnyStateMachine;
  /** Some state puts messages aside. */
  readonly postpones: boolean;
}

/** Microsteps in one turn before a machine is taken to loop; XState's default is no limit, and a hang. */
const maxIterations = 1_000;

const prepared = new WeakMap<AnyStateMachine, PreparedMachine>();
const bounded = new WeakMap<AnyStateMachine, AnyStateMachine>();

/** Prepares a machine, once. */
export function prepareMachine(machine: AnyStateMachine): PreparedMachine {
  let found = prepared.get(machine);
  if (found === undefined) prepared.set(machine, (found = prepare(machine)));
  return found;
}

/** A copy with a bound on its microsteps; the machine itself where it has one. */
export function boundMachine(machine: AnyStateMachine): AnyStateMachine {
  if (machine.options.maxIterations !== Infinity) return machine;
  let found = bounded.get(machine);
  if (found === undefined) {
    bounded.set(machine, (found = machine.provide({}) as AnyStateMachine));
    found.options.maxIterations = maxIterations;
  }
  return found;
}

function prepare(machine: AnyStateMachine): PreparedMachine {
  const copy = boundMachine(machine);
  return { machine: copy, postpones: somePostpones(copy.root as AnyStateNode) };
}

function somePostpones(node: AnyStateNode): boolean {
  const { postpone } = (node.meta ?? {}) as { postpone?: unknown };
  return Array.isArray(postpone) || Object.values(node.states as Record<string, AnyStateNode>).some(somePostpones);
}
