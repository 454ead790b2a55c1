import type { EntryKind } from "./journal.ts";
import { describe, expect, test } from "vitest";
import { decideCut, decideRemovals } from "./compaction.ts";

/** `W` whole, `p` part, `x` end; a `!` behind it is a mark. */
function facts(text: string): { position: number; kind: EntryKind; marked: boolean }[] {
  const kinds: Readonly<Record<string, EntryKind>> = { W: "whole", p: "part", x: "end" };
  return text.split(" ").map((one, index) => ({ position: index + 1, kind: kinds[one[0]!]!, marked: one.endsWith("!") }));
}

describe("decideRemovals", () => {
  test.each([
    ["W p p", []],
    ["W p W p", [1, 2]],
    ["W p x", [1, 2, 3]],
    ["W p! p W", [3]],
    ["W p W p! p W", [1, 2, 5]],
    ["W! p x", [2]],
    ["W p x!", [1, 2]],
    ["W p x W", [1, 2, 3]],
    ["W! x W p W", [3, 4]],
    ["p p", []],
    ["W x p", [1]],
  ] as const)("of %s: %j", (text, removed) => {
    expect(decideRemovals(facts(text))).toEqual(removed);
  });

  test.each([
    ["W x", "part", [1]],
    ["W x", "whole", [1, 2]],
    ["W x", undefined, [1, 2]],
    ["W x W p", "part", [1, 2]],
  ] as const)("of %s before a %s: %j", (text, behind, removed) => {
    expect(decideRemovals(facts(text), behind)).toEqual(removed);
  });
});

describe("decideCut", () => {
  test.each([
    [{ keepAfter: undefined, last: 9, pinned: undefined }, 9],
    [{ keepAfter: 4, last: 9, pinned: undefined }, 4],
    [{ keepAfter: 40, last: 9, pinned: undefined }, 9],
    [{ keepAfter: 4, last: 9, pinned: 3 }, 2],
    [{ keepAfter: undefined, last: 9, pinned: 0 }, 0],
  ])("%j is %d", (limits, cut) => {
    expect(decideCut(limits)).toBe(cut);
  });
});
