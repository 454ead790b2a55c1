import type { Address, ReplyTo } from "@orgtree/core";
import type { AnyActorRef, EventObject, MachineContext } from "xstate";
import { hostOf } from "./machine-self.ts";
import type { Turn } from "../actor/turn.ts";

/** What an action is given of the machine. */
export interface TurnArgs<C, E> {
  readonly context: C;
  readonly event: E;
}

/** Any value that may be sent. Not `unknown`, which would swallow the function beside it and its inference. */
export type Sendable = object | string | number | boolean | bigint | null | undefined;

/** A value, or how to get it from context and event. */
export type From<C, E, T> = T | ((args: TurnArgs<C, E>) => T);

/** An action for `actions`, `entry` and `exit` of a machine under orgtree. */
export type TurnAction<C extends MachineContext, E extends EventObject> = (
  args: TurnArgs<C, E> & { readonly self: unknown },
  params?: unknown,
) => void;

/**
 * An action that asks the runtime for something. Unlike an action function of your own it is computed with the turn, so
 * it is in the turn's record and nothing of it happens when the turn fails.
 *
 * @example
 * entry: act((turn, { context }) => turn.tell("/desk/editor", { type: "draft", text: context.text }))
 */
export function act<C extends MachineContext, E extends EventObject>(
  collect: (turn: Turn, args: TurnArgs<C, E>) => void,
): TurnAction<C, E> {
  const action = (): never => {
    throw new Error("an action made with act() works only in a machine under orgtree, not in createActor");
  };
  // The shape of XState's built-in actions: `resolve` is called while the step is computed.
  const resolve = (
    scope: { readonly self: unknown },
    snapshot: unknown,
    args: TurnArgs<C, E>,
  ): readonly [unknown, undefined, undefined] => {
    const host = hostOf(scope.self) ?? action();
    if (scope.self !== host.self) throw new Error("a child of a machine has no turn of its own: let it tell its machine with sendParent");
    collect(host.life.turn, args);
    return [snapshot, undefined, undefined];
  };
  return Object.assign(action, { type: "orgtree.act", resolve });
}

/** Tells another actor. */
export function tell<C extends MachineContext, E extends EventObject>(
  to: From<C, E, Address>,
  message: From<C, E, Sendable>,
): TurnAction<C, E> {
  return act((turn, args) => turn.tell(valueOf(to, args), valueOf(message, args)));
}

/** Asks another actor; the answer comes as the event `orgtree.reply` or `orgtree.ask-failed` with this tag. */
export function ask<C extends MachineContext, E extends EventObject>(
  to: From<C, E, Address>,
  message: From<C, E, Sendable>,
  options: { readonly tag: string; readonly timeoutMs?: number },
): TurnAction<C, E> {
  return act((turn, args) => turn.ask(valueOf(to, args), valueOf(message, args), options));
}

/** Answers the ask of this turn, or an earlier one kept with `currentAsk`. */
export function reply<C extends MachineContext, E extends EventObject>(
  value: From<C, E, Sendable>,
  to?: From<C, E, ReplyTo | undefined>,
): TurnAction<C, E> {
  return act((turn, args) => turn.reply(valueOf(value, args), to === undefined ? turn.replyTo : valueOf(to, args)));
}

/** Asks for one `orgtree.down` when the actor at this address ends. */
export function watch<C extends MachineContext, E extends EventObject>(address: From<C, E, Address>): TurnAction<C, E> {
  return act((turn, args) => turn.watch(valueOf(address, args)));
}

/** Tells every other member of a group. */
export function publish<C extends MachineContext, E extends EventObject>(
  group: From<C, E, string>,
  message: From<C, E, Sendable>,
): TurnAction<C, E> {
  return act((turn, args) => turn.publish(valueOf(group, args), valueOf(message, args)));
}

/** The ask that the current event came as, to be kept in the context: `assign({ asker: ({ self }) => currentAsk(self) })`. */
export function currentAsk(self: AnyActorRef): ReplyTo | undefined {
  return hostOf(self)?.life.turn.replyTo;
}

function valueOf<C, E, T>(from: From<C, E, T>, args: TurnArgs<C, E>): T {
  return typeof from === "function" ? (from as (args: TurnArgs<C, E>) => T)(args) : from;
}
