import { rootAddress, toFailure, type Address, type Failure } from "@orgtree/core";
import type { Incarnation } from "./incarnation.ts";
import type { Effect, MachineEffect } from "./effect.ts";
import { Mail } from "./mail.ts";
import type { Signal } from "./signal.ts";
import type { Work } from "./turn.ts";

/**
 * Carries out the effects of a committed turn.
 *
 * A machine's own actions come first, in their order; what the runtime does for it (tells, spawns, timers) comes after
 * them, as XState itself defers it. So an action that throws leaves none of the turn's managed effects behind: they are
 * given back as `pending`, for the directive to decide on.
 */
export function performEffects(life: Incarnation, effects: readonly Effect[]): { failure: Failure; pending: readonly Effect[] } | undefined {
  const late: Effect[] = [];
  for (const [at, effect] of effects.entries()) {
    if (effect.kind !== "machine") {
      late.push(effect);
      continue;
    }
    const failure = runAction(life, effect, late);
    if (failure !== undefined) return { failure, pending: [...late, ...effects.slice(at + 1).filter((rest) => rest.kind !== "machine")] };
  }
  for (const effect of late) performEffect(life, effect);
  return undefined;
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Carries out one effect of the runtime's. */
export function performEffect(life: Incarnation, effect: Effect): void {
  const { kernel, address } = life.cell;
  switch (effect.kind) {
    case "message":
    case "signal":
    case "internal":
      return kernel.send(effect);
    case "machine":
      return performLate(life, effect);
    case "ask":
      return ask(life, effect);
    case "reply":
      return replied(life, effect, kernel.asks.resolve(effect.to, effect.value));
    case "refuse":
      return replied(life, effect, kernel.asks.reject(effect.to, effect.error));
    case "watch":
      return watch(life, effect.address);
    case "unwatch":
      return kernel.watches.remove(address, effect.address);
    case "timer":
      return setTimer(life, effect.name, effect.delayMs);
    case "cancel-timer":
      return life.holdings.cancelTimer(effect.name, kernel.timers);
    case "run":
      return run(life, effect.tag, effect.work);
    case "exit":
      life.exitWanted = effect.exit;
      return;
    case "unstash":
      return life.unstash();
    case "join":
      return kernel.registry.join(effect.group, address);
    case "leave":
      return kernel.registry.leave(effect.group, address);
    case "publish":
      return publish(life, effect.group, effect.message);
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

/** An answer that nobody waits for any more is a lost message like any other. */
function replied(life: Incarnation, effect: Extract<Effect, { kind: "reply" | "refuse" }>, wasAwaited: boolean): void {
  life.holdings.closeAsk(effect.to.askId);
  if (wasAwaited) return;
  const { kernel, address } = life.cell;
  const route = { to: effect.to.address ?? rootAddress, from: address, trace: life.trace() };
  kernel.bury(new Mail("message", route, effect.kind === "reply" ? effect.value : effect.error), "late-reply");
}

function ask(life: Incarnation, effect: Extract<Effect, { kind: "ask" }>): void {
  const { kernel, address } = life.cell;
  const { mail, tag, timeoutMs } = effect;
  const asker = {
    resolve: (value: unknown) => tellLife(life, { type: "orgtree.reply", tag, value }),
    reject: (error: Error) => tellLife(life, { type: "orgtree.ask-failed", tag, error }),
  };
  mail.replyTo = kernel.asks.open(asker, address, { to: mail.to, timeoutMs });
  mail.deadlineMs = kernel.clock.nowMs() + timeoutMs;
  kernel.send(mail);
}

/** A signal for this incarnation only: a later one at the same address has not asked for it. */
function tellLife(life: Incarnation, signal: Signal): void {
  if (life.phase !== "ended") life.cell.signal(signal);
}

function watch(life: Incarnation, target: Address): void {
  const { kernel, address } = life.cell;
  if (kernel.cells.has(target)) return kernel.watches.add(address, target);
  const failure: Failure = { class: "crash", kind: "no-process", name: "NoProcess", message: `no actor at ${target}`, address: target };
  life.cell.signal({ type: "orgtree.down", address: target, incarnation: 0, exit: { kind: "failure", failure } });
}

function setTimer(life: Incarnation, name: string, delayMs: number): void {
  const { kernel } = life.cell;
  const timer = kernel.timers.set(delayMs, () => {
    life.holdings.timerFired(name);
    tellLife(life, { type: "orgtree.timer", name });
  });
  life.holdings.setTimer(name, timer, kernel.timers);
}

function run(life: Incarnation, tag: string, work: Work): void {
  const { address, budget } = life.cell;
  const context = { signal: life.holdings.signal, key: life.nextKey(), address, budget };
  // Begun in a promise, so that work which throws at once fails like any other.
  Promise.resolve(context)
    .then(work)
    .then(
      (output) => tellLife(life, { type: "orgtree.done", tag, output }),
      (error: unknown) => tellLife(life, { type: "orgtree.failed", tag, failure: toFailure(error, address) }),
    );
}

function publish(life: Incarnation, group: string, message: unknown): void {
  const { kernel, address } = life.cell;
  const trace = life.trace();
  for (const member of kernel.registry.members(group)) {
    if (member !== address) kernel.send(new Mail("message", { to: member, from: address, trace }, message));
  }
}
