import { encode, isNothing, isStoredSupervision, storedChildren, storedPast, type StoredSupervision } from "@orgtree/core";
import { describeValue } from "../machine/state-value.ts";
import { isStoredMachine, type StoredMachine } from "../machine/stored-machine.ts";
import type { Books } from "./books.ts";
import type { Moment, PastTurn } from "./past-turn.ts";

/** A moment of an actor as people read it: what it is, and its parts by name. Plain data. */
export interface MomentView {
  /** The journal does not name the logic; the form of the state tells it. */
  readonly kind: "machine" | "supervisor" | "plain";
  /** The active states of a machine, what the children of a supervisor do; undefined where there is nothing so short. */
  readonly label: string | undefined;
  /**
   * All that is stored. A machine has `value` and `context`, a supervisor `children`, a plain actor `state`. All have what is not empty of
   * `heard` (what has come to a machine of its own, such as the results of its work, and was not taken yet), `timers` (when they are due,
   * milliseconds since 1970), `pending` (begun and not over), `asked` (questions that it owes an answer), `watching`, `names`, `groups`,
   * `spent` and `exit` (how it has asked for its end). `runtime` is what the runtime keeps for itself: marks against duplicates, the keys of
   * what children have begun, counters.
   */
  readonly parts: Readonly<Record<string, unknown>>;
}

/**
 * What a turn was about. `work`: what became of a machine's own work, or what it tells itself. `decision`: an event that a supervisor
 * decided on. `rollback`: no turn of the actor's own; it was put back.
 */
export type CauseKind = "begin" | "message" | "signal" | "timer" | "work" | "decision" | "rollback";

/** A moment as people read it. */
export function viewMoment({ state, books }: Pick<Moment, "state" | "books">): MomentView {
  if (isStoredMachine(state)) {
    const runtime = { ...machineRuntime(state), ...booksRuntime(books) };
    return { kind: "machine", label: machineLabel(state), parts: { ...machineParts(state), ...booksParts(books, state.timers), runtime } };
  }
  if (isStoredSupervision(state)) {
    const { nextId, lastToken, replans } = state;
    const runtime = { nextId, lastToken, replans, ...booksRuntime(books) };
    return { kind: "supervisor", label: supervisionLabel(state), parts: { ...supervisionParts(state), ...booksParts(books, {}), runtime } };
  }
  return { kind: "plain", label: undefined, parts: { state, ...booksParts(books, {}), runtime: booksRuntime(books) } };
}

/** What a turn was about. */
export function causeKindOf({ kind, type }: PastTurn["cause"]): CauseKind {
  switch (kind) {
    case "init":
      return "begin";
    case "signal":
      return type === "orgtree.timer" ? "timer" : "signal";
    case "internal":
      return type.startsWith("xstate.after.") ? "timer" : "work";
    case "message":
    case "decision":
    case "rollback":
      return kind;
    default:
      return kind satisfies never;
  }
}

/** Bytes that a state takes where it is stored as a whole. */
export function sizeOfState({ state }: Pick<Moment, "state">): number {
  return encode(state).length;
}

function machineLabel({ snapshot }: StoredMachine): string {
  const value = describeValue(snapshot.value);
  return snapshot.status === "active" ? value : `${value} (${snapshot.status})`;
}

function machineParts({ snapshot, heard }: StoredMachine): Record<string, unknown> {
  const { status, value, context, children = {}, output, error } = snapshot;
  return {
    ...(status === "active" ? {} : { status }),
    value,
    context,
    ...(Object.keys(children).length === 0 ? {} : { children }),
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(heard.length === 0 ? {} : { heard }),
  };
}

/** What is not in the parts of a machine by another name: of a timer its event, unless that is only the timer's own. */
function machineRuntime({ snapshot, timers, begun, order }: StoredMachine): Record<string, unknown> {
  const { status: _status, value: _value, context: _context, children: _children, output: _output, error: _error, ...rest } = snapshot;
  const events = Object.entries(timers).filter(([, { event, id }]) => event.type !== id || Object.keys(event).length > 1);
  return filled({ snapshot: filled(rest), timers: Object.fromEntries(events), begun, order: order ?? {} });
}

function supervisionLabel(state: StoredSupervision): string {
  const counts = new Map<string, number>();
  for (const { status } of storedChildren(state).values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts.size === 0 ? "no children" : Array.from(counts, ([status, count]) => `${count} ${status}`).join(", ");
}

function supervisionParts(state: StoredSupervision): Record<string, unknown> {
  const { stamps, operation, plan, replanning } = state;
  const underWay = { operation, plan, replanning };
  return {
    children: Object.fromEntries(storedChildren(state)),
    ...filled({ restartsAt: stamps, past: Object.fromEntries(storedPast(state)) }),
    ...Object.fromEntries(Object.entries(underWay).filter(([, part]) => part !== undefined)),
  };
}

function booksParts(books: Books, machineTimers: StoredMachine["timers"]): Record<string, unknown> {
  const { pending, asked, watching, names, groups, spent, exit } = books;
  const timers = Object.fromEntries(Object.entries(books.timers).map(([name, { dueMs }]) => [name, dueMs]));
  // One of a child's is named with the way to the child.
  for (const { id, owner, dueMs } of Object.values(machineTimers)) timers[[...owner, id].join(" › ")] = dueMs;
  const lists = { watching: Object.keys(watching), names: Object.keys(names), groups: Object.keys(groups) };
  return {
    ...filled({ timers, pending, asked, ...lists }),
    ...(isNothing(spent) ? {} : { spent }),
    ...(exit === undefined ? {} : { exit }),
  };
}

function booksRuntime({ taken, aside = {}, birth }: Books): Record<string, unknown> {
  return { birth, ...filled({ taken, aside }) };
}

/** Without what is empty. */
function filled(parts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => typeof part !== "object" || Object.keys(part ?? {}).length > 0));
}
