import type { Address, NewEntry } from "@orgtree/core";
import { ActorLog } from "./actor-log.ts";
import type { OwedUndo, RollbackCause } from "./rollback-cut.ts";
import type { Rollback, RolledBackActor } from "./rollback.ts";
import type { TurnFacts } from "./turn-entry.ts";

/** One actor that goes back, as it is stored. */
export interface RollbackEntry {
  readonly actor: RolledBackActor;
  readonly log: ActorLog;
  readonly entry: NewEntry;
  readonly newest: TurnFacts;
}

/** When it is stored, and by whom. */
export interface RollbackSurroundings {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** What the next start is to take back; see `OwedUndo`. */
  readonly owed?: OwedUndo["owed"] | undefined;
  /** The greatest number of a life at an address, where it is known. */
  readonly lastIncarnation?: (address: Address) => number;
}

/** What is to be stored, all or nothing, for a subtree to go back; the report is with its top. */
export function rollbackEntries(
  { actors, report, top }: Pick<Rollback, "actors" | "report"> & { readonly top: Address },
  around: RollbackSurroundings,
): readonly RollbackEntry[] {
  const cause: RollbackCause = { top, to: report.to };
  const { owed } = around;
  const whole = { ...report, ...cause, ...(owed === undefined ? {} : { owed }) };
  return actors.map((actor) => rollbackEntry(actor, { ...around, message: actor.address === top ? whole : cause }));
}

function rollbackEntry(
  actor: RolledBackActor,
  { atMs, lastIncarnation, message }: RollbackSurroundings & { readonly message: RollbackCause },
): RollbackEntry {
  const { address, seq, durable, moment } = actor;
  const log = new ActorLog(address);
  const { trace, logic, plan } = moment.turn;
  const incarnation = Math.max(moment.turn.incarnation, lastIncarnation?.(address) ?? 0);
  const cause = { kind: "rollback", key: undefined, type: "rollback", from: undefined, message } as const;
  const turn = { incarnation, atMs, trace, cause, effects: [], logic, plan };
  const entry = log.entry({ ...turn, address, seq, ...durable, isFresh: true });
  return { actor, log, entry, newest: turn };
}

/** That the places of those who did not exist then are given up. */
export function endEntries({ toEnd }: Pick<Rollback, "toEnd">): readonly NewEntry[] {
  return toEnd.map(({ address, seq }) => ({ address, seq, kind: "end", data: new Uint8Array() }));
}
