import { describe, expect, test } from "vitest";

import { patchLines } from "./patch-text.ts";
import { lineText } from "../text/styled-line.ts";

const patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-  old  line\n+\tnew\u001b[31m line\n context\n";

describe("patchLines", () => {
  test("gives each line its tone, keeps blanks and lets no control character through", () => {
    const lines = patchLines(patch, undefined);
    expect(lines.map(lineText)).toEqual([
      "diff --git a/x b/x",
      "--- a/x",
      "+++ b/x",
      "@@ -1,2 +1,2 @@",
      "-  old  line",
      "+    new line",
      " context",
    ]);
    expect(lines.map(([span]) => span!.tone)).toEqual(["dim", "dim", "dim", "accent", "bad", "good", "plain"]);
  });

  test("shows the ids of contents as short as git does, within a window of 80 columns", () => {
    const [line] = patchLines(`index ${"a".repeat(40)}..${"b".repeat(40)} 100644\n-index ${"a".repeat(40)}\n`, undefined).map(lineText);
    expect(line).toBe("index aaaaaaa..bbbbbbb 100644");
  });

  test("is shortened only where a file holds all of it", () => {
    const long = "+a\n".repeat(300);
    expect(patchLines(long, undefined)).toHaveLength(300);
    const shown = patchLines(long, "x.patch").map(lineText);
    expect(shown).toHaveLength(121);
    expect(shown.at(-1)).toBe("… 180 more lines in x.patch");
  });
});
