import type { Due } from "../durable/due.ts";
import { NotStorableError, reviveError, toFailure, type Failure } from "@orgtree/core";
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, StateValue } from "xstate";
import type { ChildActor } from "./child-actor.ts";
import { originOf, restoreOrigin, type Origin } from "./child-origin.ts";
import { actorsBelow, pathKey, type Path } from "./child-path.ts";
import type { InternalEvent } from "./internal-event.ts";
import type { MachineHost } from "./machine-host.ts";
import { restoreStateOrder, stateOrderOf } from "./state-order.ts";

/** A machine as it is stored: XState's persisted snapshot, which has its children at every depth, and what XState forgets of them. */
export interface StoredMachine {
  readonly snapshot: StoredSnapshot;
  /** The timers of the machine and of all below it, by the path of the owner and the id. */
  readonly timers: Readonly<Record<string, StoredTimer>>;
  /** What was begun by children, by their paths: work that begins again does so under the same key. */
  readonly begun: Readonly<Record<string, StoredOrigin>>;
  /** What children have sent to the machine, and what their work came to, and has not been taken yet. */
  readonly heard: readonly StoredEvent[];
  /** The order of the active states, by the path of the machine that is in them; where XState finds it again by itself, nothing. */
  readonly order?: Readonly<Record<string, readonly string[]>>;
}

/** What a persisted snapshot of XState 5 has. */
export interface StoredSnapshot {
  readonly status: string;
  readonly value: StateValue;
  readonly context?: unknown;
  readonly children?: Readonly<Record<string, unknown>>;
  readonly output?: unknown;
  readonly error?: unknown;
}

/** Under which key a child was started, and which work it does where that is declared; see `Origin`. */
export type StoredOrigin = Omit<Origin, "trace">;

/** A timer of a machine, or of one of its children. */
export interface StoredTimer extends Due {
  readonly id: string;
  readonly event: AnyEventObject;
  readonly owner: Path;
  readonly target: Path;
}

/** An event on its way to the machine, or the result of a child's work on its way to the child. */
export interface StoredEvent {
  readonly event: AnyEventObject;
  readonly source: Path | undefined;
  /** The child that it is for; none for the machine itself. */
  readonly target?: Path | undefined;
  /** In place of the error in the event, which would come back without its class. */
  readonly failure?: Failure | undefined;
}

/** What is stored of a machine at the end of a turn. Throws `NotStorableError` for a child whose logic has no name. */
export function storeMachine(
  host: MachineHost,
  now: { readonly machine: AnyStateMachine; readonly snapshot: AnyMachineSnapshot; readonly heard: readonly InternalEvent[] },
): StoredMachine {
  const paths = actorsBelow(now.snapshot);
  const pathOf = (actor: unknown): Path | undefined => (actor === host.self ? [] : paths.get(actor as ChildActor));
  const timers: Record<string, StoredTimer> = {};
  for (const { id, event, dueMs, setMs, owner: by, target: to } of host.plan.all) {
    const owner = pathOf(by);
    const target = pathOf(to);
    if (owner !== undefined && target !== undefined) timers[pathKey([...owner, id])] = { id, event, dueMs, setMs, owner, target };
  }
  const begun: Record<string, StoredOrigin> = {};
  for (const [child, path] of paths) {
    if (typeof child.src !== "string") throw inlineChild(host, path);
    const origin = originOf(child);
    if (origin !== undefined) begun[pathKey(path)] = storedOrigin(origin);
  }
  const heard = now.heard
    .filter(({ event }) => !isRepeated(event))
    .map(({ event, source, target }): StoredEvent => {
      const to = target === undefined ? {} : { target: pathOf(target) };
      return Object.assign(withoutError(event), to, { source: pathOf(source) });
    });
  const order = orderBelow(now.snapshot, paths);
  return {
    snapshot: now.machine.getPersistedSnapshot(now.snapshot) as unknown as StoredSnapshot,
    timers,
    begun,
    heard,
    ...(order === undefined ? {} : { order }),
  };
}

/** The order of states of a machine and of all below it; undefined where XState finds it again everywhere. */
function orderBelow(snapshot: AnyMachineSnapshot, below: ReadonlyMap<ChildActor, Path>): StoredMachine["order"] {
  const found: Record<string, readonly string[]> = {};
  const note = (path: Path, each: unknown): void => {
    const order = stateOrderOf(each);
    if (order !== undefined) found[pathKey(path)] = order;
  };
  note([], snapshot);
  for (const [child, path] of below) note(path, child.getSnapshot());
  return Object.keys(found).length === 0 ? undefined : found;
}

/** True for the state of a machine; the journal does not name the logic, and the state of a plain actor may look like one at first. */
export function isStoredMachine(state: unknown): state is StoredMachine {
  const { snapshot, timers, begun } = (state ?? {}) as Partial<Record<keyof StoredMachine, unknown>>;
  if (!isRecord(snapshot) || !isRecord(timers) || !Object.values(timers).every(isRecord) || !isRecord(begun)) return false;
  return (typeof snapshot["value"] === "string" || isRecord(snapshot["value"])) && typeof snapshot["status"] === "string";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function storedOrigin({ trace: _trace, ...stored }: Origin): StoredOrigin {
  return stored;
}

/** A later process would not know what the child is. */
function inlineChild({ life }: MachineHost, path: Path): NotStorableError {
  const what = `the state of ${life.cell.address}`;
  return new NotStorableError(what, `its child ${path.join(" › ")}`, "has a logic without a name: give it one with setup({ actors })");
}

/** An event that is to be stored, such as the error of a child. */
function withoutError(event: AnyEventObject): Pick<StoredEvent, "event" | "failure"> {
  const at = errorAt(event);
  if (!(event[at] instanceof Error)) return { event };
  const { [at]: error, ...rest } = event;
  return { event: rest, failure: toFailure(error) };
}

/** The event as it was, with an error in place of what was stored of one. */
export function reviveEvent({ event, failure }: Pick<StoredEvent, "event" | "failure">): AnyEventObject {
  return failure === undefined ? event : { ...event, [errorAt(event)]: reviveError(failure) };
}

/** Where XState puts an error: of a child, or of a promise. */
function errorAt({ type }: AnyEventObject): "error" | "data" {
  return type === "xstate.promise.reject" ? "data" : "error";
}

/** The newest snapshot of a child comes again when the child does; and it is no data. */
export function isRepeated({ type }: AnyEventObject): boolean {
  return type.startsWith("xstate.snapshot.");
}

const root = pathKey([]);

/** What was stored beside a snapshot, for the actors that were made of it. */
export class MachineRemains {
  readonly #host: MachineHost;
  readonly #stored: StoredMachine;
  readonly #byPath: ReadonlyMap<string, ChildActor>;

  constructor(host: MachineHost, stored: StoredMachine, snapshot: AnyMachineSnapshot) {
    this.#host = host;
    this.#stored = stored;
    this.#byPath = new Map([...actorsBelow(snapshot)].map(([child, path]) => [pathKey(path), child]));
    for (const [path, origin] of Object.entries(stored.begun)) {
      const child = this.#byPath.get(path);
      if (child !== undefined) restoreOrigin(child, origin);
    }
    for (const [path, order] of Object.entries(stored.order ?? {}))
      restoreStateOrder(path === root ? snapshot : this.#byPath.get(path)?.getSnapshot(), order);
  }

  /** The timers are planned again; they are set by `arm`. */
  plan(): void {
    const { plan, self, life } = this.#host;
    const actorAt = (path: Path): unknown => (path.length === 0 ? self : this.#byPath.get(pathKey(path)));
    for (const { id, event, dueMs, setMs, owner: by, target: to } of Object.values(this.#stored.timers)) {
      const owner = actorAt(by);
      const target = actorAt(to);
      if (owner !== undefined && target !== undefined) plan.set({ owner, id, target, event, dueMs, setMs, trace: life.trace() });
    }
    plan.commit();
  }

  /** What the machine has not taken yet. */
  get heard(): readonly InternalEvent[] {
    const actorAt = (path: Path | undefined): ChildActor | undefined => (path === undefined ? undefined : this.#byPath.get(pathKey(path)));
    return this.#stored.heard.map(({ event, source, target, failure }) => ({
      event: reviveEvent({ event, failure }),
      source: actorAt(source),
      timer: undefined,
      target: actorAt(target),
    }));
  }
}
