/**
 * The world that a machine's own children see: XState's actor system, made of our clock, our timers and our mailbox.
 *
 * This and its neighbours (`machine-*`, `child-*`, `atomic-child`, `action-check`, `prepared-machine`, `state-order`) are the only
 * places that know XState's internals: the members beginning with an underscore are those of `ActorSystem` and `Actor` in xstate 5.33,
 * and the package is pinned to `~5.33`.
 *
 * Invariants
 *   H1. What comes for the machine goes through its mailbox, and nothing gets there after the incarnation has ended.
 *   H2. Whatever was started below the machine is stopped at the end, the newest first, also what no snapshot knows.
 *   H3. While a step is computed nothing reaches a child: what is sent then is an effect of the turn.
 *   H4. Under a durable actor a child changes only as part of a turn, so that each change is in a record before anybody sees
 *       anything of it. What happens between turns, a timer or the end of a promise, waits in the mailbox; what a step sends to
 *       children is taken by them in the same turn; what they send to the machine is stored until the machine takes it.
 */
import { dueAfter } from "../durable/due.ts";
import { isReservedType } from "@orgtree/core";
import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import { atomicLogic, isMachineLogic } from "./atomic-child.ts";
import { childrenOf, isBelow, isOver, type ChildActor } from "./child-actor.ts";
import { ChildNames } from "./child-names.ts";
import { traceOf } from "./child-origin.ts";
import { isResult, isResultOf, storableResult, type InternalEvent } from "./internal-event.ts";
import type { Stepper, Later } from "./stepper.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { leafLogic, workUndone } from "./leaf-logic.ts";
import { MachineSelf } from "./machine-self.ts";
import { MachineTimers, type MachineTimer } from "./machine-timers.ts";
import { Mail } from "../actor/mail.ts";
import { RelayQueue, type Target } from "./relay-queue.ts";
import type { Timer } from "../time/timer-queue.ts";
import { heirOf, succeed } from "./succession.ts";
import { TimerPlan } from "./timer-plan.ts";
import { WorkingChildren } from "./working-children.ts";

/** The transitions that a microstep took. */
export type Transitions = readonly { readonly eventType: string }[];

/** Of these XState tells; the host listens to two. */
interface InspectionEvent {
  readonly type: string;
  readonly actorRef?: unknown;
  readonly _transitions?: Transitions;
}

const noTransitions: Transitions = [];

/** XState's `ActorSystem` and its scheduler, for one incarnation of a machine; see the head of this file. */
export class MachineHost {
  readonly life: Incarnation;
  readonly self: MachineSelf;
  snapshot: AnyMachineSnapshot | undefined;
  /** Transitions taken in the current turn; none means that the machine does not know the event. */
  transitions = noTransitions;
  /** The child that was made last in the current turn. */
  made: ChildActor | undefined;
  /** Turns are stored before they are seen. */
  readonly isDurable: boolean;
  /** Durable actors: the steps of children are computed, as part of the turn. */
  settling = false;
  /** Durable actors: a child has changed in this turn, which cannot be undone. */
  isTouched = false;
  /** Durable actors: what came for the machine while its children settled, in its order. */
  heard: readonly InternalEvent[] = nothingHeard;
  /** Durable actors: what work came to, and nobody has taken yet. It is stored with other turns, so that it is not lost with the process. */
  waiting: readonly InternalEvent[] = nothingHeard;
  /** Children are there again: they begin anew, or, for tests, take over what those before them have begun. */
  returning: "resumed" | "taking-over" | undefined;
  /** For tests: who hosts the machine now. */
  #heir: MachineHost | undefined;
  /** Children that were under way when the process ended, and of which nobody knows whether they did what they were to do. */
  lost: readonly ChildActor[] = nobodyLost;
  readonly plan: TimerPlan;
  /** Durable actors only. */
  readonly working: WorkingChildren;
  /** Set while a step is computed: takes what it sends meanwhile. */
  #computing: Later | undefined;
  #names: ChildNames | undefined;
  #timers: MachineTimers | undefined;
  /** In the order of their start. */
  #running: Set<ChildActor> | undefined;
  readonly #relays = new RelayQueue();
  #lastId = 0;

  constructor(life: Incarnation) {
    this.life = life;
    this.isDurable = life.cell.kernel.store !== undefined;
    // Machines without a journal use neither, and are many.
    this.plan = this.isDurable ? new TimerPlan() : noPlan;
    this.working = this.isDurable ? new WorkingChildren() : noWork;
    this.self = new MachineSelf(this);
  }

  // Turns

  /** Computes a step of the machine or of one of its children, and settles the names it gave. */
  computeStep(stepper: Stepper, step: () => AnyMachineSnapshot): AnyMachineSnapshot {
    const before = this.#computing;
    this.#computing = stepper.later;
    try {
      const next = step();
      if (next.status === "active") this.#names?.settle(stepper.owner, next);
      return next;
    } catch (error) {
      this.forgetStep(stepper.owner);
      throw error;
    } finally {
      this.#computing = before;
    }
  }

  /** A new turn begins. */
  beginTurn(): void {
    this.transitions = noTransitions;
    this.made = undefined;
  }

  /** Lets the children take, as part of the turn, what was sent to them (H4). */
  settle(work: () => void): void {
    this.settling = true;
    try {
      work();
    } finally {
      this.settling = false;
    }
  }

  /** An event from outside of any turn comes to the child that it is for; within `settle`. */
  deliver({ event, source, target }: InternalEvent): void {
    this._relay(source, target!, event);
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
    if (this.#computing !== undefined) this.#names.promise(systemId, child);
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
    child.logic = this.isDurable && !isMachineLogic(child.logic) ? leafLogic(child.logic) : atomicLogic(child.logic);
    if (child._parent === this.self) this.made = child;
  }

  /** Every event between the machine and its children passes here. */
  _relay(source: ChildActor | undefined, target: Target, event: AnyEventObject): void {
    if (this.#heir !== undefined) return this.#heir._relay(heirOf(source), heirOf(target), event);
    if (this.returning === "taking-over") return;
    if (this.life.phase === "ended") return this.#lose(event); // H1
    if (this.#computing !== undefined) return this.#computing({ to: target, event }, () => this._relay(source, target, event)); // H3
    const isOutside = this.isDurable && !this.settling;
    if (!isOutside && source !== undefined && event?.type === `xstate.error.actor.${source.id}`) this.#stopBelow(source);
    if ((target as unknown) === this.self) this.#hear(event, source);
    else if (isOutside) this.#post({ event, source, timer: undefined, target: target as ChildActor });
    else this.#deliver(target, event);
  }

  #hearLater(internal: InternalEvent): void {
    this.heard = [...this.heard, internal];
  }

  /** Nobody knows whether this child did what it was to do. */
  lose(child: ChildActor): void {
    this.lost = [...this.lost, child];
  }

  /** It is taken up in a turn of its own. */
  #post(came: InternalEvent): void {
    const internal = storableResult(came, this.life);
    if (internal.target !== undefined && isResult(internal.event)) this.waiting = [...this.waiting, internal];
    const whose = internal.source ?? internal.target;
    this.life.cell.internal(internal, internal.timer?.trace ?? (whose === undefined ? undefined : traceOf(whose)));
  }

  /** What work came to, of children that are still there to hear it. */
  get results(): readonly InternalEvent[] {
    return this.waiting.filter(({ target }) => !isOver(target!));
  }

  /** What children sent to the machine in a turn that is committed now. */
  postHeard(): void {
    const { heard } = this;
    this.heard = nothingHeard;
    for (const internal of heard) this.#post(internal);
  }

  /** An event for the machine itself. Its children are trusted with their own results, and with nobody else's. */
  #hear(event: AnyEventObject, source: ChildActor | undefined): void {
    const { cell } = this.life;
    const trace = source === undefined ? undefined : traceOf(source);
    const type: unknown = event?.type;
    if (typeof type === "string" && (!isReservedType(type) || isResultOf(source, type))) {
      const internal: InternalEvent = { event, source, timer: undefined, target: undefined };
      return this.settling ? this.#hearLater(internal) : cell.internal(internal, trace);
    }
    const { address, kernel } = cell;
    const route = { to: address, from: address, trace: trace ?? this.life.trace() };
    kernel.bury(new Mail("message", route, event), typeof type === "string" ? "forged" : "malformed");
  }

  #deliver(target: Target, event: AnyEventObject): void {
    this.isTouched = true;
    this.#relays.deliver(target, event, this.settling);
  }

  // Scheduler of XState

  // oxlint-disable-next-line max-params -- the signature is XState's
  schedule(owner: unknown, target: unknown, event: AnyEventObject, delay: number, id = `timer-${++this.#lastId}`): void {
    const timer: MachineTimer = { owner, id, target, event, trace: this.life.trace() };
    if (!this.settling) return this.arm(timer, delay);
    this.plan.set({ ...timer, ...dueAfter(delay, this.life.turn.epochMs) });
    this.#later("orgtree.arm", { id, delay }, () => this.arm(timer, delay));
  }

  /** Sets a timer that is planned. */
  arm(timer: MachineTimer, delay: number): void {
    this.#timers ??= new MachineTimers(this.life.cell.kernel.timers, (due) => this.#fired(due));
    this.#timers.set(timer, delay);
  }

  /** The timer of this owner and id, while its event has not been taken. */
  armed(owner: unknown, id: string): MachineTimer | undefined {
    return this.#timers?.armed(owner, id);
  }

  /** For a replay: timers and children are there, as between two turns, and nothing begins or fires. */
  rest(): void {
    for (const timer of this.plan.all) this.arm(timer, Infinity);
    this.startChildren("taking-over");
  }

  /** An effect of the turn that is computed. */
  #later(type: string, params: unknown, run: () => void): void {
    this.life.turn.collect({ kind: "machine", type, params, late: true, run });
  }

  #fired(timer: MachineTimer): void {
    const { owner, target, event } = timer;
    if (target === this.self || this.isDurable)
      return this.#post({ event, source: undefined, timer, target: target === this.self ? undefined : (target as ChildActor) });
    this.#timers!.redeem(timer);
    this.life.cell.kernel.within(this.life, () => this._relay(owner as ChildActor, target as Target, event));
  }

  cancel(owner: unknown, id: string): void {
    if (!this.settling) this.#timers?.cancel(owner, id);
    else if (this.plan.cancel(owner, id)) this.#later("orgtree.disarm", { id }, () => this.#timers?.cancel(owner, id));
  }

  cancelAll(owner: unknown): void {
    if (!this.settling) this.#timers?.cancelAll(owner);
    else if (this.plan.cancelAll(owner)) this.#later("orgtree.disarm", {}, () => this.#timers?.cancelAll(owner));
  }

  /** True when an event that comes from a timer or a child still counts. */
  isCurrent({ event, source, timer, target }: InternalEvent): boolean {
    if (timer !== undefined) {
      this.plan.redeem(timer);
      return this.#timers!.redeem(timer) && (target === undefined || !isOver(target));
    }
    if (target !== undefined) return !isOver(target);
    if (source === undefined || !isResultOf(source, event.type) || this.snapshot!.children[source.id] === (source as unknown)) return true;
    // A result of a child that was stopped, or replaced by another of the same id, since it sent it.
    this.#lose(event);
    return false;
  }

  /** Nobody waits for a late event; but an error should not vanish, for example that of a clean-up function. */
  #lose(event: AnyEventObject): void {
    const { address, kernel } = this.life.cell;
    if (event?.type?.startsWith("xstate.error.actor."))
      kernel.logger.warn({ err: event["error"], address }, "a child of a machine failed too late to matter");
  }

  /** For tests: goes on in the place of another host of the same life, with its timers and its work. */
  takeOver(before: MachineHost): void {
    succeed(before, this);
    before.#heir = this;
    this.#timers = before.#timers;
    this.#timers?.handOver(this.plan.all, heirOf, (due) => this.#fired(due));
    this.startChildren("taking-over");
  }

  /** The children of a machine that is there again are there too. */
  startChildren(how: "resumed" | "taking-over"): void {
    this.returning = how;
    for (const child of childrenOf(this.snapshot!)) if ((child.getSnapshot() as { status: string }).status === "active") child.start();
    this.returning = undefined;
  }

  // End

  /** Stops all children and timers (H2). */
  abort(): void {
    this.#timers?.clear();
    this.#stopBelow(this.self);
    // Those whose stop was an effect of a turn that came to nothing.
    this.working.haltAll();
  }

  /** Waits until it is stored that the work of a child was taken back. */
  nextAttempt(child: ChildActor): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const heir = heirOf(child);
    const working = this.#current().working.get(heir);
    if (working !== undefined) working.again = resolve;
    this._relay(undefined, heir, { type: workUndone });
    return promise;
  }

  #current(): MachineHost {
    return this.#heir === undefined ? this : this.#heir.#current();
  }

  /** Stops what runs below an actor, the newest first. */
  #stopBelow(ancestor: unknown): void {
    if (this.#running === undefined) return;
    for (const child of [...this.#running].reverse()) if (isBelow(child, ancestor)) child._stop();
  }
}

const nothingHeard: readonly InternalEvent[] = [];
const nobodyLost: readonly ChildActor[] = [];
const noPlan = new TimerPlan();
const noWork = new WorkingChildren();
