import type { Command } from "../input/command.ts";

/** Draws an organization. */
export const tree: Command = {
  name: "tree",
  usage: "FILE [--json]",
  summary: "Draws the organization that FILE exports.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "Shows what would run: agents, hold point and lead; their purposes, tools, recipients and end states with what each means to the supervisor; the supervisor's answers to their failures; the budgets.",
    "No agent runs, but FILE is imported, and that runs what stands at its top level, as `node FILE` would.",
  ],
  options: [{ name: "json", text: "The outline as JSON." }],
  load: async () => (await import("../tree/draw-tree.ts")).drawTree,
};
