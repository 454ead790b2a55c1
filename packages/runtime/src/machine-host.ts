import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { Incarnation } from "./incarnation.ts";
import type { Timer } from "./timer-queue.ts";

/**
 * The world that a machine's own children see: XState's actor system, made of our clock, our timers and our mailbox.
 *
 * This and its neighbours (`machine-scope`, `machine-body`) are the only places that know XState's internals: the members
 * beginning with an underscore are those of `ActorSystem` in xstate 5.33, and the package is pinned to `~5.33`.
 */
export class MachineHost {
  readonly life: Incarnation;
  readonly self: MachineSelf;
  snapshot: AnyMachineSnapshot | undefined;
  /** Transitions taken in the current turn; none means that the machine does not know the event. */
  transitions: readonly { readonly eventType: string }[] = [];
  computing = false;
  readonly #named = new Map<string, AnyActorRef>();
  /** Names given during a turn that is not committed yet. */
  readonly #promised = new Map<string, AnyActorRef>();
  /** Timers by owner and id; a timer that has fired stays until its event is taken up, so that a late one can be told. */
  readonly #timers = new Map<unknown, Map<string, ArmedTimer>>();
  readonly #relays: (() => void)[] = [];
  #relaying = false;
  #lastId = 0;

  constructor(life: Incarnation) {
    this.life = life;
    this.self = new MachineSelf(this);
  }

  // ActorSystem of XState

  /** XState asks for `system.scheduler`; the host is its own. */
  get scheduler(): this {
    return this;
  }

  get _clock(): { setTimeout: (due: () => void, ms: number) => unknown; clearTimeout: (handle: unknown) => void } {
    const { kernel } = this.life.cell;
    return { setTimeout: (due, ms) => kernel.timers.set(ms, due), clearTimeout: (handle) => kernel.timers.cancel(handle as Timer) };
  }

  get _logger(): (...args: unknown[]) => void {
    const { address, kernel } = this.life.cell;
    return (...args) => kernel.logger.info({ address }, args.map(String).join(" "));
  }

  get _snapshot(): { _scheduledEvents: object } {
    return { _scheduledEvents: {} };
  }

  getSnapshot(): { _scheduledEvents: object } {
    return this._snapshot;
  }

  _bookId(): string {
    return `${this.life.cell.address}:${this.life.number}.${++this.#lastId}`;
  }

  _register(sessionId: string): string {
    return sessionId;
  }

  _unregister(ref: AnyActorRef): void {
    for (const names of [this.#named, this.#promised]) {
      for (const [name, holder] of names) if (holder === ref) names.delete(name);
    }
  }

  /**
   * Names are given while a turn is computed, when the old holder has not been stopped yet: a name clash only counts when
   * the turn is carried out.
   */
  _set(systemId: string, ref: AnyActorRef): void {
    if (this.computing) {
      this.#promised.set(systemId, ref);
      return;
    }
    const holder = this.#named.get(systemId);
    if (holder !== undefined && holder !== ref) throw new Error(`a child with the systemId "${systemId}" exists already in ${this.life.cell.address}`);
    this.#named.set(systemId, ref);
    this.#promised.delete(systemId);
  }

  get(systemId: string): AnyActorRef | undefined {
    return this.#promised.get(systemId) ?? this.#named.get(systemId);
  }

  getAll(): Record<string, AnyActorRef> {
    return Object.fromEntries([...this.#named, ...this.#promised]);
  }

  /** The turn came to nothing: so do the names it gave. */
  forgetPromises(): void {
    this.#promised.clear();
  }

  inspect(): { unsubscribe(): void } {
    throw new Error("a machine under orgtree is observed with system.observe, not with an inspector of its own");
  }

  start(): void {
    // XState re-arms restored timers here; ours are the runtime's.
  }

  _sendInspectionEvent(event: { readonly type: string; readonly actorRef?: unknown; readonly _transitions?: readonly { readonly eventType: string }[] }): void {
    if (event.type === "@xstate.microstep" && event.actorRef === this.self && this.transitions.length === 0) this.transitions = event._transitions ?? [];
  }

  /**
   * Every event between the machine and its children passes here. What is for the machine goes into its mailbox; what is
   * for a child is queued, so that a chain of children needs no stack.
   */
  _relay(source: AnyActorRef | undefined, target: { _send(event: AnyEventObject): void }, event: AnyEventObject): void {
    if ((target as unknown) === this.self) {
      if (event.type.startsWith("xstate.error.actor.") && source !== undefined) stopChildrenOf(source);
      this.life.cell.internal({ event, source });
      return;
    }
    this.#relays.push(() => target._send(event));
    if (this.#relaying) return;
    this.#relaying = true;
    try {
      for (let next = this.#relays.shift(); next !== undefined; next = this.#relays.shift()) next();
    } finally {
      this.#relaying = false;
    }
  }

  // Scheduler of XState

  // oxlint-disable-next-line max-params -- the signature is XState's
  schedule(source: AnyActorRef, target: AnyActorRef, event: AnyEventObject, delay: number, id = `timer-${++this.#lastId}`): void {
    this.cancel(source, id);
    const { kernel } = this.life.cell;
    const armed: ArmedTimer = {
      timer: kernel.timers.set(delay, () => {
        if ((target as unknown) === this.self) {
          this.life.cell.internal({ event, timer: { owner: source, id, armed } });
        } else {
          this.#disarm(source, id);
          this._relay(source, target as unknown as { _send(event: AnyEventObject): void }, event);
        }
      }),
    };
    let timers = this.#timers.get(source);
    if (timers === undefined) this.#timers.set(source, (timers = new Map()));
    timers.set(id, armed);
  }

  cancel(source: AnyActorRef, id: string): void {
    const armed = this.#timers.get(source)?.get(id);
    if (armed === undefined) return;
    this.#disarm(source, id);
    this.life.cell.kernel.timers.cancel(armed.timer);
  }

  cancelAll(source: unknown): void {
    const timers = this.#timers.get(source);
    if (timers === undefined) return;
    this.#timers.delete(source);
    for (const { timer } of timers.values()) this.life.cell.kernel.timers.cancel(timer);
  }

  /** True when the timer that fired has been neither cancelled nor set again since; it is used up by that. */
  redeem(fired: FiredTimer): boolean {
    if (this.#timers.get(fired.owner)?.get(fired.id) !== fired.armed) return false;
    this.#disarm(fired.owner, fired.id);
    return true;
  }

  #disarm(source: unknown, id: string): void {
    const timers = this.#timers.get(source);
    timers?.delete(id);
    if (timers?.size === 0) this.#timers.delete(source);
  }

  // End

  /** Stops all children in reverse order of their start, and all timers. */
  abort(): void {
    for (const source of this.#timers.keys()) this.cancelAll(source);
    stopChildrenOf(this.self);
  }
}

interface ArmedTimer {
  readonly timer: Timer;
}

/** A timer's event on its way through the mailbox. */
export interface FiredTimer {
  readonly owner: unknown;
  readonly id: string;
  readonly armed: ArmedTimer;
}

/** An event of a machine's own: from a child, or from a timer. */
export interface InternalEvent {
  readonly event: AnyEventObject;
  readonly source?: AnyActorRef | undefined;
  readonly timer?: FiredTimer;
}

/** What the machine's actions and children see as the machine itself. */
export class MachineSelf {
  readonly host: MachineHost;
  readonly id: string;
  readonly sessionId: string;
  readonly ref: this;
  /** The supervision tree is the runtime's: for XState every machine is a root. */
  readonly _parent = undefined;

  constructor(host: MachineHost) {
    this.host = host;
    this.id = host.life.cell.address;
    this.sessionId = host._bookId();
    this.ref = this;
  }

  get system(): MachineHost {
    return this.host;
  }

  getSnapshot(): AnyMachineSnapshot | undefined {
    return this.host.snapshot;
  }

  send(event: AnyEventObject): void {
    this.host._relay(undefined, this, event);
  }

  _send(event: AnyEventObject): void {
    this.send(event);
  }

  subscribe(): { unsubscribe(): void } {
    throw new Error("a machine under orgtree is observed with system.observe");
  }

  on(): { unsubscribe(): void } {
    throw new Error("what a machine emits is observed with system.observe");
  }

  stop(): void {
    throw new Error("an actor ends itself by reaching a final state; others are ended by their supervisor");
  }

  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }
}

/** Stops an actor's children, the newest first; XState would take them in start order, or, after a throw, not at all. */
function stopChildrenOf(ref: { getSnapshot(): unknown }): void {
  const snapshot = ref.getSnapshot() as { children?: Record<string, StoppableChild | undefined> } | undefined;
  const children = Object.values(snapshot?.children ?? {}).reverse();
  for (const child of children) {
    if (child === undefined) continue;
    stopChildrenOf(child);
    child._stop();
  }
}

interface StoppableChild {
  getSnapshot(): unknown;
  _stop(): void;
}

/** The host behind an actor that runs under a machine of ours, or behind the machine itself; undefined elsewhere. */
export function hostOf(ref: unknown): MachineHost | undefined {
  for (let at = ref as { _parent?: unknown } | undefined; at !== undefined; at = at._parent as typeof at) if (at instanceof MachineSelf) return at.host;
  return undefined;
}

