import { checkExit, readFailure, type Address, type Exit, type Failure } from "@orgtree/core";
import type { Answer } from "../durable/books.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import { readNews, readOrder, writeNews, writeOrder, type News, type Order } from "./placement.ts";

/**
 * What one system sends another. `message`: for an actor, with a question where `askId` is there. `answer`: to a question. `taken`: the
 * recipient has stored what it was sent under this key. `watch` and `unwatch`: whether this system wants to hear of an actor's end;
 * `down`: it has ended. `order` and `news`: about a child whose supervisor lives in the other system.
 */
export type Parcel =
  | MessageParcel
  | Order
  | News
  | {
      readonly type: "answer";
      readonly askId: number;
      /** Who asked; undefined for somebody outside of the tree. */
      readonly to: Address | undefined;
      readonly answer: Answer;
      readonly by: Address;
      /** Set where the answer is owed until it was taken. */
      readonly key: EffectKey | undefined;
    }
  | { readonly type: "taken"; readonly from: Address; readonly key: EffectKey }
  | { readonly type: "watch" | "unwatch"; readonly target: Address }
  | { readonly type: "down"; readonly target: Address; readonly incarnation: number; readonly exit: Exit };

/** A message on its way to another system. */
export interface MessageParcel {
  readonly type: "message";
  readonly to: Address;
  readonly from: Address | undefined;
  readonly message: unknown;
  readonly trace: string;
  readonly key: EffectKey | undefined;
  readonly askId: number | undefined;
  /** Milliseconds in which the question is answered, from now on; undefined for no limit. */
  readonly leftMs: number | undefined;
}

const types = ["message", "answer", "taken", "watch", "unwatch", "down", "order", "news"] as const;

/** A parcel as an array of plain data: the number of its type, and its fields in order. */
export function writeParcel(parcel: Parcel): readonly unknown[] {
  const type = types.indexOf(parcel.type);
  switch (parcel.type) {
    case "message": {
      const { to, from, message, trace, key, askId, leftMs } = parcel;
      if (askId !== undefined) return [type, to, from, message, trace, key, askId, leftMs];
      return key === undefined ? [type, to, from, message, trace] : [type, to, from, message, trace, key];
    }
    case "answer":
      return [type, parcel.askId, parcel.to, parcel.answer, parcel.by, parcel.key];
    case "taken":
      return [type, parcel.from, parcel.key];
    case "watch":
    case "unwatch":
      return [type, parcel.target];
    case "down":
      return [type, parcel.target, parcel.incarnation, parcel.exit];
    case "order":
      return [type, ...writeOrder(parcel)];
    case "news":
      return [type, ...writeNews(parcel)];
    default:
      return parcel satisfies never;
  }
}

/** Reads a parcel. Throws `TypeError` for what is none: whoever can send may send anything. */
export function readParcel(body: unknown): Parcel {
  if (!Array.isArray(body)) throw new TypeError("it is no parcel");
  const [number, ...fields] = body as readonly unknown[];
  const type = types[number as number];
  const parcel = type === undefined ? undefined : readFields(type, fields);
  if (parcel === undefined) throw new TypeError(`it is no parcel of type ${type ?? String(number)}`);
  return parcel;
}

function readFields(type: Parcel["type"], fields: readonly unknown[]): Parcel | undefined {
  const [first, second, third, fourth, fifth, sixth, seventh] = fields;
  switch (type) {
    case "message": {
      const isMessage = isAddress(first) && isOptional(isAddress, second) && typeof fourth === "string" && isOptional(isKey, fifth);
      if (!isMessage || !isOptional(isCount, sixth) || !isOptional(isDuration, seventh)) return undefined;
      return { type, to: first, from: second, message: third, trace: fourth, key: fifth, askId: sixth, leftMs: seventh };
    }
    case "answer":
      if (!isCount(first) || !isOptional(isAddress, second) || !isAddress(fourth) || !isOptional(isKey, fifth)) return undefined;
      return { type, askId: first, to: second, answer: readAnswer(third), by: fourth, key: fifth };
    case "taken":
      return isAddress(first) && isKey(second) ? { type, from: first, key: second } : undefined;
    case "watch":
    case "unwatch":
      return isAddress(first) ? { type, target: first } : undefined;
    case "down":
      return isAddress(first) && isCount(second) ? { type, target: first, incarnation: second, exit: checkExit(third as Exit) } : undefined;
    case "order":
      return readOrder(fields);
    case "news":
      return readNews(fields);
    default:
      return type satisfies never;
  }
}

/** Throws `TypeError` for what is none. */
function readAnswer(value: unknown): Answer {
  if (!isRecord(value)) throw new TypeError("an answer has a value or a failure");
  return Object.hasOwn(value, "failure") ? { failure: readFailure(value["failure"]) } : { value: value["value"] };
}

function isOptional<T>(is: (value: unknown) => value is T, value: unknown): value is T | undefined {
  return value === undefined || is(value);
}

function isAddress(value: unknown): value is Address {
  return typeof value === "string" && value.startsWith("/");
}

function isKey(value: unknown): value is EffectKey {
  return typeof value === "string" && /^\d+\.\d+$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** What an actor failed with, for somebody who only knows that it is gone. */
export function nodeLost(target: Address, problem: string): Failure {
  return { class: "node-lost", name: "NodeLost", message: `the process of ${target} is gone: ${problem}`, address: target };
}
