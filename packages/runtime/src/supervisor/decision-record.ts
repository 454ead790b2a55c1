import type { Address, ReplyTo, SupervisionEvent, SupervisionStep } from "@orgtree/core";
import type { ReplyEffect } from "../actor/effect.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import type { Mail } from "../actor/mail.ts";
import { makeRecord } from "../actor/turn-record.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { Logic } from "../logic.ts";

/** A decision of a supervisor as it is stored, before it is carried out. */
export function makeDecisionRecord(
  life: Incarnation,
  decision: Pick<TurnRecord, "books" | "state" | "ends"> & {
    readonly event: SupervisionEvent<Logic>;
    readonly steps: readonly SupervisionStep[];
  },
): TurnRecord {
  const { event, steps, ...parts } = decision;
  const { key, from } = mailOf(event) ?? {};
  const type = event.kind === "call" ? event.call.kind : event.kind;
  return makeRecord(life, {
    ...parts,
    cause: { kind: "decision", key, type, from, message: describeEvent(event) },
    atMs: life.cell.kernel.clock.epochMs(),
    effects: steps.map((step) => ({ kind: step.kind, detail: describeStep(step) })),
    isFresh: event.kind === "begin",
    logic: undefined,
  });
}

/** The message or the signal that an event came as. */
export function mailOf(event: SupervisionEvent<Logic>): Mail | undefined {
  return "reply" in event ? (event.reply as Mail | undefined) : undefined;
}

/** Of whom a restored supervisor knows that he waits for an answer: actors, whose questions have a key. */
export interface StoredReply {
  readonly from: Address;
  readonly replyTo: ReplyTo;
  readonly key: EffectKey;
}

/** A reply token in a form that another process understands; nothing of who is gone with this one. */
export function storeReply(reply: unknown): StoredReply | undefined {
  const { from, replyTo, key } = (reply ?? {}) as Partial<Mail>;
  return from === undefined || replyTo === undefined || key === undefined ? undefined : { from, replyTo, key };
}

/** The answer to a call; it is owed, under `key`, where an actor asked. Nothing where nobody did. */
export function replyEffect({ reply, result }: SupervisionStep & { kind: "reply" }, key: EffectKey | undefined): ReplyEffect | undefined {
  const mail = reply as Mail | undefined;
  if (mail?.replyTo === undefined) return undefined;
  const owed = { to: mail.replyTo, key: mail.key === undefined ? undefined : key };
  return result.ok ? { kind: "reply", value: result.value, ...owed } : { kind: "refuse", error: result.error, ...owed };
}

/** What a supervisor decided about, as it is stored: specifications are code. */
function describeEvent(event: SupervisionEvent<Logic>): unknown {
  switch (event.kind) {
    case "call": {
      const { call } = event;
      if (call.kind === "start-child")
        return { id: call.spec.id, input: call.spec.input, ...(call.isFresh === true ? { fresh: true } : {}) };
      return "id" in call ? { id: call.id } : undefined;
    }
    case "exited":
      return { id: event.id, exit: event.exit };
    case "specification-changed":
      return { added: event.added, removed: event.removed };
    case "replanned":
      return { plan: event.plan };
    case "replan-failed":
      return { failure: event.failure };
    case "failed":
    case "start-failed":
      return { id: event.id, failure: event.failure };
    default:
      return "id" in event ? { id: event.id } : undefined;
  }
}

/** A step as it is stored: where an answer goes and what it says is between the caller and this process. */
export function describeStep({ kind: _kind, ...detail }: SupervisionStep): object {
  return "reply" in detail ? {} : detail;
}
