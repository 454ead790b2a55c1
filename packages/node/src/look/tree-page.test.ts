import type { TreeNode } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { readTreeQuery, type StandingTrees, treePage } from "./tree-page.ts";

function node(address: TreeNode["address"], children: readonly TreeNode[] = []): TreeNode {
  const type = children.length > 0 ? "supervisor" : "worker";
  const rest = { label: undefined, incarnation: 1, restarts: 0, mailbox: 0, quietMs: 5, spent: undefined, elsewhere: undefined };
  return { address, type, status: "running", ...rest, children };
}

const partitions: readonly StandingTrees[] = [
  {
    endpoint: "main-0",
    trees: () => [{ run: undefined, tree: node("/", [node("/desk-main-0"), node("/c1", [node("/c1/a")])]) }],
    branches: () => [],
  },
  {
    endpoint: "main-1",
    trees: () => [
      { run: undefined, tree: node("/", [node("/desk-main-1"), node("/c2")]) },
      { run: "r1", tree: node("/", [node("/_run"), node("/lookout", [node("/lookout/sailor")])]) },
    ],
    branches: () => [node("/c1/b~gpu")],
  },
];

function ask(query: Parameters<typeof readTreeQuery>[0], maxBytes = 100_000): readonly string[] {
  const { rows, total } = treePage(partitions, readTreeQuery(query), maxBytes);
  return [...rows.map(({ partition, run, address, depth }) => `${partition} ${run ?? "-"} ${address} ${depth}`), `of ${total}`];
}

describe("treePage", () => {
  test("tells of actors and runs, and not of what the cluster itself needs", () => {
    expect(ask({})).toEqual([
      "main-0 - /c1 0",
      "main-0 - /c1/a 1",
      "main-1 - /c2 0",
      "main-1 r1 /lookout 0",
      "main-1 r1 /lookout/sailor 1",
      "main-1 - /c1/b~gpu 0",
      "of 6",
    ]);
    expect(ask({ all: true })).toHaveLength(13);
    expect(ask({ all: true }).slice(0, 3)).toEqual(["main-0 - / 0", "main-0 - /desk-main-0 1", "main-0 - /c1 1"]);
  });

  test("tells of one job: a run, or an actor that lives for itself", () => {
    expect(ask({ job: "r1" })).toEqual(["main-1 r1 /lookout 0", "main-1 r1 /lookout/sailor 1", "of 2"]);
    expect(ask({ job: "c1" })).toEqual(["main-0 - /c1 0", "main-0 - /c1/a 1", "main-1 - /c1/b~gpu 0", "of 3"]);
    expect(ask({ job: "c" })).toEqual(["of 0"]);
  });

  test("comes in pages, of as many rows as are asked for, and as fit", () => {
    expect(ask({ from: 1, limit: 2 })).toEqual(["main-0 - /c1/a 1", "main-1 - /c2 0", "of 6"]);
    expect(ask({ from: 4 }, 1)).toEqual(["main-1 r1 /lookout/sailor 1", "of 6"]);
    expect(ask({}, 400)).toHaveLength(3);
    expect(() => readTreeQuery({ limit: 0 })).toThrow("limit");
  });
});
