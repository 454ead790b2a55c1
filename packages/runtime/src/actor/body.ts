import type { Exit, MessageRefusedError } from "@orgtree/core";
import type { Effect, MachineEffect } from "./effect.ts";
import type { Provenance } from "../durable/provenance.ts";
import type { Mail } from "./mail.ts";

/**
 * What runs in a cell: one incarnation of a plain function, a machine or a supervisor.
 *
 * Every turn is `compute` (may throw, changes nothing that is visible), then either `install` or `discard`. The effects are
 * collected by the cell.
 */
export interface Body {
  /** The initial step. A promise is awaited; `ignore` means that the child does not want to run. */
  begin(input: unknown): BeginResult | Promise<BeginResult>;
  /**
   * In place of the initial step: goes on from a stored state. Throws when that cannot be. For tests: at once, in the place of
   * another body, whose work it takes over.
   */
  restore(state: unknown, before?: Body): void;
  /** Machines only: what came of their own before the process ended, and was not taken, comes again. */
  hearAgain?(): void;
  /** Machines only: their children and timers, when everybody of the tree is there again. */
  resume?(): void;
  /** Supervisors only: a child of this id lived here in an earlier process, and is to be started by whoever has its specification. */
  remembers?(id: string): boolean;
  /** Supervisors only: a child of this id is in its table. */
  knows?(id: string): boolean;
  /** Supervisors only: starts the children that ran, when it is up itself. */
  recover?(): void;
  /** Computes the next state from one mail. */
  compute(mail: Mail): ComputeResult;
  /** The turn is committed: the computed state counts. */
  install(): void;
  /** The turn failed or was refused: the computed state is forgotten. */
  discard(): void;
  /** The state a journal would keep: the computed one during a turn, else the current one. */
  state(): unknown;
  /** Plain actors only: the state that counts, also while a turn is computed or stored. */
  installed?(): unknown;
  /** A short word for people: the machine's state, nothing for a plain actor. */
  label(): string | undefined;
  /** Clean-up of an ordered stop. May end the actor with an exit of its own. */
  terminate(exit: Exit): Termination | Promise<Termination>;
  /** Stops all private work at once, in reverse order; called exactly once when the incarnation ends. */
  abort(): void;
  /** Refuses a message before it enters the mailbox. */
  check?(mail: Mail): MessageRefusedError | undefined;
  /** Machines only: runs an action, or the first half of a built-in, whose second half it adds to `late`. */
  runEffect?(effect: MachineEffect, late: Effect[]): unknown;
  /** Machines only: the event that this turn took, where it is another one than that of its mail. */
  readonly took?: unknown;
  /** Machines only: where the event of this turn came from. */
  readonly via?: Provenance | undefined;
  /** Machines only: a failed turn has left it without a state that it could go on with. */
  readonly isTorn?: boolean;
  /** A supervisor commits its decisions itself, pays for no turns, and ends its children before itself. */
  readonly isSupervisor?: boolean;
}

/** What an ordered stop came to: the exit asked for, an exit of its own, or `later`, when the body will end by itself. */
export type Termination = void | Exit | typeof later;

/** No value of a user's can be it. */
export const later: unique symbol = Symbol("orgtree.later");

/** `skipped`: the mail did not count, and there is no turn. */
export type ComputeResult = void | "skipped";

/** How an initial step ended. */
export type BeginResult = "started" | "ignore";
