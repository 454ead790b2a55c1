import type { Endpoint } from "@orgtree/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { place } from "./placement.ts";

const partitionsOf = (count: number): readonly Endpoint[] => Array.from({ length: count }, (_, n) => `main-${n}`);
const nodesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `node-${n}`);

const situation = fc
  .record({ partitions: fc.integer({ min: 1, max: 40 }), nodes: fc.integer({ min: 1, max: 9 }) })
  .chain(({ partitions, nodes }) =>
    fc.record({
      partitions: fc.constant(partitionsOf(partitions)),
      nodes: fc.constant(nodesOf(nodes)),
      // Some are hosted by somebody who is not there any more, some by nobody.
      hosts: fc.array(fc.option(fc.integer({ min: 0, max: nodes + 2 }), { nil: undefined }), {
        minLength: partitions,
        maxLength: partitions,
      }),
    }),
  );

describe("place", () => {
  test("gives everybody the same number or one more, the same whoever asks, and moves as few as that takes", () => {
    fc.assert(
      fc.property(situation, ({ partitions, nodes, hosts }) => {
        const hostOf = (partition: Endpoint): string | undefined => {
          const host = hosts[partitions.indexOf(partition)];
          return host === undefined ? undefined : `node-${host}`;
        };
        const placed = place(partitions, nodes, hostOf);
        expect(place(partitions, nodes.toReversed(), hostOf)).toEqual(placed);
        expect(Array.from(placed.keys()).sort()).toEqual(partitions.toSorted());
        const loads = nodes.map((node) => partitions.filter((partition) => placed.get(partition) === node).length);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        // What is even stays as it is.
        expect(place(partitions, nodes, (partition) => placed.get(partition))).toEqual(placed);
        const least = Math.floor(partitions.length / nodes.length);
        const had = nodes.map((node) => partitions.filter((partition) => hostOf(partition) === node).length);
        const withMore = had.filter((count) => count > least).length;
        const room = partitions.length % nodes.length;
        const mustMove = had.reduce((sum, count) => sum + Math.max(0, count - least), 0) - Math.min(withMore, room);
        const moved = partitions.filter(
          (partition) => nodes.includes(hostOf(partition) ?? "") && placed.get(partition) !== hostOf(partition),
        );
        expect(moved).toHaveLength(mustMove);
      }),
    );
  });

  test("while a node gives away what is too much, goes on wanting the same", () => {
    const partitions = partitionsOf(16);
    const hosts = new Map(partitions.map((partition, n) => [partition, `node-${n % 2}`]));
    const nodes = nodesOf(3);
    const wanted = place(partitions, nodes, (partition) => hosts.get(partition));
    for (const partition of partitions) {
      hosts.set(partition, wanted.get(partition)!);
      expect(place(partitions, nodes, (each) => hosts.get(each))).toEqual(wanted);
    }
  });

  test("places nothing where there is nobody", () => {
    expect(place(partitionsOf(4), [], () => "node-1").size).toBe(0);
  });
});
