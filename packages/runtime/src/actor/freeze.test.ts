import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freezeState } from "./freeze.ts";

/** Every object in a value. */
function objectsIn(value: unknown): readonly object[] {
  return typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
}

describe("freezeState", () => {
  test("freezes plain objects and arrays to the last, and changes nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = structuredClone(value);
        freezeState(value);
        expect(value).toEqual(copy);
        expect(objectsIn(value).every(Object.isFrozen)).toBe(true);
      }),
    );
  });

  test("leaves what is no plain data alone: it may belong to somebody else", () => {
    class Account {
      left = 1;
    }
    const state = {
      account: new Account(),
      map: new Map([["a", {}]]),
      date: new Date(0),
      bare: Object.assign(Object.create(null) as object, { n: 1 }),
    };
    freezeState(state);
    expect(Object.isFrozen(state)).toBe(true);
    expect([state.account, state.map, state.date].some(Object.isFrozen)).toBe(false);
    expect(Object.isFrozen(state.bare)).toBe(true);
  });

  test("comes to an end in a circle, and in a very deep state", () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    freezeState(circle);
    expect(Object.isFrozen(circle)).toBe(true);
    let deep: object = {};
    for (let depth = 0; depth < 100_000; depth++) deep = { deep };
    freezeState(deep);
    expect(Object.isFrozen(deep)).toBe(true);
  });

  test("takes large lists", () => {
    const list = Array.from({ length: 300_000 }, () => ({}));
    freezeState(list);
    expect(list.every(Object.isFrozen)).toBe(true);
  });
});
