import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limitOutput } from "./output-limit.ts";

describe("limitOutput", () => {
  test("keeps all of what fits, in whatever chunks it comes", () => {
    const bytes = fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => Buffer.from(text));
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 7 }), (bytes, chunk) => {
        const output = limitOutput(Math.max(1, bytes.length));
        for (let at = 0; at < bytes.length; at += chunk) output.add(bytes.subarray(at, at + chunk));
        expect(output.text()).toBe(bytes.toString());
        expect(output.truncated).toBe(false);
      }),
    );
  });

  test("keeps head and tail of what does not fit, in whatever chunks it comes", () => {
    const lengths = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(lengths, lengths, lengths, (max, more, chunk) => {
        const text = Array.from({ length: max + more }, (_, index) => String.fromCharCode(97 + (index % 26))).join("");
        const output = limitOutput(max);
        for (let at = 0; at < text.length; at += chunk) output.add(Buffer.from(text.slice(at, at + chunk)));
        const head = Math.ceil(max / 2);
        expect(output.text()).toBe(`${text.slice(0, head)}\n[… ${more} bytes cut …]\n${text.slice(text.length - (max - head))}`);
        expect(output.truncated).toBe(true);
        expect(output.totalBytes).toBe(text.length);
      }),
    );
  });

  test("splits no character where it cuts", () => {
    for (let max = 1; max < 24; max += 1) {
      const output = limitOutput(max);
      output.add(Buffer.from("äöü€😀".repeat(3)));
      expect(output.text()).not.toContain("\uFFFD");
    }
  });

  test("replaces what is no UTF-8", () => {
    const output = limitOutput(10);
    output.add(Buffer.from([0x61, 0xff, 0x62]));
    expect(output.text()).toBe("a\uFFFDb");
  });
});
