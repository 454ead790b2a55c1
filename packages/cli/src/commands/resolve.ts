import type { Command } from "../input/command.ts";

/** Tells the journal of an organization that does not run what came of work that was cut off. */
export const resolve: Command = {
  name: "resolve",
  usage: "FILE [KEY] [options]",
  summary: "Tells a journal what work came to that was cut off.",
  operands: { name: "FILE and KEY", least: 1, most: 2 },
  details: [
    "What cannot be taken back begins once at most. Where the process ended in the middle of it nobody knows whether it was done, until somebody looks in the world for its key. FILE is a journal that nobody has open for writing. Without KEY the work in it is listed that was under way and may not simply be begun again.",
    "KEY is as it is listed, and as the failure names it; the run in front of it may be left out. With --done an organization that is started with FILE takes the value as what the work came to: for a tool, what it gives back. With --not-done it begins the work again, once, under the key with /2 behind it. Told twice, the last word counts.",
    "An actor that has failed as unknown-outcome and was given up has no such work any more: go back first, to a moment before that (rollback), or fork there.",
    "Exit codes: 0 done; 2 nothing was stored: there is no such work, or another process has the journal open for writing.",
  ],
  options: [
    { name: "done", value: "JSON", text: "It was done, and came to this value." },
    { name: "not-done", text: "It was not done, and may begin again." },
    { name: "json", text: "The work as JSON." },
  ],
  load: async () => (await import("../outcome/resolve-work.ts")).resolveWork,
};
