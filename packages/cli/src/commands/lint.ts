import type { Command } from "../input/command.ts";

/** Finds machines that cannot end, and charters that cannot hold. */
export const lint: Command = {
  name: "lint",
  usage: "FILE… [--json]",
  summary: "Finds machines that cannot end, and charters that cannot hold.",
  operands: { name: "FILE", least: 1, most: Infinity },
  details: [
    "Looks at every XState machine that a file exports, and at every organization: its charters, the machines of its agents and of its lead. None of them is run, but the file is imported, and that runs what stands at its top level, as `node FILE` would.",
    "Errors are certain: such a machine is refused when it is started. Warnings are what is only likely to be wrong.",
    "Exit codes: 0 no errors; 1 errors; 2 nothing to lint, since no file exports a machine or an organization.",
  ],
  options: [{ name: "json", text: "The findings as JSON." }],
  load: async () => (await import("../lint/lint-files.ts")).lintFiles,
};
