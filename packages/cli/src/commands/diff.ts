import type { Command } from "../input/command.ts";
import { jobOptions, jobParagraph } from "../past/past-source.ts";

/** Tells what differs between two moments. */
export const diff: Command = {
  name: "diff",
  usage: "FILE ADDRESS@A ADDRESS@B [--json]",
  summary: "Tells what differs between two turns of an actor.",
  operands: { name: "FILE and two ADDRESS@SEQ", least: 3, most: 3, instead: "job" },
  details: [
    "FILE is a journal, A and B are numbers of turns as orgtree history lists them; without a number it is the last one. Compares what orgtree show shows of the two: state, timers, what was begun and not over. Each line is a place in it that was added (+), removed (-) or changed (~). The two may be turns of different actors.",
    jobParagraph,
    "Exit codes: 0 done, whether they differ or not; 2 there is no such actor or turn, or the journal cannot be read.",
  ],
  options: [{ name: "json", text: "The changes as JSON." }, ...jobOptions],
  load: async () => (await import("../past/diff-moments.ts")).diffMoments,
};
