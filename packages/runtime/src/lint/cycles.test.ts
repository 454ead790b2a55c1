import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeCycle, findCycles } from "./cycles.ts";

describe("findCycles", () => {
  test("groups what reaches each other, and leaves the rest", () => {
    const graph: Readonly<Record<string, readonly string[]>> = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e"], e: ["e"], f: [] };
    const cycles = findCycles(Object.keys(graph), (vertex) => graph[vertex] ?? []);
    expect(cycles.map((cycle) => [...cycle].sort())).toEqual([["e"], ["a", "b", "c"]]);
  });

  test("agrees with walking from each vertex", () => {
    const size = 8;
    const edges = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 16 });
    fc.assert(
      fc.property(edges, (edges) => {
        const successors = (vertex: number): readonly number[] => edges.filter(([from]) => from === vertex).map(([, to]) => to);
        const reach = (start: number): ReadonlySet<number> => {
          const seen = new Set(successors(start));
          for (const vertex of seen) for (const next of successors(vertex)) seen.add(next);
          return seen;
        };
        const vertices = Array.from({ length: size }, (_, vertex) => vertex);
        const reached = vertices.map(reach);
        const found = findCycles(vertices, successors);
        const groupOf = (vertex: number): readonly number[] =>
          (found.find((cycle) => cycle.includes(vertex)) ?? []).toSorted((one, other) => one - other);
        for (const vertex of vertices)
          expect(groupOf(vertex)).toEqual(vertices.filter((other) => reached[vertex]?.has(other) && reached[other]?.has(vertex)));
      }),
    );
  });

  test("does not overflow the stack", () => {
    const length = 100_000;
    const cycles = findCycles([0], (vertex) => [(vertex + 1) % length]);
    expect(cycles.map((cycle) => cycle.length)).toEqual([length]);
  });
});

describe("describeCycle", () => {
  test("comes back to where it began", () => {
    expect(describeCycle([{ id: "a" }, { id: "b" }])).toBe('"a" -> "b" -> "a"');
  });

  test("leaves out the middle of a long circle", () => {
    const members = Array.from({ length: 9 }, (_, number) => ({ id: `s${number}` }));
    expect(describeCycle(members)).toBe('"s0" -> "s1" -> "s2" -> "s3" -> "s4" -> "s5" -> … 3 more -> "s0"');
  });
});
