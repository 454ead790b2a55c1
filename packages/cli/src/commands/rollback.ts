import type { Command } from "../input/command.ts";
import { takeOverOption } from "../journal/open-to-write.ts";

/** Puts an actor back, in the journal of an organization that does not run. */
export const rollback: Command = {
  name: "rollback",
  usage: "FILE ADDRESS [options]",
  summary: "Puts an actor and all below it back to a checkpoint.",
  operands: { name: "FILE and ADDRESS", least: 2, most: 2 },
  details: [
    "FILE is a journal that nobody has open for writing. The actor at ADDRESS and all below it are put back, to one moment, by new turns at the end of the journal: an organization that is started with it goes on from there, and nothing of the past is lost. Messages from outside that they took since are delivered again; what they exchanged among themselves never happened; who did not exist then is gone.",
    "What they did outside since then stands, and is listed. Where somebody has to answer for it (messages to others, work that is not pure), nothing is done without --consent. What was spent stays spent.",
    "Exit codes: 0 done; 2 nothing was done: there is no such checkpoint, something stands and --consent is missing, nobody would start the actor, or another process has the journal open for writing.",
  ],
  options: [
    {
      name: "to",
      value: "NAME|SEQ",
      text: "A checkpoint, or the number of a turn of ADDRESS. Default: the newest checkpoint of ADDRESS and all below it.",
    },
    { name: "consent", text: "What cannot be taken back may stand." },
    takeOverOption,
    { name: "json", text: "The report as JSON." },
  ],
  load: async () => (await import("../past/roll-back-past.ts")).rollBackPast,
};
