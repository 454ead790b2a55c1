import type { Command } from "../input/command.ts";

/** Writes what is sound of a journal to a new file. */
export const journalRepair: Command = {
  name: "journal repair",
  usage: "FILE --to NEW [--json]",
  summary: "Writes everything sound of a journal to a new file.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "FILE is not changed. NEW holds the sound entries under their numbers and positions, without those that build on one that is gone: an actor goes on from before the break, or from its next whole state. Numbers that were used are not given again. NEW is a compact copy, also of a journal that is sound.",
    "Exit codes: 0 everything is in NEW; 1 what is in NEW is not all, and what is missing is named; 2 nothing was written.",
  ],
  options: [
    { name: "to", value: "NEW", text: "The file to write. It must not be there yet." },
    { name: "json", text: "What was done as JSON." },
  ],
  load: async () => (await import("../journal/repair-file.ts")).repairFile,
};
