/**
 * The world that a machine's own children see: XState's actor system, made of our clock, our timers and our mailbox.
 *
 * This and its neighbours (`machine-*`, `child-*`, `atomic-child`, `action-check`, `prepared-machine`) are the only places
 * that know XState's internals: the members beginning with an underscore are those of `ActorSystem` and `Actor` in xstate 5.33, and
 * the package is pinned to `~5.33`.
 *
 * Invariants
 *   H1. What comes for the machine goes through its mailbox, and nothing gets there after the incarnation has ended.
 *   H2. Whatever was started below the machine is stopped at the end, the newest first, also what no snapshot knows.
 *   H3. While a step is computed nothing reaches a child: what is sent then is an effect of the turn.
 */
import { isReservedType } from "@orgtree/core";
import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import { atomicLogic } from "./atomic-child.ts";
import { isBelow, type ChildActor } from "./child-actor.ts";
import { ChildNames } from "./child-names.ts";
import { traceOf } from "./child-origin.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { MachineSelf } from "./machine-self.ts";
import { MachineTimers, type MachineTimer } from "./machine-timers.ts";
import { Mail } from "../actor/mail.ts";
import type { Timer } from "../time/timer-queue.ts";

/** What an event is sent to: the machine, or one of its children. */
interface Target {
  _send(event: AnyEventObject): void;
}

/** An event of a machine's own: from a child, or from a timer. */
export interface InternalEvent {
  readonly event: AnyEventObject;
  readonly source: ChildActor | undefined;
  readonly timer: MachineTimer | undefined;
}

/** The transitions that a microstep took. */
export type Transitions = readonly { readonly eventType: string }[];

/** Of these XState tells; the host listens to two. */
interface InspectionEvent {
  readonly type: string;
  readonly actorRef?: unknown;
  readonly _transitions?: Transitions;
}

const noTransitions: Transitions = [];

/** Takes an event that was sent while a step was computed, and how to send it. */
export type Later = (params: { readonly to: unknown; readonly event: AnyEventObject }, send: () => void) => void;

/** Whose step is computed. */
export interface Stepper {
  readonly owner: unknown;
  readonly later: Later;
}

/** XState's `ActorSystem` and its scheduler, for one incarnation of a machine; see the head of this file. */
export class MachineHost {
  readonly life: Incarnation;
  readonly self: MachineSelf;
  snapshot: AnyMachineSnapshot | undefined;
  /** Transitions taken in the current turn; none means that the machine does not know the event. */
  transitions = noTransitions;
  /** The child that was made last in the current turn. */
  made: ChildActor | undefined;
  /** Children of the machine that have ended, and whose end waits in the mailbox. */
  readonly unheard = new Set<ChildActor>();
  /** Set while a step is computed: takes what it sends meanwhile. */
  #later: Later | undefined;
  #names: ChildNames | undefined;
  #timers: MachineTimers | undefined;
  /** In the order of their start. */
  #running: Set<ChildActor> | undefined;
  readonly #relays: { readonly target: Target; readonly event: AnyEventObject }[] = [];
  #relaying = false;
  #lastId = 0;

  constructor(life: Incarnation) {
    this.life = life;
    this.self = new MachineSelf(this);
  }

  // Turns

  /** Computes a step of the machine or of one of its children, and settles the names it gave. */
  computeStep(stepper: Stepper, step: () => AnyMachineSnapshot): AnyMachineSnapshot {
    const before = this.#later;
    this.#later = stepper.later;
    try {
      const next = step();
      if (next.status === "active") this.#names?.settle(stepper.owner, next);
      return next;
    } catch (error) {
      this.forgetStep(stepper.owner);
      throw error;
    } finally {
      this.#later = before;
    }
  }

  /** A new turn begins. */
  beginTurn(): void {
    this.transitions = noTransitions;
    this.made = undefined;
  }

  /** A computed step came to nothing. */
  forgetStep(owner: unknown): void {
    this.#names?.forgetPromises(owner);
  }

  // ActorSystem of XState

  /** XState asks for `system.scheduler`; the host is its own. */
  get scheduler(): this {
    return this;
  }

  get _clock(): { setTimeout: (due: () => void, ms: number) => unknown; clearTimeout: (handle: unknown) => void } {
    const { timers } = this.life.cell.kernel;
    return { setTimeout: (due, ms) => timers.set(ms, due), clearTimeout: (handle) => timers.cancel(handle as Timer) };
  }

  get _logger(): (...args: readonly unknown[]) => void {
    const { address, kernel } = this.life.cell;
    return (...args) => {
      const label = args.find((arg) => typeof arg === "string") ?? "log";
      kernel.logger.info({ address, value: args.at(-1) }, label);
    };
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

  _register(sessionId: string, child: ChildActor): string {
    this.#running ??= new Set();
    this.#running.add(child);
    return sessionId;
  }

  /** XState takes the names of a child back before it stops it, so that another one can have them. */
  _unregister(child: ChildActor): void {
    this.#names?.free(child);
    if (child._processingStatus === 2) this.#running?.delete(child);
  }

  _set(systemId: string, child: ChildActor): void {
    this.#names ??= new ChildNames();
    if (this.#later !== undefined) this.#names.promise(systemId, child);
    else this.#names.give(systemId, child);
  }

  get(systemId: string): ChildActor | undefined {
    return this.#names?.get(systemId);
  }

  getAll(): Record<string, ChildActor> {
    return this.#names?.all() ?? {};
  }

  inspect(): { unsubscribe(): void } {
    throw new Error("a machine under orgtree is observed with system.observe, not with an inspector of its own");
  }

  start(): void {
    // XState re-arms restored timers here; ours are the runtime's.
  }

  _sendInspectionEvent({ type, actorRef, _transitions }: InspectionEvent): void {
    if (type === "@xstate.microstep") {
      if (actorRef === this.self && this.transitions.length === 0 && _transitions !== undefined) this.transitions = _transitions;
    } else if (type === "@xstate.actor") {
      this.#adopt(actorRef as ChildActor);
    }
  }

  /** A child has been made; its initial step is yet to be computed. */
  #adopt(child: ChildActor): void {
    child.logic = atomicLogic(child.logic);
    if (child._parent === this.self) this.made = child;
  }

  /** Every event between the machine and its children passes here. */
  _relay(source: ChildActor | undefined, target: Target, event: AnyEventObject): void {
    if (this.life.phase === "ended") return this.#lose(event); // H1
    if (this.#later !== undefined) return this.#later({ to: target, event }, () => this._relay(source, target, event)); // H3
    if (source !== undefined && event?.type === `xstate.error.actor.${source.id}`) this.#stopBelow(source);
    if ((target as unknown) === this.self) this.#hear(event, source);
    else this.#deliver(target, event);
  }

  /** An event for the machine itself. Its children are trusted with their own results, and with nobody else's. */
  #hear(event: AnyEventObject, source: ChildActor | undefined): void {
    const { cell } = this.life;
    const trace = source === undefined ? undefined : traceOf(source);
    const type: unknown = event?.type;
    if (typeof type === "string" && (!isReservedType(type) || isResultOf(source, type))) {
      if (source?._parent === this.self && isEndOf(source, type)) this.unheard.add(source);
      return cell.internal({ event, source, timer: undefined } satisfies InternalEvent, trace);
    }
    const { address, kernel } = cell;
    const route = { to: address, from: address, trace: trace ?? this.life.trace() };
    kernel.bury(new Mail("message", route, event), typeof type === "string" ? "forged" : "malformed");
  }

  /** An event for a child is queued, so that a chain of children needs no stack. */
  #deliver(target: Target, event: AnyEventObject): void {
    this.#relays.push({ target, event });
    if (this.#relaying) return;
    this.#relaying = true;
    try {
      for (let next = this.#relays.shift(); next !== undefined; next = this.#relays.shift()) next.target._send(next.event);
    } finally {
      this.#relaying = false;
    }
  }

  // Scheduler of XState

  // oxlint-disable-next-line max-params -- the signature is XState's
  schedule(owner: unknown, target: unknown, event: AnyEventObject, delay: number, id = `timer-${++this.#lastId}`): void {
    this.#timers ??= new MachineTimers(this.life.cell.kernel.timers, (timer) => this.#fired(timer));
    this.#timers.set({ owner, id, target, event, trace: this.life.trace() }, delay);
  }

  #fired(timer: MachineTimer): void {
    const { owner, target, event } = timer;
    if (target === this.self) return this.life.cell.internal({ event, source: undefined, timer } satisfies InternalEvent, timer.trace);
    this.#timers!.redeem(timer);
    this.life.cell.kernel.within(this.life, () => this._relay(owner as ChildActor, target as Target, event));
  }

  cancel(owner: unknown, id: string): void {
    this.#timers?.cancel(owner, id);
  }

  cancelAll(owner: unknown): void {
    this.#timers?.cancelAll(owner);
  }

  /** True when an event that comes from a timer or a child still counts. */
  isCurrent({ event, source, timer }: InternalEvent): boolean {
    if (timer !== undefined) return this.#timers!.redeem(timer);
    if (source === undefined || !isResultOf(source, event.type) || this.snapshot!.children[source.id] === (source as unknown)) return true;
    // A result of a child that was stopped, or replaced by another of the same id, since it sent it.
    this.unheard.delete(source);
    this.#lose(event);
    return false;
  }

  /** Nobody waits for a late event; but an error should not vanish, for example that of a clean-up function. */
  #lose(event: AnyEventObject): void {
    const { address, kernel } = this.life.cell;
    if (event?.type?.startsWith("xstate.error.actor."))
      kernel.logger.warn({ err: event["error"], address }, "a child of a machine failed too late to matter");
  }

  // End

  /** Stops all children and timers (H2). */
  abort(): void {
    this.#timers?.clear();
    this.#stopBelow(this.self);
  }

  /** Stops what runs below an actor, the newest first. */
  #stopBelow(ancestor: unknown): void {
    if (this.#running === undefined) return;
    for (const child of [...this.#running].reverse()) if (isBelow(child, ancestor)) child._stop();
  }
}

/** XState's own events from a child to its machine. */
function isResultOf(child: ChildActor | undefined, type: string): boolean {
  if (child === undefined || !type.startsWith("xstate.")) return false;
  return isEndOf(child, type) || type === `xstate.snapshot.${child.id}`;
}

function isEndOf({ id }: ChildActor, type: string): boolean {
  return type === `xstate.done.actor.${id}` || type === `xstate.error.actor.${id}`;
}
