import { type Address, maxDepth } from "@orgtree/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClusterError } from "./cluster-error.ts";
import { listPartitions, partitionOf, placementOf } from "./partition-of.ts";

const partitions = { main: 16, gpu: 4 };

describe("placementOf", () => {
  test.each([
    ["/run-1/team/worker", "/run-1", "main"],
    ["/run-1", "/run-1", "main"],
    ["/", "/", "main"],
    ["/run-1/team/worker~gpu", "/run-1/team/worker~gpu", "gpu"],
    ["/run-1/team/worker~gpu/child", "/run-1/team/worker~gpu", "gpu"],
    ["/run-1/team~gpu/worker~eu/child", "/run-1/team~gpu/worker~eu", "eu"],
    ["/run-1~gpu/team", "/run-1~gpu", "gpu"],
    ["/run-1/branch~main/leaf", "/run-1/branch~main", "main"],
  ] as const)("of %s is %s in %s", (address, root, pool) => {
    expect(placementOf(address)).toEqual({ root, pool });
  });
});

describe("partitionOf", () => {
  // These never change, see `stableHash`.
  test.each([
    ["/run-1", "main-7"],
    ["/run-1/team/worker", "main-7"],
    ["/run-2", "main-12"],
    ["/run-1/team/worker~gpu/child", "gpu-1"],
    ["/", "main-4"],
  ] as const)("of %s is %s", (address, endpoint) => {
    expect(partitionOf(address, { partitions })).toBe(endpoint);
  });

  test("is one of the partitions that there are, the same for all that lie together", () => {
    const endpoints = new Set(listPartitions(partitions).map(({ endpoint }) => endpoint));
    const id = fc.stringMatching(/^[a-z0-9-]{1,8}(~gpu|~main)?$/);
    fc.assert(
      fc.property(fc.array(id, { minLength: 1, maxLength: maxDepth }), (ids) => {
        const address: Address = `/${ids.join("/")}`;
        const endpoint = partitionOf(address, { partitions });
        expect(endpoints).toContain(endpoint);
        expect(partitionOf(placementOf(address).root, { partitions })).toBe(endpoint);
        expect(partitionOf(`${address}/child`, { partitions })).toBe(endpoint);
      }),
    );
  });

  test.each(["eu", "constructor"])("says what pools there are where an address names another, such as %s", (pool) => {
    const place = (): string => partitionOf(`/run-1/worker~${pool}`, { partitions });
    expect(place).toThrow(ClusterError);
    expect(place).toThrow(`/run-1/worker~${pool} is to be in the pool "${pool}", and the namespace has main, gpu: correct the label`);
  });
});

test("listPartitions names all partitions, or those of some pools", () => {
  expect(listPartitions({ main: 2, gpu: 1 })).toEqual([
    { endpoint: "main-0", pool: "main" },
    { endpoint: "main-1", pool: "main" },
    { endpoint: "gpu-0", pool: "gpu" },
  ]);
  expect(listPartitions(partitions, ["gpu"])).toHaveLength(4);
});
