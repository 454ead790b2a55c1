import type { Exit } from "@orgtree/core";
import type { AnyStateMachine, ContextFrom } from "xstate";
import type { Versioned } from "../durable/logic-changed.ts";
import type { PersistedMachine } from "./migrated-machine.ts";

/** What a machine may be given beside its configuration. */
export interface MachineOptions<T extends AnyStateMachine> extends Versioned<PersistedMachine, PersistedMachine> {
  /**
   * Clean-up at an ordered stop, awaited up to the spec's `shutdownMs`. XState runs no exit actions on stop, so resources
   * are given back here. May give another exit than `shutdown`.
   */
  readonly terminate?: (context: ContextFrom<T>, exit: Exit) => void | Exit | Promise<void | Exit>;
  /** It is known to end in time by other means, such as its spec's `budget.wallMs`: satisfies the lint's `no-timeout`. */
  readonly hasDeadline?: boolean;
}

/** A machine with options. A bare XState machine is a logic as well. */
export interface MachineLogic<T extends AnyStateMachine = AnyStateMachine> {
  readonly kind: "machine";
  readonly machine: T;
  readonly options: MachineOptions<T>;
}

/** Gives options to a machine. */
export function machine<T extends AnyStateMachine>(machine: T, options: MachineOptions<T> = {}): MachineLogic {
  return { kind: "machine", machine, options: options as MachineOptions<AnyStateMachine> };
}
