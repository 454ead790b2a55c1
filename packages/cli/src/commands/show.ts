import type { Command } from "../input/command.ts";
import { jobOptions, jobParagraph } from "../past/past-source.ts";

/** Shows an actor as it was. */
export const show: Command = {
  name: "show",
  usage: "FILE ADDRESS[@SEQ] [--json]",
  summary: "Shows an actor as it was after one of its turns.",
  operands: { name: "FILE and an ADDRESS", least: 2, most: 2, instead: "job" },
  details: [
    "FILE is a journal, SEQ the number of a turn as orgtree history lists it; the last one by default. Shows what the turn was about, all that it did, and the actor after it: its state, its timers, what it had begun that was not over, whom it owed an answer; and, as runtime, what the runtime keeps for itself. Nothing that is stored is left out.",
    "It only reads, and runs nothing. What it shows is not encrypted and not redacted: it is what the journal holds.",
    jobParagraph,
    "Exit codes: 0 done; 2 there is no such actor or turn, or the journal cannot be read.",
  ],
  options: [{ name: "json", text: "All of it as JSON." }, ...jobOptions],
  load: async () => (await import("../past/show-moment.ts")).showMoment,
};
