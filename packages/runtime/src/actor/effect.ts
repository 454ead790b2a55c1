import { toFailure, type Address, type EffectRecord, type Exit, type ReplyTo, type ToolKind } from "@orgtree/core";
import { isMachineLogic } from "../machine/atomic-child.ts";
import { sourcesAbove, type ChildActor } from "../machine/child-actor.ts";
import { originOf } from "../machine/child-origin.ts";
import { splitKey, type EffectKey, type FullKey } from "../durable/effect-key.ts";
import type { Outcome } from "../kernel/asks.ts";
import { traceText, type Mail } from "./mail.ts";
import type { Work } from "./turn.ts";

/** An action or built-in of a machine, as XState hands it over: already computed, not yet run. */
export interface MachineEffect {
  readonly kind: "machine";
  readonly type: string;
  readonly params: unknown;
  /** It comes after the actions, with what the runtime does. */
  readonly late: boolean;
  readonly run: () => unknown;
}

/** Work is begun. */
export interface RunEffect {
  readonly kind: "run";
  readonly tag: string;
  readonly key: FullKey;
  /** Under which it stands in the books. */
  readonly place: EffectKey;
  readonly work: Work;
  /** How it is found again; undefined for a function. */
  readonly declared: DeclaredWork | undefined;
}

/** Which of the works of its logic it is. */
export interface DeclaredWork {
  readonly name: string;
  readonly input: unknown;
  readonly does: ToolKind;
  /** How often it was begun anew, after it was taken back. From 1. */
  readonly attempt: number;
}

/** A question is answered; `key` where the answer is owed until it is taken. */
export type ReplyEffect =
  | { readonly kind: "reply"; readonly to: ReplyTo; readonly value: unknown; readonly key: EffectKey | undefined }
  | { readonly kind: "refuse"; readonly to: ReplyTo; readonly error: Error; readonly key: EffectKey | undefined };

/** What a turn wants done once it is committed. A tell or an ask is the mail itself. */
export type Effect =
  | Mail
  | MachineEffect
  | ReplyEffect
  | { readonly kind: "deliver"; readonly mail: Mail }
  | { readonly kind: "ask"; readonly mail: Mail; readonly tag: string; readonly askId: number; readonly timeoutMs: number }
  | { readonly kind: "watch"; readonly address: Address }
  | { readonly kind: "unwatch"; readonly address: Address }
  | { readonly kind: "timer"; readonly name: string; readonly delayMs: number }
  | { readonly kind: "cancel-timer"; readonly name: string }
  | RunEffect
  | { readonly kind: "exit"; readonly exit: Exit }
  | { readonly kind: "unstash" }
  | { readonly kind: "checkpoint"; readonly name: string }
  | { readonly kind: "join"; readonly group: string }
  | { readonly kind: "leave"; readonly group: string }
  | { readonly kind: "publish"; readonly group: string; readonly message: unknown }
  | { readonly kind: "register"; readonly name: string }
  | { readonly kind: "emit"; readonly event: { readonly type: string } };

/** How a question ends by it. */
export function outcomeOf(effect: ReplyEffect): Outcome {
  return effect.kind === "reply" ? { value: effect.value } : { error: effect.error };
}

/** False for what only follows from others: that a machine's timer is set in the end, that a child begins in the end. */
export function isRecorded(effect: Effect): boolean {
  return effect.kind !== "machine" || !effect.type.startsWith("orgtree.");
}

/** An effect as it is stored, but for the key, which follows from its place in the turn. */
export type DescribedEffect = Omit<EffectRecord, "key">;

/** An effect as it is stored, without what cannot be written down. */
export function describeEffect(effect: Effect): DescribedEffect {
  switch (effect.kind) {
    case "message":
    case "signal":
    case "internal":
      return { kind: "tell", detail: { to: effect.to, message: effect.message, trace: traceText(effect.trace) } };
    case "deliver":
      return { kind: "deliver", detail: { to: effect.mail.to, message: effect.mail.message } };
    case "ask": {
      const { mail, tag, timeoutMs } = effect;
      return { kind: "ask", detail: { to: mail.to, message: mail.message, tag, timeoutMs } };
    }
    case "machine":
      return { kind: effect.type, detail: describeParams(effect) };
    case "run":
      return { kind: "run", detail: describeWork(effect) };
    case "refuse":
      return { kind: "refuse", detail: { to: effect.to, failure: toFailure(effect.error) } };
    default: {
      const { kind, ...detail } = effect;
      return { kind, detail };
    }
  }
}

/** What takes it back has to know its key: work that was begun anew keeps that of its first beginning, with the attempt. */
function describeWork({ tag, place, declared }: RunEffect): object {
  if (declared === undefined) return { tag, name: undefined, input: undefined };
  const { name, input, does, attempt } = declared;
  return { tag, name, input, does, ...(attempt === 1 ? {} : { place, attempt }) };
}

/** Actors cannot be written down: a child is known by its id, its source and its input. */
function describeParams({ type, params }: MachineEffect): unknown {
  switch (type) {
    case "xstate.spawnChild":
      return { ...describeChild(params), ...describeOrigin((params as { readonly actorRef: ChildActor }).actorRef) };
    case "xstate.stopChild":
      return describeChild(params);
    case "xstate.sendTo": {
      const { to, event, id, delay } = params as { to: unknown; event: unknown; id?: unknown; delay?: unknown };
      return { to: typeof to === "object" && to !== null ? (to as { id?: unknown }).id : to, event, id, delay };
    }
    case "xstate.log":
      // The value is for people, and may be the whole context.
      return { label: (params as { label?: unknown }).label };
    default:
      return params;
  }
}

function describeChild(params: unknown): object {
  const { id, src, systemId, input } = (params ?? {}) as Readonly<Record<string, unknown>>;
  return { id, src: typeof src === "string" ? src : undefined, systemId, input };
}

/** What takes its work back has to know what it does, whose child it is, and, of work that was begun anew, the key of its first beginning. */
function describeOrigin(child: ChildActor): object {
  const origin = originOf(child);
  const { does: declared, attempt = 1 } = origin ?? {};
  // What a machine does is on record with its own actions and children.
  const does = isMachineLogic(child.logic) ? "pure" : declared;
  const within = sourcesAbove(child);
  return {
    ...(does === undefined ? {} : { does }),
    ...(within.length === 0 ? {} : { within }),
    ...(origin === undefined || attempt === 1 ? {} : { place: splitKey(origin.key).inner, attempt }),
  };
}
