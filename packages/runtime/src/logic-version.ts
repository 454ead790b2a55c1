/** Which logic an actor has, and how it goes on from a state that another one stored. */
import { seal, type Address } from "@orgtree/core";
import { isThenable } from "./actor/thenable.ts";
import { LogicChangedError, type Versioned } from "./durable/logic-changed.ts";
import type { LogicVersion } from "./durable/turn-entry.ts";
import type { Stored } from "./durable/stored-past.ts";
import { partsOf, type Logic, type LogicParts } from "./logic.ts";
import { machineHash } from "./machine/machine-hash.ts";
import { migrateMachine } from "./machine/migrated-machine.ts";
import type { StoredMachine } from "./machine/stored-machine.ts";

/** The version of a logic, as each record has it. A supervisor has none: what it stores is checked against its specification. */
export function versionOf(logic: Logic): LogicVersion | undefined {
  const parts = partsOf(logic);
  switch (parts.kind) {
    case "machine":
      return { hash: machineHash(parts.machine), version: parts.options.version ?? parts.machine.version };
    case "plain":
      return { hash: "plain", version: parts.version };
    case "supervisor":
      return undefined;
    default:
      return parts satisfies never;
  }
}

/** A state to go on from, and whether it is another one than was stored. */
export interface CurrentState {
  readonly state: unknown;
  readonly isMigrated: boolean;
}

/** What an actor goes on from. Throws `LogicChangedError` where that cannot be. */
export function currentState(place: { readonly address: Address; readonly epochMs: number }, logic: Logic, stored: Stored): CurrentState {
  const { state } = stored.durable;
  const before = stored.newest.logic;
  const current = versionOf(logic);
  if (before === undefined || current === undefined || isSame(before, current)) return { state, isMigrated: false };
  const facts = { address: place.address, stored: before, current };
  const parts = partsOf(logic);
  const versioned = versionedOf(parts);
  if (versioned.migrate === undefined)
    throw new LogicChangedError(
      facts,
      "give the logic a migrate for states of that version, or start it with the program that stored them",
    );
  try {
    const migrateOnce = (inner: unknown): unknown => versioned.migrate!({ state: inner, ...before });
    const migrated =
      parts.kind === "machine"
        ? migrateMachine(parts.machine, { stored: state as StoredMachine, migrate: migrateOnce, epochMs: place.epochMs })
        : checkMigrated(migrateOnce(state));
    return { state: migrated, isMigrated: true };
  } catch (error) {
    throw new LogicChangedError(facts, `its migration failed: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function isSame(a: LogicVersion, b: LogicVersion): boolean {
  return a.hash === b.hash && a.version === b.version;
}

function versionedOf(parts: LogicParts): Versioned {
  if (parts.kind === "supervisor") return {};
  return parts.kind === "machine" ? parts.options : parts;
}

/** A state that fails its first turn would cost the actor what is stored. */
function checkMigrated(state: unknown): unknown {
  if (isThenable(state)) {
    Promise.resolve(state).catch(() => {});
    throw new TypeError("it gave back a promise; a migration is done at once");
  }
  if (state === undefined) throw new TypeError("it gave back nothing");
  seal(state, "what it gave back");
  return state;
}
