import { fromCallback, type AnyActorLogic, type AnyActorScope, type AnyEventObject } from "xstate";
import { childOf, isOver, type ChildActor } from "./child-actor.ts";
import { describeWork } from "../actor/unknown-outcome.ts";
import { recoveryOf, kindOfWork, type WorkDefinition } from "../actor/work.ts";
import { answered, noteAttempt, noteOrigin, noteWork, originOf, repeating, undoing, type Origin } from "./child-origin.ts";
import { outwardKeyOf, workOf } from "./from-work.ts";
import type { MachineHost } from "./machine-host.ts";
import { hostOf } from "./machine-self.ts";
import { isPromise } from "./promise-logic.ts";

/** What failed outside of a child's own step comes to it as this event: it ends, and its parent hears of it. */
export const actionFailed = "orgtree.action-failed";

/** The work of a child was taken back, and begins once more when that is stored. */
export const workUndone = "orgtree.work-undone";

const durable = new WeakMap<AnyActorLogic, AnyActorLogic>();

/**
 * The logic of a child that is no machine, under a durable actor: a promise, a callback, an observable. What it does to the world is
 * begun, told and ended as effects of the turn that wants it, after the commit; what the machine knows of it changes at once.
 */
export function leafLogic(logic: AnyActorLogic): AnyActorLogic {
  let found = durable.get(logic);
  if (found === undefined) {
    durable.set(logic, (found = makeDurable(logic)));
    durable.set(found, found);
  }
  return found;
}

type Snapshot = { readonly status: string };

function makeDurable(logic: AnyActorLogic): AnyActorLogic {
  const leaf = Object.create(logic) as AnyActorLogic;
  if (logic.start !== undefined) leaf.start = (_state, scope) => start(logic, scope as AnyActorScope);
  leaf.transition = (state: Snapshot, event: AnyEventObject, scope: AnyActorScope) => {
    const host = hostOf(scope.self)!;
    const child = childOf(scope.self);
    if (event.type === "xstate.stop") return stop(host, child, state);
    const next = step(logic, { state, event, scope });
    // It has ended by itself.
    if (next.status !== "active") host.working.delete(child);
    return next;
  };
  return leaf;
}

interface Step {
  readonly state: Snapshot;
  readonly event: AnyEventObject;
  readonly scope: AnyActorScope;
}

function step(logic: AnyActorLogic, { state, event, scope }: Step): Snapshot {
  if (event.type === actionFailed) return { ...state, status: "error", error: event["error"], input: undefined } as Snapshot;
  const host = hostOf(scope.self)!;
  if (event.type === workUndone) return repeat(host, childOf(scope.self), state);
  if (!host.settling || !isCallback(logic)) return logic.transition(state, event, scope) as Snapshot;
  const child = childOf(scope.self);
  const tell = (): unknown => logic.transition(state, event, host.working.get(child)?.scope ?? scope);
  later(host, { type: "orgtree.tell-child", child }, tell);
  return state;
}

function start(logic: AnyActorLogic, scope: AnyActorScope): void {
  const child = childOf(scope.self);
  const host = hostOf(scope.self)!;
  const begin = (): void => {
    const state = child.getSnapshot() as Snapshot;
    if (isOver(child) || state.status !== "active") return;
    host.working.set(child, { scope, stop: () => void logic.transition(state, { type: "xstate.stop" }, scope) });
    logic.start!(state, scope);
  };
  if (host.returning === "taking-over") return;
  if (host.returning === "resumed") return resume(logic, { host, child, begin });
  // One that an action function made itself is past all turns.
  if (!host.settling) return begin();
  // Of a child of the machine itself the record knows already.
  const isKnown = originOf(child) !== undefined;
  if (!isKnown) noteOrigin(child, host.life);
  const work = workOf(logic);
  if (work !== undefined) noteWork(child, known(work, child));
  later(host, { type: isKnown ? "orgtree.begin-child" : "xstate.spawnChild", child }, begin);
}

/** What is stored of work that begins. */
function known(work: WorkDefinition<unknown, unknown>, child: ChildActor): Pick<Origin, "does" | "what"> {
  const input = inputOf(child);
  const does = kindOfWork(work, input);
  if (work.describe === undefined || does === "pure" || does === "idempotent") return { does };
  const name = String(child.src);
  return { does, what: describeWork(work, { id: name, name, input }) };
}

/** What a child does when its machine is there again: it goes on, begins anew, or nobody knows whether it did what it was to do. */
function resume(logic: AnyActorLogic, given: { readonly host: MachineHost; readonly child: ChildActor; readonly begin: () => void }): void {
  const { host, child, begin } = given;
  if (answered.has(child)) return;
  const told = isPromise(logic) ? originOf(child)?.told : undefined;
  if (told === "not-done") repeating.add(child);
  else if (told !== undefined) return attempt(host, child, () => adopt(logic, { host, child, value: told.value }));
  const recovery = isPromise(logic) && told === undefined ? recoveryOf(originOf(child)?.does ?? "irreversible", workOf(logic)) : "begin";
  if (recovery === "unknown") return host.lose(child);
  if (recovery === "undo") undoing.add(child);
  attempt(host, child, begin);
}

/** The work has come to what somebody says who has looked. */
function adopt(
  logic: AnyActorLogic,
  { host, child, value }: { readonly host: MachineHost; readonly child: ChildActor; readonly value: unknown },
): void {
  const { adopt } = workOf(logic) ?? {};
  const data = adopt === undefined ? value : adopt(value, { input: inputOf(child), key: outwardKeyOf(host, child) });
  host._relay(child, child, { type: "xstate.promise.resolve", data });
}

/** The next attempt is stored with this turn, and begins after it. */
function repeat(host: MachineHost, child: ChildActor, state: Snapshot): Snapshot {
  noteAttempt(child);
  // On record, since it has to be taken back by itself.
  later(host, { type: "xstate.spawnChild", child }, () => host.working.get(child)?.again?.());
  return state;
}

function inputOf(child: ChildActor): unknown {
  return (child.getSnapshot() as { readonly input?: unknown }).input;
}

function stop(host: MachineHost, child: ChildActor, state: Snapshot): Snapshot {
  const halt = (): void => host.working.halt(child);
  // Whether it has begun is known when the effects before this one have happened.
  if (host.settling) later(host, { type: "orgtree.stop-child", child, isLast: true }, halt);
  else halt();
  return { ...state, status: "stopped" };
}

interface LeafEffect {
  readonly type: string;
  readonly child: ChildActor;
  /** Nobody waits for it any more: what it throws is only logged. */
  readonly isLast?: boolean;
}

function later(host: MachineHost, { type, child, isLast = false }: LeafEffect, run: () => unknown): void {
  const guarded = (): void => attempt(host, isLast ? undefined : child, run);
  host.life.turn.collect({ kind: "machine", type, params: describeChild(child), late: true, run: guarded });
}

function describeChild(child: ChildActor): object {
  const { id, systemId, src, options } = child;
  // Of a child that is there again XState has forgotten with what it was made.
  return { id, systemId, src, input: options.input ?? inputOf(child), actorRef: child };
}

function attempt(host: MachineHost, child: ChildActor | undefined, run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (child !== undefined) return host._relay(undefined, child, { type: actionFailed, error });
    const { address, kernel } = host.life.cell;
    kernel.logger.warn({ err: error, address }, "a child of a machine failed too late to matter");
  }
}

// XState does not say which of its logics one is; what it makes by the same function has the same text.
const callbackText = String(fromCallback(() => {}).transition);

function isCallback(logic: AnyActorLogic): boolean {
  return String(logic.transition) === callbackText;
}
