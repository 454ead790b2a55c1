import { leftMs } from "../durable/due.ts";
import { decode, encode, FailureError, type Exit, type MessageRefusedError } from "@orgtree/core";
import type { AnyEventObject, AnyMachineSnapshot, AnyStateNode } from "xstate";
import type { BeginResult, Body, ComputeResult, Termination } from "../actor/body.ts";
import { isSwallowed } from "./child-error.ts";
import type { Provenance } from "../durable/provenance.ts";
import type { Effect, MachineEffect } from "../actor/effect.ts";
import { refuseEvent } from "../actor/event-door.ts";
import { freezeState } from "../actor/freeze.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { unknownOutcome, type LostWork } from "../actor/unknown-outcome.ts";
import type { ChildActor } from "./child-actor.ts";
import { answered } from "./child-origin.ts";
import { exitOf } from "./machine-exit.ts";
import type { InternalEvent } from "./internal-event.ts";
import { MachineHost } from "./machine-host.ts";
import { machineScope, xstateScope } from "./machine-scope.ts";
import { actionFailed } from "./leaf-logic.ts";
import { isFailureHeard, lostWorkOf } from "./lost-work.ts";
import { currentEvent, heirOf, replaceHeard } from "./succession.ts";
import { recallEvent, wayOf, whatCame, whereFrom } from "./recalled-event.ts";
import { isRepeated, MachineRemains, reviveEvent, storeMachine, type StoredEvent, type StoredMachine } from "./stored-machine.ts";
import type { MachineLogic } from "./machine.ts";
import type { Mail } from "../actor/mail.ts";
import { prepareMachine, type PreparedMachine } from "./prepared-machine.ts";
import { describeValue, isSameValue } from "./state-value.ts";

/**
 * One life of an XState machine, driven by `machine.transition` with a scope of our own: as fast as `actor.send`, a fifth
 * of the memory, and nothing happens before the turn is committed.
 */
export class MachineBody implements Body {
  readonly #host: MachineHost;
  readonly #prepared: PreparedMachine;
  readonly #options: MachineLogic["options"];
  #next: AnyMachineSnapshot | undefined;
  /** What children have sent in committed turns, and the machine has not taken yet; durable machines only. */
  #heard: readonly InternalEvent[] = noneHeard;
  /** The message of this turn, when the machine does not know it. */
  #unknown: Mail | undefined;
  /** A turn has changed children and then failed, and what they are now is in no record; or nothing in it takes that work was lost. */
  isTorn = false;
  /** The event of this turn, when it is what a child made of the one that came. */
  took: AnyEventObject | undefined;
  via: Provenance | undefined;

  constructor(life: Incarnation, logic: MachineLogic) {
    this.#host = new MachineHost(life);
    this.#prepared = prepareMachine(logic.machine);
    this.#options = logic.options;
  }

  begin(input: unknown): BeginResult {
    const { machine } = this.#prepared;
    const snapshot = machineScope.compute(this.#host, () => machine.getInitialSnapshot(xstateScope, input) as AnyMachineSnapshot);
    this.#computed(snapshot);
    return "started";
  }

  restore(state: unknown, before?: Body): void {
    const { machine } = this.#prepared;
    // XState changes what it is given.
    const stored = decode(encode(state)) as StoredMachine;
    const next = machineScope.compute(
      this.#host,
      () => machine.restoreSnapshot(stored.snapshot as never, xstateScope) as AnyMachineSnapshot,
    );
    const remains = new MachineRemains(this.#host, stored, next);
    remains.plan();
    this.#heard = remains.heard.filter(({ target }) => target === undefined);
    this.#host.waiting = remains.heard.filter(({ target }) => target !== undefined);
    this.#next = next;
    if (before !== undefined) this.#takeOver(before as MachineBody);
  }

  #takeOver(before: MachineBody): void {
    replaceHeard(
      before.#heard.filter(({ event }) => !isRepeated(event)),
      this.#heard,
    );
    const { results } = before.#host;
    const { waiting } = this.#host;
    replaceHeard(results.slice(0, waiting.length), waiting);
    // What came while the turn was being stored is not stored yet.
    this.#host.waiting = [...waiting, ...results.slice(waiting.length)];
    this.#host.snapshot = this.#next;
    this.#next = undefined;
    this.#host.takeOver(before.#host);
  }

  hearAgain(): void {
    for (const internal of [...this.#heard, ...this.#host.waiting]) {
      if (internal.target !== undefined) answered.add(internal.target);
      this.#host.life.cell.internal(internal);
    }
  }

  resume(): void {
    const host = this.#host;
    const { life } = host;
    const snapshot = host.snapshot!;
    // Its process ended between its last turn and its end.
    if (snapshot.status === "done") return life.end(exitOf(snapshot, life.cell.address));
    const epochMs = life.cell.kernel.clock.epochMs();
    for (const timer of host.plan.all) host.arm(timer, leftMs(timer, epochMs));
    host.startChildren("resumed");
    if (host.lost.length > 0) this.#lose(host.lost);
  }

  /** Nobody knows what became of the work of these children. */
  #lose(children: readonly ChildActor[]): void {
    const host = this.#host;
    const { life } = host;
    const failureOf = (works: readonly LostWork[]): FailureError => new FailureError(unknownOutcome(works, life));
    const lost = children.map((child) => ({ child, work: lostWorkOf(host, child) }));
    const { machine } = this.#prepared;
    // Where nothing in the machine takes it, there is no state to go on with.
    this.isTorn = !lost.every(({ child, work }) => isFailureHeard(child, failureOf([work]), { machine, host }));
    // Heard where the supervisor lets the machine go on as it is.
    for (const { child, work } of lost) host._relay(undefined, child, { type: actionFailed, error: failureOf([work]) });
    life.failLater(failureOf(lost.map(({ work }) => work)));
  }

  /** For a replay: it is as it was between two turns, and nothing of what it had begun runs. */
  rest(): void {
    this.install();
    this.#host.rest();
  }

  /** For a replay: an event of its own, as it was told to it. */
  recall(event: AnyEventObject, via: Provenance): InternalEvent {
    return recallEvent(this.#host, [...this.#heard, ...this.#host.waiting], { event, via });
  }

  /** For a replay: an event that did not count when its turn came. One that counts stays. */
  skip(told: InternalEvent): void {
    if (this.#host.isCurrent(told)) return;
    this.#heard = this.#heard.filter((each) => each !== told);
    this.#host.waiting = this.#host.waiting.filter((each) => each !== told);
  }

  /** For a replay: what work came to while the turn was being stored. */
  arrive(results: readonly StoredEvent[]): void {
    const { waiting } = this.#host;
    const told = results.map((stored) => this.recall(reviveEvent(stored), wayOf(stored)));
    this.#host.waiting = [...waiting, ...told];
  }

  compute(mail: Mail): ComputeResult {
    if (mail.kind !== "internal") {
      const event = this.#eventOf(mail);
      return event === undefined ? "skipped" : this.#step(event, mail);
    }
    const told = heirOf(mail.message as InternalEvent);
    this.took = undefined;
    if (this.#heard.includes(told)) this.#heard = this.#heard.filter((each) => each !== told);
    if (this.#host.waiting.includes(told)) this.#host.waiting = this.#host.waiting.filter((each) => each !== told);
    const internal = currentEvent(told);
    if (this.#host.isDurable) this.via = whereFrom(internal);
    if (!this.#host.isCurrent(internal)) return "skipped";
    return internal.target === undefined ? this.#step(internal.event, mail) : this.#stepBelow(internal);
  }

  #step(event: AnyEventObject, mail: Mail | undefined): void {
    const { machine } = this.#prepared;
    const snapshot = this.#host.snapshot!;
    const next = machineScope.compute(this.#host, () => machine.transition(snapshot, event, xstateScope as never) as AnyMachineSnapshot);
    if (isSwallowed(event, this.#host.transitions)) throw event["error"];
    if (this.#host.transitions.length === 0 && next.status === "active" && mail !== undefined) this.#unhandled(mail, event);
    this.#computed(next);
  }

  /** A timer of a child's is due, or its work has ended. What it tells the machine is taken in the same turn where that is all. */
  #stepBelow(internal: InternalEvent): void {
    const host = this.#host;
    host.settle(() => host.deliver(internal));
    this.#next = host.snapshot;
    const [first] = host.heard;
    if (first === undefined || host.life.turn.effects.length > 0) return;
    host.heard = host.heard.slice(1);
    if (!host.isCurrent(first)) return;
    this.took = first.event;
    this.via = { ...this.via, event: whatCame(internal.event, first.event) };
    this.#step(first.event, undefined);
  }

  /** The event to compute with; undefined for what does not count. */
  #eventOf(mail: Mail): AnyEventObject | undefined {
    if (mail.kind === "signal") return mail.message as AnyEventObject;
    // It may have come in when another logic lived here.
    const refusal = refuseEvent(mail);
    if (refusal === undefined) return mail.message as AnyEventObject;
    this.#host.life.cell.kernel.bury(mail, refusal.reason);
    return undefined;
  }

  #unhandled(mail: Mail, event: AnyEventObject): void {
    if (mail.kind === "message" && this.#prepared.postpones && postponedIn(this.#host.snapshot!, event.type))
      this.#host.life.turn.postponed = true;
    else this.#unknown = mail;
  }

  #computed(next: AnyMachineSnapshot): void {
    if (next.status === "error") throw next.error;
    const { life, snapshot } = this.#host;
    if (life.cell.kernel.freeze) freezeState(next.context);
    this.#next = next;
    if (this.#host.isDurable) machineScope.settle(this.#host);
    if (next.status === "done") life.turn.collect({ kind: "exit", exit: exitOf(next, life.cell.address) });
    else if (life.stashed > 0 && !isSameValue(snapshot?.value, next.value)) life.turn.collect({ kind: "unstash" });
  }

  install(): void {
    const { life, snapshot } = this.#host;
    const { kernel, address } = life.cell;
    const next = this.#next;
    const unknown = this.#unknown;
    this.#next = undefined;
    this.#unknown = undefined;
    if (unknown !== undefined) kernel.bury(unknown, "unhandled");
    if (this.#host.isDurable) this.#installBelow();
    if (next === undefined || next === snapshot) return;
    this.#host.snapshot = next;
    if (!kernel.observed || isSameValue(snapshot?.value, next.value)) return;
    const from = snapshot === undefined ? "" : describeValue(snapshot.value);
    kernel.notify({ type: "state-changed", address, from, to: describeValue(next.value), atMs: kernel.clock.epochMs() });
  }

  #installBelow(): void {
    const host = this.#host;
    host.isTouched = false;
    host.plan.commit();
    if (host.heard.length === 0) return;
    this.#heard = [...this.#heard, ...host.heard];
    host.postHeard();
  }

  discard(): void {
    const host = this.#host;
    this.isTorn ||= host.isTouched;
    host.plan.rollback();
    host.heard = noneHeard;
    this.#next = undefined;
    this.#unknown = undefined;
    host.forgetStep(host.self);
  }

  state(): StoredMachine {
    const { machine } = this.#prepared;
    const snapshot = this.#next ?? this.#host.snapshot!;
    return storeMachine(this.#host, { machine, snapshot, heard: [...this.#heard, ...this.#host.heard, ...this.#host.results] });
  }

  label(): string | undefined {
    return this.#host.snapshot === undefined ? undefined : describeValue(this.#host.snapshot.value);
  }

  runEffect(effect: MachineEffect, late: Effect[]): unknown {
    return machineScope.perform(this.#host, effect, late);
  }

  check(mail: Mail): MessageRefusedError | undefined {
    return refuseEvent(mail);
  }

  terminate(exit: Exit): Termination | Promise<Termination> {
    return this.#options.terminate?.(this.#host.snapshot!.context as never, exit);
  }

  abort(): void {
    this.#host.abort();
  }
}

/** `meta: { postpone: ["job"] }` puts a message aside that the state does not handle (OTP: gen_statem's postpone). */
function postponedIn(snapshot: AnyMachineSnapshot, type: string): boolean {
  const nodes = snapshot._nodes as readonly AnyStateNode[];
  return nodes.some((node) => (node.meta as { postpone?: readonly string[] } | undefined)?.postpone?.includes(type) === true);
}

const noneHeard: readonly InternalEvent[] = [];
