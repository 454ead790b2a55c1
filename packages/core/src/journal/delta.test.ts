import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "./codec.ts";
import { diff, patch, type Delta } from "./delta.ts";
import { seal } from "./storable.ts";

const leaf = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 5 }),
  fc.integer({ min: -5, max: 5 }),
  fc.boolean(),
  fc.constantFrom(null, undefined, Number.NaN, Infinity, 3n),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 3 }),
);
const key = fc.constantFrom("a", "b", "c", "constructor", "0", "1");
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** The same bytes again and again, whatever the references are. */
const textOf = (data: unknown): string => Buffer.from(encode(data)).toString("hex");

/** A step of a state as people write them: what changes is copied, the rest is shared. */
type Step = (state: Record<string, unknown>, fresh: unknown) => Record<string, unknown>;
const steps: Readonly<Record<string, Step>> = {
  "set a": (state, fresh) => ({ ...state, a: fresh }),
  "set b inside a": (state, fresh) => ({ ...state, a: { ...(typeof state["a"] === "object" ? state["a"] : {}), b: fresh } }),
  "remove a": ({ a: _a, ...rest }) => rest,
  append: (state, fresh) => ({ ...state, list: [...((state["list"] as unknown[] | undefined) ?? []), fresh] }),
  "append an object": (state, fresh) => ({ ...state, list: [...((state["list"] as unknown[] | undefined) ?? []), { fresh }] }),
  "take the first": (state) => ({ ...state, list: ((state["list"] as unknown[] | undefined) ?? []).slice(1) }),
  "keep the last two": (state) => ({ ...state, list: ((state["list"] as unknown[] | undefined) ?? []).slice(-2) }),
  "replace one": (state, fresh) => ({ ...state, list: ((state["list"] as unknown[] | undefined) ?? []).with?.call([fresh], 0, fresh) }),
  turn: (state) => Object.fromEntries(Object.entries(state).reverse()),
};

describe("a delta", () => {
  test("leads from any value to any other, through its bytes, and changes neither", () => {
    fc.assert(
      fc.property(value, value, (before, after) => {
        seal(before, "before");
        seal(after, "after");
        const text = textOf(before);
        const delta = diff(before, after);
        const through = delta === undefined ? undefined : (decode(encode(delta)) as Delta);
        expect(textOf(patch(before, through))).toBe(textOf(after));
        expect(textOf(patch(decode(encode(before)), through))).toBe(textOf(after));
        expect(textOf(before)).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  test("leads along any row of steps", () => {
    const step = fc.record({ name: fc.constantFrom(...Object.keys(steps)), fresh: value });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (all) => {
        let state: Record<string, unknown> = {};
        let restored: unknown = {};
        seal(state, "state");
        for (const { name, fresh } of all) {
          const next = steps[name]!(state, fresh);
          seal(next, "state");
          const delta = diff(state, next);
          restored = patch(restored, delta === undefined ? undefined : (decode(encode(delta)) as Delta));
          state = next;
          expect(textOf(restored)).toBe(textOf(state));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("of nothing is nothing, also when it is the same content in other objects", () => {
    const state = { a: [1, { b: "x" }], c: null };
    seal(state, "state");
    const copy = structuredClone(state);
    seal(copy, "copy");
    expect(diff(state, state)).toBeUndefined();
    expect(diff(state, copy)).toBeUndefined();
  });

  test("of one more message in a long conversation is that message", () => {
    const messages = Array.from({ length: 10_000 }, (_, number) => ({ number, text: "x".repeat(1_000) }));
    const before = { context: { messages, turns: 7 } };
    seal(before, "state");
    const after = { context: { messages: [...messages, { number: 10_000, text: "new" }], turns: 8 } };
    seal(after, "state");
    const delta = diff(before, after);
    expect(encode(delta).length).toBeLessThan(80);
    expect(patch(before, delta)).toEqual(after);
  });

  test("of a window that moves on is what left and what came", () => {
    const messages = Array.from({ length: 50 }, (_, number) => ({ number, text: "x".repeat(100) }));
    seal(messages, "state");
    const after = [...messages.slice(2), { number: 50, text: "new" }];
    seal(after, "state");
    const delta = diff(messages, after);
    expect(encode(delta).length).toBeLessThan(40);
    expect(patch(messages, delta)).toEqual(after);
  });

  test("sees what changed in place where it cannot be prevented: in dates, bytes and errors", () => {
    const state = { at: new Date(0), bytes: new Uint8Array([1]), error: new Error("one") };
    seal(state, "state");
    const before = decode(encode(state));
    state.at.setTime(5);
    state.bytes[0] = 2;
    state.error.message = "two";
    const delta = decode(encode(diff(state, state))) as Delta;
    expect(patch(before, delta)).toEqual({ at: new Date(5), bytes: new Uint8Array([2]), error: new Error("two") });
  });
});
