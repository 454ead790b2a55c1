import { ExpectedError, type Address, type FailureClass } from "@orgtree/core";
import type { LogicVersion } from "./turn-entry.ts";

/** What an author's migration is given of an older program. */
export interface StoredState<S = unknown> {
  /** The state as it was stored. Of a machine it is XState's persisted snapshot: `value`, `context`, `children`, `historyValue`. */
  readonly state: S;
  /** The version that the author had given it; undefined where there was none. */
  readonly version: string | undefined;
  readonly hash: string;
}

/** Which logic a program has, and how it goes on from what another one stored. */
export interface Versioned<S = unknown, Old = unknown> {
  /**
   * Says which states mean the same: to be changed whenever a stored state would mean something else to the new code. A machine whose
   * structure changed is noticed without it. For a machine the default is the `version` of its configuration.
   */
  readonly version?: string;
  /**
   * Makes a state of this version from one of another version or structure. Where the old states still mean the same, `({ state }) => state`. A
   * machine then takes the event `orgtree.migrated`, and with it the `always` of its state; its `after` begin anew where they
   * were not running, entry actions do not run. Without a migration, and when it throws, the actor is refused with
   * `LogicChangedError`, and what is stored stays as it is. What the old state was only its author knows, who may say so:
   * `migrate: ({ state }: StoredState<Before>) => …`.
   */
  // A method, so that it may take a narrower type than is known here.
  migrate?(stored: StoredState<Old>): S;
}

/** What is stored of an actor was written by another logic, and there is no way from there. It did not start; nothing of it is lost. */
export class LogicChangedError extends ExpectedError {
  override readonly name = "LogicChangedError";
  readonly retryable = false;
  readonly address: Address;
  readonly stored: LogicVersion;
  readonly current: LogicVersion;

  constructor(
    facts: { readonly address: Address; readonly stored: LogicVersion; readonly current: LogicVersion },
    problem: string,
    cause?: unknown,
  ) {
    super(
      `${facts.address} was stored by ${describe(facts.stored)}, and this program has ${describe(facts.current)}: ${problem}`,
      cause === undefined ? undefined : { cause },
    );
    this.address = facts.address;
    this.stored = facts.stored;
    this.current = facts.current;
  }

  // Nobody knows what the state means now: somebody has to look.
  override get failureClass(): FailureClass {
    return "unknown-outcome";
  }

  override get failureKind(): string {
    return "logic-changed";
  }
}

function describe({ version, hash }: LogicVersion): string {
  return `${version === undefined ? "an unversioned logic" : `version "${version}"`} (${hash})`;
}

/**
 * An actor of the tree was refused, and nothing of that tree is stored any more, so that a later program can go on from there. Its cause
 * says why, with the remedy: `LogicChangedError`, or what cannot be read.
 */
export class TreeParkedError extends ExpectedError {
  override readonly name = "TreeParkedError";
  readonly retryable = false;
  readonly address: Address;
  readonly refused: Address;

  constructor(address: Address, refused: Address, cause?: unknown) {
    super(
      `${address} cannot go on: ${refused} was refused, and its tree is left as it is stored; start it with a program that can go on from there`,
      cause === undefined ? undefined : { cause },
    );
    this.address = address;
    this.refused = refused;
  }

  override get failureClass(): FailureClass {
    return "unknown-outcome";
  }

  override get failureKind(): string {
    return "logic-changed";
  }
}
