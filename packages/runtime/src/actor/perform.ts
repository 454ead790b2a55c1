import { isPermitted, toFailure, type Address, type Failure } from "@orgtree/core";
import type { EffectKey } from "../durable/effect-key.ts";
import { answered, type Answerer } from "../kernel/asks.ts";
import { isBuiltin } from "../machine/child-actor.ts";
import { outcomeOf, type Effect, type MachineEffect, type ReplyEffect } from "./effect.ts";
import type { Incarnation } from "./incarnation.ts";
import { Mail, type Trace } from "./mail.ts";
import type { Signal } from "./signal.ts";
import { checkStored } from "./store-door.ts";
import { isThenable } from "./thenable.ts";

/**
 * Carries out the effects of a committed turn.
 *
 * A machine's own actions come first, in their order; what the runtime and XState do for it (tells, spawns, timers) comes
 * after them, as XState itself defers it. So an action that throws leaves none of the turn's managed effects behind: they
 * are given back as `pending`, for the directive to decide on. Actions of the user's behind it do not run.
 */
export function performEffects(life: Incarnation, effects: readonly Effect[]): Undone | undefined {
  if (life.body!.runEffect === undefined) return performManaged(life, effects);
  const managed: Effect[] = [];
  for (let at = 0; at < effects.length; at++) {
    const effect = effects[at]!;
    if (life.phase === "ended") return abandonEffects(life, [...managed, ...effects.slice(at)]);
    if (effect.kind !== "machine" || effect.late) {
      managed.push(effect);
      continue;
    }
    const failure = runAction(life, effect, managed);
    if (failure !== undefined) return { failure, pending: [...managed, ...effects.slice(at + 1).filter(isManaged)] };
  }
  return performManaged(life, managed);
}

/** What the runtime does itself for a turn, or for what a failed turn left pending. */
export function performManaged(life: Incarnation, effects: readonly Effect[]): Undone | undefined {
  for (let at = 0; at < effects.length; at++) {
    if (life.phase === "ended") return abandonEffects(life, effects.slice(at));
    try {
      performEffect(life, effects[at]!);
    } catch (error) {
      // A name that somebody else took since the turn was computed, or what cannot be done for a reason of the user's.
      abandonEffects(life, [effects[at]!]);
      return { failure: toFailure(error, life.cell.address), pending: effects.slice(at + 1) };
    }
  }
  return undefined;
}

/** Why the effects of a turn were not all carried out, and which of them are left. */
export interface Undone {
  readonly failure: Failure;
  readonly pending: readonly Effect[];
}

/** Effects that come to nothing: of a turn that failed, or of an incarnation that ended. Their mail is lost. */
export function abandonEffects(life: Incarnation, effects: readonly Effect[]): undefined {
  const { kernel } = life.cell;
  for (const effect of effects) {
    if (effect.kind === "message") kernel.bury(effect, "turn-aborted");
    else if (effect.kind === "ask" || effect.kind === "deliver") kernel.bury(effect.mail, "turn-aborted");
    else if (effect.kind === "publish") for (const mail of copiesOf(life, effect)) kernel.bury(mail, "turn-aborted");
  }
}

function isManaged(effect: Effect): boolean {
  return effect.kind !== "machine" || effect.late || isBuiltin(effect.type);
}

/** An action function of the user's, or the first half of a built-in, which defers its second half to `late`. */
function runAction(life: Incarnation, effect: MachineEffect, late: Effect[]): Failure | undefined {
  try {
    const result = life.body!.runEffect!(effect, late);
    if (isThenable(result)) watchAction(life, result);
    return undefined;
  } catch (error) {
    return toFailure(error, life.cell.address);
  }
}

/** XState forgets the promise of an async action, and a rejection would end the process. */
function watchAction(life: Incarnation, promise: PromiseLike<unknown>): void {
  promise.then(undefined, (error: unknown) => life.failLater(error));
}

/** Carries out one effect of the runtime's. */
function performEffect(life: Incarnation, effect: Effect): void {
  const { kernel, address } = life.cell;
  switch (effect.kind) {
    case "message":
    case "signal":
    case "internal":
      return kernel.send(effect);
    case "machine":
      return performLate(life, effect);
    case "deliver":
      return kernel.send(effect.mail);
    case "ask":
      return openAsk(life, effect);
    case "reply":
    case "refuse":
      return reply(life, effect);
    case "watch":
      return watch(life, effect.address);
    case "unwatch":
      return kernel.watches.remove(address, effect.address);
    case "timer":
      return setTimer(life, effect.name, effect.delayMs);
    case "cancel-timer":
      return life.holdings.cancelTimer(effect.name, kernel.timers);
    case "run":
      return run(life, effect);
    case "exit":
      life.exitWanted = effect.exit;
      return;
    case "checkpoint": // The record of the turn is the checkpoint.
      return;
    case "unstash":
      return life.unstash();
    case "join":
      return kernel.registry.join(effect.group, address);
    case "leave":
      return kernel.registry.leave(effect.group, address);
    case "publish":
      for (const mail of copiesOf(life, effect)) kernel.send(mail);
      return;
    case "register":
      return kernel.registry.register(effect.name, address);
    case "emit":
      return kernel.notify({ type: "emitted", address, event: effect.event, atMs: kernel.clock.epochMs() });
    default:
      return effect satisfies never;
  }
}

function performLate(life: Incarnation, effect: MachineEffect): void {
  const late: Effect[] = [];
  life.body?.runEffect?.(effect, late);
  for (const next of late) performEffect(life, next);
}

function reply(life: Incarnation, effect: ReplyEffect): void {
  const { to, key } = effect;
  const { kernel, address } = life.cell;
  kernel.answer(to, outcomeOf(effect), { address, key, trace: life.trace() });
  life.closeAsk(to.askId);
}

/** Asks; the answer, or why there is none, comes as a signal. */
export function openAsk(
  life: Incarnation,
  question: { readonly mail: Mail; readonly tag: string; readonly askId: number; readonly timeoutMs: number },
): void {
  const { kernel } = life.cell;
  const { mail, tag, askId, timeoutMs } = question;
  const about = { trace: mail.trace, key: mail.key };
  const asker = {
    resolve: (value: unknown, by?: Answerer) => tellLife(life, answered({ type: "orgtree.reply", tag, value }, by), about),
    reject: (error: Error, by?: Answerer) => tellLife(life, answered({ type: "orgtree.ask-failed", tag, error }, by), about),
  };
  kernel.asks.open(asker, mail, { timeoutMs, askId });
  kernel.send(mail);
}

/** What a signal belongs to, and the key of what it is about. */
export interface About {
  readonly trace: Trace;
  readonly key?: EffectKey | undefined;
}

/** A signal for this incarnation only: a later one at the same address has not asked for it. False when it is over. */
export function tellLife(life: Incarnation, signal: Signal, { trace, key }: About): boolean {
  return life.phase !== "ended" && life.cell.signal(signal, trace, key);
}

/** Watches another actor; says at once when there is none. */
export function watch(life: Incarnation, target: Address): void {
  const { kernel, address } = life.cell;
  if (kernel.cells.has(target) || kernel.remote?.watches.watch(target) === true) return kernel.watches.add(address, target);
  const failure: Failure = { class: "crash", kind: "no-process", name: "NoProcess", message: `no actor at ${target}`, address: target };
  tellLife(life, { type: "orgtree.down", address: target, incarnation: 0, exit: { kind: "failure", failure } }, { trace: life.trace() });
}

/** Sets a named timer. */
export function setTimer(life: Incarnation, name: string, delayMs: number): void {
  const { timers } = life.cell.kernel;
  const trace = life.trace();
  const signal = { type: "orgtree.timer", name } as const;
  const timer = timers.set(delayMs, () => tellLife(life, signal, { trace }));
  life.holdings.setTimer(signal, timer, timers);
}

function run(life: Incarnation, { tag, key, place, work }: Extract<Effect, { kind: "run" }>): void {
  const { address, budget, kernel } = life.cell;
  const context = { signal: life.holdings.signal, key: kernel.outwardKey(key), address, budget };
  const about = { trace: life.trace(), key: place };
  // Begun in a promise, so that work which throws at once fails like any other.
  Promise.resolve(context)
    .then((given) => (life.phase === "ended" ? undefined : work(given)))
    .then(
      (output) => tellLife(life, doneWith(life, tag, output), about),
      (error: unknown) => tellLife(life, { type: "orgtree.failed", tag, failure: toFailure(error, address) }, about),
    );
}

/** A result that cannot be stored is none: the work has failed. */
function doneWith(life: Incarnation, tag: string, output: unknown): Signal {
  const { kernel, address } = life.cell;
  try {
    checkStored(kernel, output, `the result of work "${tag}" of ${address}`);
    return { type: "orgtree.done", tag, output };
  } catch (error) {
    return { type: "orgtree.failed", tag, failure: toFailure(error, address) };
  }
}

/** One mail for each member of the group but the sender. */
function copiesOf(life: Incarnation, { group, message }: Extract<Effect, { kind: "publish" }>): readonly Mail[] {
  const { kernel, address } = life.cell;
  const trace = life.trace();
  // Checked again: somebody may have joined since the turn was computed.
  const others = kernel.registry.members(group).filter((to) => to !== address && isPermitted(life.cell.spec.recipients, to));
  return others.map((to) => new Mail("message", { to, from: address, trace }, message));
}
