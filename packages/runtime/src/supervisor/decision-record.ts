import { isQuery, type Address, type ReplyTo, type SupervisionEvent, type SupervisionStep } from "@orgtree/core";
import type { Effect, ReplyEffect } from "../actor/effect.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { traceText, type Mail } from "../actor/mail.ts";
import type { Books } from "../durable/books.ts";
import { effectKey, fullKey, type EffectKey } from "../durable/effect-key.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { Logic } from "../logic.ts";

/** A decision of a supervisor as it is stored, before it is carried out. */
export function makeDecisionRecord(
  life: Incarnation,
  decision: {
    readonly event: SupervisionEvent<Logic>;
    readonly steps: readonly SupervisionStep[];
    readonly books: Books;
    readonly state: unknown;
    readonly ends: NonNullable<TurnRecord["ends"]>;
  },
): TurnRecord {
  const { address, seq } = life.cell;
  const { event, steps, books, state, ends } = decision;
  const asked = mailOf(event);
  const notes = life.cell.noteEffects(steps.length);
  return {
    address,
    incarnation: life.number,
    seq,
    kind: "decision",
    key: asked?.key,
    cause: event.kind === "call" ? event.call.kind : event.kind,
    from: asked?.from,
    message: describeEvent(event),
    trace: traceText(life.trace()),
    atMs: life.cell.kernel.clock.epochMs(),
    effects: [
      ...steps.map((step, at) => ({ kind: step.kind, key: fullKey(address, effectKey(seq, at)), detail: describeStep(step) })),
      ...notes,
    ],
    state,
    books,
    isFresh: event.kind === "begin",
    logic: undefined,
    mark: undefined,
    plan: life.cell.planVersion,
    ends,
  };
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

/** Stands for a step that leaves nothing owing. */
export const nothing: Effect = { kind: "unstash" };

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
function describeStep({ kind: _kind, ...detail }: SupervisionStep): object {
  return "reply" in detail ? {} : detail;
}

/** A call that only looks decides nothing that a journal would have to know. */
export function isLook(event: SupervisionEvent<Logic>): boolean {
  return event.kind === "call" && isQuery(event.call);
}
