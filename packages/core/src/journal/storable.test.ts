import { describe, expect, test } from "vitest";
import { isSealed, NotStorableError, seal } from "./storable.ts";

class Job {
  done = false;
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
});

function catchError(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
