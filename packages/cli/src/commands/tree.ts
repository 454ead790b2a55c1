import type { Command } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { importFile, organizationOf } from "../load-organization.ts";
import { outlineOf } from "../outline.ts";
import { paintLine } from "../styled-line.ts";
import { outlineLines } from "../tree-text.ts";

/** Draws an organization. */
export const tree: Command = {
  name: "tree",
  usage: "FILE [--json]",
  summary: "Draws the organization that FILE exports.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "Shows what would run: agents, hold point and lead; their purposes, tools, recipients and end states with what each means to the supervisor; the supervisor's answers to their failures; the budgets. Nothing is run.",
  ],
  options: [{ name: "json", text: "The outline as JSON." }],
  async execute(input, surroundings) {
    const { stdout } = surroundings;
    const outline = outlineOf(organizationOf(await importFile(input.operands[0]!, surroundings)));
    if (input.flags.has("json")) {
      stdout.write(`${JSON.stringify(outline, undefined, 2)}\n`);
      return exitCode.done;
    }
    const lines = outlineLines(outline, Math.max(40, stdout.size()?.columns ?? 100));
    stdout.write(lines.map((line) => `${paintLine(line, stdout.hasColor)}\n`).join(""));
    return exitCode.done;
  },
};
