import type { Command } from "../input/command.ts";

/** Says whether a journal is sound. */
export const journalVerify: Command = {
  name: "journal verify",
  usage: "FILE [--json]",
  summary: "Says whether a journal is sound, and what in it is not.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "Looks at every entry past SQLite, so that it works where SQLite gives up, and beside a process that is just writing. Nothing in FILE is changed.",
    "Exit codes: 0 sound; 1 damaged, and what is damaged is named; 2 it cannot be looked at: missing, not readable, busy, of a newer version, or no journal at all.",
  ],
  options: [{ name: "json", text: "All that was found as JSON." }],
  load: async () => (await import("../journal/verify-file.ts")).verifyFile,
};
