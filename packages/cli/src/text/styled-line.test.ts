import { describe, expect, test } from "vitest";

import { clipLine, lineText, lineWidth, padText, paintLine, span, wrapSpan } from "./styled-line.ts";

const line = [span("worker", "strong"), span("  "), span("asking", "accent")];

describe("clipLine", () => {
  test.each([
    [14, "worker  asking"],
    [13, "worker  aski…"],
    [8, "worker …"],
    [6, "worke…"],
    [1, "…"],
    [0, ""],
  ])("to %d columns: %s", (columns, text) => {
    const clipped = clipLine(line, columns);
    expect(lineText(clipped)).toBe(text);
    expect(lineWidth(clipped)).toBeLessThanOrEqual(columns);
  });
});

describe("wrapSpan", () => {
  test("breaks between words, and keeps the blanks that a line begins with", () => {
    const lines = wrapSpan(span("  the patch has passed the check, run by somebody else", "good"), 30);
    expect(lines.map(lineText)).toEqual(["  the patch has passed the", "  check, run by somebody else"]);
    expect(lines.map(([{ tone } = span("")]) => tone)).toEqual(["good", "good"]);
  });
});

describe("paintLine", () => {
  test("colours where it is asked to, and nowhere else", () => {
    expect(paintLine(line, true)).toBe("\u001b[1mworker\u001b[22m  \u001b[36masking\u001b[39m");
    expect(paintLine(line, false)).toBe("worker  asking");
  });

  test("leaves no blanks at the end", () => {
    const blanks = [span("worker  ", "bad"), span("  "), span("", "good")];
    expect(paintLine(blanks, false)).toBe("worker");
    expect(paintLine(blanks, true)).toBe("\u001b[31mworker\u001b[39m");
    expect(paintLine([span("  ", "bad")], true)).toBe("");
  });
});

describe("padText", () => {
  test("counts columns, not characters", () => {
    expect(padText("潮", 4)).toBe("潮  ");
    expect(padText("12", 4, "left")).toBe("  12");
  });
});
