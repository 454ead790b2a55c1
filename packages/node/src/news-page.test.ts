import type { RecordEntry } from "orgtree";
import { decode, encode } from "@orgtree/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobNewsItem } from "./job-news.ts";
import { decodePage, encodePage } from "./news-page.ts";

const check = (observed: string): RecordEntry => ({
  kind: "check",
  key: "/a#1.0",
  by: "/a",
  criterion: "c",
  passed: true,
  artefact: "v1",
  observed,
});
const item = (position: number, ...texts: readonly string[]): JobNewsItem => ({
  position,
  atMs: 1_000 + position,
  events: [],
  entries: texts.map(check),
});

describe("encodePage", () => {
  test("has all turns that fit, and is not over where some are left", () => {
    const news = [1, 2, 3].map((position) => item(position, "x".repeat(300)));
    expect(decodePage(encodePage({ news, isOver: true }, 10_000))).toEqual({ news, isOver: true });
    expect(decodePage(encodePage({ news, isOver: true }, 1_200))).toEqual({ news: news.slice(0, 2), isOver: false });
  });

  test("has a turn that is too large in short, and says so", () => {
    const { news, isOver } = decodePage(encodePage({ news: [item(1, "x".repeat(100_000)), item(2, "y")], isOver: true }, 8_192));
    expect(news).toEqual([{ ...item(1, `${"x".repeat(4_096)}… (95904 characters left out)`), isShortened: true }, item(2, "y")]);
    expect(isOver).toBe(true);
  });

  test("has of a turn with too many entries nothing but its position", () => {
    const { news } = decodePage(encodePage({ news: [item(7, ...Array.from({ length: 1_000 }, () => "x"))], isOver: false }, 8_192));
    expect(news).toEqual([{ position: 7, atMs: 1_007, events: [], entries: [], isShortened: true }]);
  });

  test("fits, goes on, and loses no position, whatever is in the turns", () => {
    const texts = fc.array(fc.string({ unit: "binary", maxLength: 5_000 }), { maxLength: 20 });
    const property = fc.property(
      fc.array(texts, { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1_024, max: 50_000 }),
      (turns, maxBytes) => {
        let left: readonly JobNewsItem[] = turns.map((each, at) => item(at + 1, ...each));
        for (let pages = 0; left.length > 0; pages++) {
          const bytes = encodePage({ news: left, isOver: true }, maxBytes);
          expect(bytes.length).toBeLessThanOrEqual(maxBytes);
          const { news, isOver } = decodePage(decode(encode(bytes)) as Uint8Array);
          expect(news.length).toBeGreaterThan(0);
          expect(news.map(({ position }) => position)).toEqual(left.slice(0, news.length).map(({ position }) => position));
          left = left.slice(news.length);
          expect(isOver).toBe(left.length === 0);
        }
      },
    );
    fc.assert(property, { numRuns: 100 });
  });
});
