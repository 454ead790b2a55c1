import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkAddress,
  checkSegment,
  childAddress,
  idOf,
  isWithin,
  labelOf,
  maxDepth,
  maxSegmentLength,
  parentAddress,
  rootAddress,
  type Address,
} from "./address.ts";
import { AddressError } from "./errors.ts";

const segments = fc.stringMatching(/^([A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{1,31}~[A-Za-z0-9_-]{1,32})$/);
const paths = fc.array(segments, { minLength: 1, maxLength: maxDepth });

function addressOf(path: readonly string[]): Address {
  return path.reduce<Address>((address, id) => childAddress(address, id), rootAddress);
}

describe("childAddress", () => {
  test("makes an address from which parentAddress and idOf read the parts again", () => {
    fc.assert(
      fc.property(paths, (path) => {
        const address = addressOf(path);
        expect(checkAddress(address)).toBe(address);
        expect(address).toBe(`/${path.join("/")}`);
        expect(idOf(address)).toBe(path.at(-1));
        expect(parentAddress(address)).toBe(addressOf(path.slice(0, -1)));
      }),
    );
  });
});

describe("parentAddress", () => {
  test("leads from every address to the root, which has none", () => {
    fc.assert(
      fc.property(paths, (path) => {
        let steps = 0;
        for (let at: Address | undefined = addressOf(path); at !== undefined; at = parentAddress(at)) steps++;
        expect(steps).toBe(path.length + 1);
      }),
    );
    expect(parentAddress(rootAddress)).toBeUndefined();
    expect(idOf(rootAddress)).toBe("");
  });
});

describe("isWithin", () => {
  test("holds exactly when the ancestor is on the way to the root", () => {
    const few = fc.array(fc.constantFrom("a", "ab", "b"), { maxLength: 4 });
    fc.assert(
      fc.property(few, few, (path, other) => {
        const isPrefix = other.every((id, at) => path[at] === id) && other.length <= path.length;
        expect(isWithin(addressOf(path), addressOf(other))).toBe(isPrefix);
      }),
    );
  });
});

describe("checkAddress", () => {
  test.each([
    ["nothing", ""],
    ["no slash in front", "desk"],
    ["a slash at the end", "/desk/"],
    ["an empty segment", "/desk//writer"],
    ["a dot, which is a subject's separator", "/desk.writer"],
    ["a subject's wildcard", "/desk/*"],
    ["a space", "/desk /writer"],
    ["a letter that is not ASCII", "/désk"],
    ["a line's end behind a good address", "/desk\n"],
    ["a segment that is too long", `/${"x".repeat(maxSegmentLength + 1)}`],
    ["two labels", "/worker~gpu~eu"],
    ["too many segments", "/x".repeat(maxDepth + 1)],
    ["a number", 7],
    ["undefined", undefined],
  ])("refuses %s, and names it", (_what, text) => {
    expect(() => checkAddress(text as string)).toThrow(AddressError);
    expect(() => checkAddress(text as string)).toThrow(`"${String(text)}" is not an address`);
  });

  test("accepts the root, the longest segment and the deepest tree", () => {
    for (const text of ["/", `/${"x".repeat(maxSegmentLength)}`, "/x".repeat(maxDepth)]) expect(checkAddress(text)).toBe(text);
  });

  test("throws AddressError, or gives back what it was given, for any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(checkAddress(text)).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AddressError);
        }
      }),
    );
  });
});

describe("checkSegment", () => {
  test.each([
    "",
    "a/b",
    "a.b",
    "ä",
    "~",
    "~gpu",
    "worker~",
    "worker~gpu~eu",
    `worker~${"x".repeat(33)}`,
    "x".repeat(maxSegmentLength + 1),
    null,
    3,
  ])("refuses %j as an id", (id) => {
    expect(() => checkSegment(id as string)).toThrow(AddressError);
  });

  test("gives back an id that is good", () => {
    fc.assert(
      fc.property(segments, (id) => {
        expect(checkSegment(id)).toBe(id);
      }),
    );
  });
});

describe("labelOf", () => {
  test.each([
    ["worker~gpu", "gpu"],
    ["worker-2~eu_1", "eu_1"],
    ["worker", undefined],
  ])("of %j is %j", (id, label) => {
    expect(checkSegment(id)).toBe(id);
    expect(labelOf(id)).toBe(label);
  });
});
