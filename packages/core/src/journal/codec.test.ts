import { deepStrictEqual } from "node:assert/strict";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "./codec.ts";
import { NotStorableError, seal } from "./storable.ts";

class Stack extends Array<unknown> {}
class Day extends Date {}
class Bytes extends Uint8Array {}
class Job {
  readonly id = 1;
}

const half = "\ud800";
const key = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("__proto__", "constructor", "toJSON", "then", "length", "0", "1", half));
const fieldName = key.filter((name) => name !== "length");
const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 70 }), fc.constantFrom(half, `${"x".repeat(80)}${half}é`, "\u0000"));
const number = fc.oneof(fc.integer(), fc.double()).map((n) => (n === 0 ? 0 : n));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.int16Array({ maxLength: 4 }),
  fc.float64Array({ maxLength: 4 }),
  fc.bigUint64Array({ maxLength: 4 }),
  fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
  fc.uint8Array({ maxLength: 4 }).map((each) => each.slice().buffer),
  fc.uint8Array({ maxLength: 4 }).map((each) => new DataView(each.slice().buffer)),
  fc.uint8Array({ maxLength: 4 }).map((each) => Bytes.from(each)),
);
const odd = fc.constantFrom<(() => unknown)[]>(
  () => () => 1,
  () => Symbol("s"),
  () => /a/g,
  () => new Job(),
  () => Object(1) as unknown,
  () => new Day(0),
  () => Object.assign(new Date(0), { zone: "UTC" }),
  () => new Float16Array(2),
  () => new SharedArrayBuffer(2),
  () => new Uint8Array(new SharedArrayBuffer(2)),
  () => Promise.resolve(1),
  () => new WeakMap(),
  () => "abc".match(/(?<q>b)/),
  () => argumentsOf(1, 2),
);
const { value } = fc.letrec<{ value: unknown; items: unknown[]; fields: Record<string, unknown> }>((tie) => ({
  items: fc.array(tie("value"), { maxLength: 4 }),
  fields: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(text, number, fc.bigInt(), fc.boolean(), fc.constantFrom(null, undefined), fc.date(), bytes),
    tie("items"),
    tie("fields"),
    { arbitrary: odd.map((make) => make()), weight: 1 },
    fc.sparseArray(tie("value"), { maxLength: 4, maxNumElements: 4 }),
    fc.tuple(tie("items"), fieldName, tie("value")).map(([items, name, each]) => withField(items, name, each)),
    tie("items").map((items) => Stack.from(items)),
    fc.tuple(tie("fields"), tie("value")).map(([fields, each]) => Object.assign(fields, { [Symbol("s")]: each })),
    tie("items").map((items) => new Set(items)),
    fc.array(fc.tuple(key, tie("value"))).map((entries) => new Map(entries)),
    fc.tuple(text, fc.oneof(text, number, fc.date())).map(([message, cause]) => new TypeError(message, { cause })),
    fc.tuple(text, fc.array(text)).map(
      ([message, all]) =>
        new AggregateError(
          all.map((each) => new RangeError(each)),
          message,
        ),
    ),
  ),
}));

function withField(items: unknown[], name: string, value: unknown): unknown[] {
  return Object.defineProperty(items, name, { value, enumerable: true, configurable: true, writable: true });
}

function argumentsOf(..._values: unknown[]): unknown {
  // oxlint-disable-next-line prefer-rest-params -- it is what this is about
  return arguments;
}

describe("what is stored", () => {
  test("comes back equal, in class and content, or is refused by name, whatever it is", () => {
    let refused = 0;
    const numRuns = 3_000;
    fc.assert(
      fc.property(value, fc.boolean(), (before, isSealed) => {
        let stored: Uint8Array;
        try {
          if (isSealed) seal(before, "it");
          stored = encode(before, "it");
        } catch (error) {
          expect(error).toBeInstanceOf(NotStorableError);
          refused++;
          return;
        }
        deepStrictEqual(decode(stored), before);
      }),
      { numRuns },
    );
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(0.9 * numRuns);
  });

  test.each([
    { what: "a buffer", make: () => Buffer.from("hello") },
    { what: "a piece of a buffer", make: () => Buffer.from("hello").subarray(1, 3) },
    { what: "bytes", make: () => new Uint8Array([1, 2]) },
    { what: "an object without a prototype", make: () => ({ groups: Object.assign(Object.create(null), { toString: 1 }) as unknown }) },
    { what: "a text that is no valid Unicode", make: () => ({ text: ["a", `b${half}`] }) },
    { what: "a data key toJSON", make: () => Object.assign(Object.create(null), { toJSON: 5 }) as unknown },
    { what: "an error with errors", make: () => new AggregateError([new TypeError("x", { cause: { a: 1 } }), "y"], "all failed") },
    { what: "an error in a cause", make: () => [new RangeError("r", { cause: new TypeError("t", { cause: "c" }) })] },
  ])("comes back equal: $what", ({ make }) => {
    deepStrictEqual(decode(encode(make())), make());
  });

  test("is of a getter what it gave, and of -0 the number 0", () => {
    const value = {
      a: -0,
      get b(): number {
        return 1;
      },
    };
    expect(decode(encode(value))).toStrictEqual({ a: 0, b: 1 });
  });
});

describe("an error", () => {
  class Refused extends TypeError {
    override name = "Refused";
    readonly code = 7;
    toJSON(): unknown {
      return "mine";
    }
  }

  test("comes back with its name, message and cause, and without its class, its fields and its stack", () => {
    const error = decode(encode(new Refused("no", { cause: { a: 1 } }))) as Error;
    expect([error instanceof Error, error instanceof Refused, Object.keys(error)]).toEqual([true, false, []]);
    expect([error.name, error.message, error.cause, error.stack]).toEqual(["Refused", "no", { a: 1 }, "Refused: no"]);
  });

  test.each([
    { what: "a function", cause: () => 1 },
    { what: "a symbol", cause: Symbol("s") },
    { what: "an object of a class", cause: new Job() },
  ])("whose cause is $what comes back without it", ({ cause }) => {
    const error = decode(encode({ error: new Error("e", { cause }) })) as { readonly error: Error };
    expect([error.error.message, error.error.cause]).toEqual(["e", undefined]);
  });

  test.each([
    { what: "is its own cause", make: () => withCause(new Error("e")) },
    { what: "holds itself twice", make: () => withErrors(new AggregateError([], "e")) },
    { what: "cannot be read", make: () => Object.defineProperty(new Error("e"), "cause", { get: () => expect.fail("read") as never }) },
  ])("that $what comes back", ({ make }) => {
    expect(decode(encode(make()))).toMatchObject({ message: "e" });
  });

  test.each(["constructor", "toString", "AggregateError", "__proto__"])("of the name %s comes back with it", (name) => {
    const error = Object.assign(new Error("e"), { name });
    expect(decode(encode(error))).toMatchObject({ name, message: "e" });
  });
});

function withCause(error: Error): Error {
  return Object.assign(error, { cause: error });
}

function withErrors(error: AggregateError): AggregateError {
  return Object.assign(error, { errors: [error, error] });
}
