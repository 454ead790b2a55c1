import type { DeadLetter } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { LetterBook } from "./letter-book.ts";
import { letterPage, valueText, wholeLetter } from "./letter-page.ts";

function letter(message: unknown, reason: DeadLetter["reason"] = "no-recipient"): DeadLetter {
  const envelope = { to: "/a", from: undefined, message, trace: "t", replyTo: undefined, deadlineMs: Infinity } as const;
  return { envelope, reason, atMs: 5 };
}

describe("LetterBook", () => {
  test("keeps the newest, and counts all by reason", () => {
    const book = new LetterBook(2);
    for (const n of [1, 2, 3])
      book.add(letter(n, n === 1 ? "expired" : "failed"), { partition: "main-0", run: n === 3 ? "r1" : undefined });
    expect(book.list(10).map(({ id, run }) => [id, run])).toEqual([
      ["3", "r1"],
      ["2", undefined],
    ]);
    expect(book.list(1)).toHaveLength(1);
    expect(book.list(0)).toEqual([]);
    expect(book.get("1")).toBeUndefined();
    expect(book.counts()).toEqual({ expired: 1, failed: 2 });
  });
});

describe("letterPage", () => {
  test("has as many as fit into a message, each in short", () => {
    const book = new LetterBook();
    for (const n of [1, 2, 3]) book.add(letter(`${n}${"x".repeat(10_000)}`), { partition: "main-0" });
    const { letters } = letterPage(book, 10, 800);
    expect(letters.map(({ id }) => id)).toEqual(["3", "2"]);
    expect(letters[0]!.message).toHaveLength(201);
    expect(wholeLetter(book.get("1")!).message).toHaveLength(10_001);
  });

  test("says of any message what it is", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(valueText({ a: 1n, b: new Map([["c", new Uint8Array(2)]]) }, 100)).toBe(
      "{ a: 1n, b: Map(1) { 'c' => Uint8Array(2) [ 0, 0 ] } }",
    );
    expect(valueText(circular, 100)).toBe("<ref *1> { self: [Circular *1] }");
    expect(valueText("x".repeat(10), 5)).toBe("xxxxx…");
  });
});
