import { describe, expect, test } from "vitest";

import { help } from "../commands/help.ts";
import { lint } from "../commands/lint.ts";
import { run } from "../commands/run.ts";
import { tree } from "../commands/tree.ts";
import { widthOf } from "./display-width.ts";
import { helpText } from "./help-text.ts";

const program = { name: "npm run orgtree --", commands: [run, lint, tree], help };

describe("helpText", () => {
  test.each([60, 80, 120])("fits %d columns", (columns) => {
    for (const topic of [undefined, run, lint, tree, help])
      for (const line of helpText(program, topic, columns).split("\n")) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
  });

  test("calls the program as it was called", () => {
    expect(helpText(program, undefined, 120)).toContain("  npm run orgtree -- run FILE [options]   Runs a task");
    expect(helpText({ ...program, name: "orgtree" }, run, 120)).toMatch(/^orgtree run FILE \[options\]\n/);
  });
});
