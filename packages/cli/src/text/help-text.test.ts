import { describe, expect, test } from "vitest";

import { commands } from "../commands/commands.ts";
import { help } from "../commands/help.ts";
import { run } from "../commands/run.ts";
import { widthOf } from "./display-width.ts";
import { helpText } from "./help-text.ts";

const program = { name: "npm run orgtree --", commands, help };

describe("helpText", () => {
  test.each([60, 80, 120])("fits %d columns", (columns) => {
    for (const topics of [[], ...[...commands, help].map((topic) => [topic])])
      for (const line of helpText(program, topics, columns).split("\n")) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
  });

  test("calls the program as it was called", () => {
    expect(helpText(program, [], 120)).toMatch(/^ {2}npm run orgtree -- run FILE \[options\] +Runs a task/m);
    expect(helpText({ ...program, name: "orgtree" }, [run], 120)).toMatch(/^orgtree run FILE \[options\]\n/);
  });
});
