import { describe, expect, test } from "vitest";
import { encode } from "./codec.ts";
import { legible } from "./legible.ts";

class Job {
  readonly id = 1;
}

const circle: Record<string, unknown> = { name: "c" };
circle["self"] = circle;

describe("what is written down for people", () => {
  test("is itself where it can be stored", () => {
    const detail = { to: "/a", at: new Date(0) };
    expect(legible(detail)).toBe(detail);
  });

  test.each([
    { what: "a function", detail: { run: () => 1, n: 1 }, written: { run: "(a function)", n: 1 } },
    { what: "a symbol", detail: [Symbol("s")], written: ["(Symbol(s))"] },
    {
      what: "an object of a class",
      detail: { job: new Job(), at: new Date(0) },
      written: { job: "(an object of class Job)", at: new Date(0) },
    },
    { what: "a gap", detail: Object.assign([], { length: 1 }), written: [undefined] },
    { what: "a circle", detail: circle, written: { name: "c", self: "(comes up again)" } },
    { what: "a key that would be a prototype", detail: JSON.parse('{"__proto__":1,"a":2}') as unknown, written: { a: 2 } },
  ])("has a word in place of $what", ({ detail, written }) => {
    expect(legible(detail)).toEqual(written);
  });

  test.each([
    { what: "deep", make: () => nested(5_000) },
    { what: "unreadable", make: () => ({ bad: revoked() }) },
  ])("can be stored, however $what it is", ({ make }) => {
    expect(() => encode(legible(make()))).not.toThrow();
  });
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < levels; n++) value = [value];
  return value;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
