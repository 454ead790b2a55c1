import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changesBetween, describePath, type Change } from "./changes.ts";

/** One line for one change. */
const lines = (before: unknown, after: unknown): readonly string[] =>
  changesBetween(before, after).map((change) => {
    const from = "before" in change ? JSON.stringify(change.before) : "";
    const to = "after" in change ? JSON.stringify(change.after) : "";
    return `${change.kind} ${describePath(change.path)} ${from}>${to}`;
  });

describe("changesBetween", () => {
  test.each([
    { before: { a: 1 }, after: { a: 1 }, says: [] },
    { before: { a: 1, b: 2 }, after: { a: 2, c: 3 }, says: ["changed a 1>2", "removed b 2>", "added c >3"] },
    { before: { a: { b: [1, { c: 2 }] } }, after: { a: { b: [1, { c: 3 }] } }, says: ["changed a.b[1].c 2>3"] },
    { before: { queue: ["a", "b", "c"] }, after: { queue: ["b", "c", "d"] }, says: ['removed queue[0] "a">', 'added queue[2] >"d"'] },
    { before: [1, 2, 3], after: [1, 9, 3, 4], says: ["changed [1] 2>9", "added [3] >4"] },
    { before: { "a key": 1 }, after: { "a key": 2 }, says: ['changed ["a key"] 1>2'] },
    { before: { at: new Date(0) }, after: { at: new Date(0) }, says: [] },
    { before: [], after: {}, says: ["changed  []>{}"] },
    { before: { a: null }, after: { a: {} }, says: ["changed a null>{}"] },
  ])("of $before and $after are $says", ({ before, after, says }) => {
    expect(lines(before, after)).toEqual(says);
  });

  test("are none exactly when nothing differs, and lead from one to the other", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ max: 3 }), { maxLength: 12 }),
        fc.array(fc.integer({ max: 3 }), { maxLength: 12 }),
        (before, after) => {
          const changes = changesBetween(before, after);
          expect(changes.length === 0).toBe(JSON.stringify(before) === JSON.stringify(after));
          expect(applied(before, changes)).toEqual(after);
        },
      ),
    );
  });

  test("of long lists that have nothing in common are told place by place", () => {
    const list = (text: string): string[] => Array.from({ length: 2_000 }, (_, at) => `${text}${at}`);
    expect(changesBetween(list("a"), list("b"))).toHaveLength(2_000);
  });
});

function applied(before: readonly number[], changes: readonly Change[]): readonly number[] {
  const gone = new Set(changes.flatMap(({ kind, path }) => (kind === "removed" ? [path[0]] : [])));
  const after: number[] = before.filter((_, at) => !gone.has(at));
  for (const change of changes) {
    if (change.kind === "added") after.splice(change.path[0] as number, 0, change.after as number);
  }
  for (const change of changes) if (change.kind === "changed") after[change.path[0] as number] = change.after as number;
  return after;
}
