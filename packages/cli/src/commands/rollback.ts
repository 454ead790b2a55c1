import type { Command } from "../input/command.ts";
import { jobOptions, jobParagraph } from "../past/past-source.ts";
import { takeOverOption } from "../journal/open-to-write.ts";

/** Puts an actor back, in the journal of an organization that does not run. */
export const rollback: Command = {
  name: "rollback",
  usage: "FILE ADDRESS [options]",
  summary: "Puts an actor and all below it back to a checkpoint.",
  operands: { name: "FILE and ADDRESS", least: 2, most: 2, instead: "job" },
  details: [
    "FILE is a journal that nobody has open for writing. The actor at ADDRESS and all below it are put back, to one moment, by new turns at the end of the journal: an organization that is started with it goes on from there, and nothing of the past is lost. Messages from outside that they took since are delivered again; what they exchanged among themselves never happened; who did not exist then is gone.",
    "What they did outside since then stands, and is listed: nothing is run here. Work that is declared compensable is taken back by the next start, by its undo, before anybody goes on. Where somebody has to answer for what stands (messages to others, work that is not pure), nothing is done without --consent; then the messages are named that come again, since what they lead to is done again. What was spent stays spent.",
    "A run that has ended is not rolled back, since its result stays: fork it, and go on with the fork.",
    jobParagraph,
    "Exit codes: 0 done; 2 nothing was done: there is no such checkpoint, something stands and --consent is missing, the run has ended, nobody would start the actor, or another process has the journal open for writing.",
  ],
  options: [
    {
      name: "to",
      value: "NAME|SEQ|ADDRESS@SEQ",
      text: "A checkpoint, the number of a turn of ADDRESS, or any turn below it. Default: the newest checkpoint of ADDRESS and all below it.",
    },
    { name: "consent", text: "What cannot be taken back may stand." },
    takeOverOption,
    { name: "json", text: "The report as JSON." },
    ...jobOptions,
  ],
  load: async () => (await import("../past/roll-back-past.ts")).rollBackPast,
};
