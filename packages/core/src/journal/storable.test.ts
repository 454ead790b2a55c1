import { describe, expect, test } from "vitest";
import { checkStorable, isSealed, NotStorableError, seal } from "./storable.ts";

class Job {
  done = false;
}

class Stack extends Array<number> {}
class Day extends Date {}
class Bytes extends Uint8Array {}

// oxlint-disable-next-line no-sparse-arrays -- it is what this is about
const gappy = [1, , 3];

function argumentsOf(..._values: unknown[]): unknown {
  // oxlint-disable-next-line prefer-rest-params -- it is what this is about
  return arguments;
}

function transferred(): unknown {
  const bytes = new Uint8Array(1);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

const circle: Record<string, unknown> = {};
circle["self"] = { circle };

describe("what cannot be stored", () => {
  test.each([
    { what: "a function", value: { jobs: [{ run: () => 1 }] }, path: "jobs[0].run", problem: "name it" },
    { what: "a symbol", value: { a: Symbol("x") }, path: "a", problem: "use a text" },
    { what: "a class", value: { a: { b: [1, new Job()] } }, path: "a.b[1]", problem: "class Job" },
    { what: "a map", value: { a: new Map() }, path: "a", problem: "is a Map; use a plain object or an array" },
    { what: "a set", value: new Set(), path: "", problem: "is a Set" },
    { what: "a promise", value: { a: Promise.resolve() }, path: "a", problem: "is a promise" },
    { what: "a circle", value: circle, path: "self.circle.self.circle.self", problem: "round in circles" },
    { what: "a key that would be a prototype", value: JSON.parse('{"a":{"__proto__":1}}') as unknown, path: "a", problem: "__proto__" },
    { what: "an array of a class", value: { a: Stack.from([1]) }, path: "a", problem: "is an array of class Stack" },
    {
      what: "what a regular expression matched",
      value: { a: [1, "abc".match(/b/)] },
      path: "a[1]",
      problem: 'has the key "index" beside its items',
    },
    { what: "an array with a gap", value: { a: gappy }, path: "a", problem: "has a gap at [1]" },
    { what: "an array with a gap at its end", value: { a: Object.assign([], { length: 3 }) }, path: "a", problem: "has a gap at [0]" },
    { what: "a symbol for a key", value: { a: { [Symbol("s")]: 1 } }, path: "a", problem: "has the key Symbol(s), which would be lost" },
    { what: "arguments", value: { a: argumentsOf(1) }, path: "a", problem: "is an arguments object" },
    { what: "a date of a class", value: { at: new Day(0) }, path: "at", problem: "is a date of class Day" },
    { what: "bytes of a class", value: { a: Bytes.from([1]) }, path: "a", problem: "is a Bytes" },
    { what: "floats of 16 bits", value: { a: new Float16Array(1) }, path: "a", problem: "is a Float16Array" },
    { what: "shared memory", value: { a: new Uint8Array(new SharedArrayBuffer(1)) }, path: "a", problem: "is shared memory" },
    { what: "bytes that are somebody else's now", value: { a: transferred() }, path: "a", problem: "was transferred" },
    { what: "a key with half a character", value: { a: { "\ud800": 1 } }, path: "a", problem: "no valid Unicode" },
  ])("$what is named with its place", ({ value, path, problem }) => {
    const error = catchError(() => seal(value, "the state of /m"));
    expect(error).toBeInstanceOf(NotStorableError);
    expect(error).toMatchObject({ path, message: expect.stringContaining("the state of /m cannot be stored") as string });
    expect((error as Error).message).toContain(problem);
  });

  test("an error of the user's in a getter is the user's", () => {
    const value = {
      get a(): never {
        throw new TypeError("mine");
      },
    };
    expect(() => seal(value, "the state")).toThrow(new TypeError("mine"));
  });
});

describe("what is sealed", () => {
  test("is frozen in depth and walked once", () => {
    const inner = { b: [1] };
    const state = { inner, text: "x" };
    seal(state, "the state");
    expect(() => {
      inner.b.push(2);
    }).toThrow(TypeError);
    expect([state, inner, inner.b].every(isSealed)).toBe(true);
  });

  test("is not sealed for ever when something in it cannot be frozen", () => {
    const state = { at: new Date(0), list: [1] };
    seal(state, "the state");
    expect(isSealed(state)).toBe(false);
    expect(isSealed(state.list)).toBe(true);
    expect(Object.isFrozen(state)).toBe(true);
  });

  test("is what was checked only, where nothing is to be frozen", () => {
    const state = { list: [1] };
    checkStorable(state, "the state");
    expect([isSealed(state), Object.isFrozen(state), Object.isFrozen(state.list)]).toEqual([false, false, false]);
  });
});

function catchError(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
