import { describe, expect, test } from "vitest";
import { findNode, nameOf } from "./find-node.ts";

function view(...ids: readonly string[]): Parameters<typeof findNode>[0] {
  return {
    nodes: ids.map((id) => {
      const state = id.startsWith("†") ? "buried" : "live";
      return {
        id: id.replace("†", ""),
        state,
        pools: [],
        host: "h",
        pid: 1,
        version: "1.0.0",
        since: 0,
        beat: 1,
        beatMs: 0,
        partitions: [],
      };
    }),
  };
}

describe("findNode", () => {
  const there = view("one-1a", "two-2b", "two-3c", "†one-9z", "big-one-4d");

  test("finds a node by its id, and by a name that one of them has, whoever had it before", () => {
    expect(findNode(there, "two-3c").id).toBe("two-3c");
    expect(findNode(there, "one").id).toBe("one-1a");
    expect(findNode(there, "big-one").id).toBe("big-one-4d");
  });

  test("asks for the id where several have the name", () => {
    expect(() => findNode(there, "two")).toThrow("2 nodes are called two; name one by its id: two-2b, two-3c");
  });

  test("names those that there are", () => {
    expect(() => findNode(there, "one-9z")).toThrow("there is no node one-9z; there are one-1a, two-2b, two-3c, big-one-4d");
    expect(() => findNode(view(), "one")).toThrow("no node is up: start one with orgtree node FILE");
  });
});

test("nameOf leaves out what is added when a node joins", () => {
  expect([nameOf("one-1a2b"), nameOf("big-one-4d"), nameOf("plain")]).toEqual(["one", "big-one", "plain"]);
});
