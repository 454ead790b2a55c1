import type { Command } from "../input/command.ts";
import { jobOptions, jobParagraph } from "../past/past-source.ts";

/** Turns that are shown when nobody says how many. */
export const defaultTurns = 50;

/** Lists the turns of an actor, or the actors of a journal. */
export const history: Command = {
  name: "history",
  usage: "FILE [ADDRESS] [options]",
  summary: "Lists the turns in a journal: of one actor, or who has any.",
  operands: { name: "FILE", least: 1, most: 2, instead: "job" },
  details: [
    "FILE is a journal. Without an ADDRESS it lists all actors: how many turns there are of each, when the last one was, and the state that it led to; of one that does not live any more it says ended before it. With an ADDRESS it lists its turns: number, position in the journal, time (UTC), incarnation, cause, what the turn did, and the state that it led to with its size and with what the turn took in the journal. The turns of a supervisor are its decisions. A turn that a rollback has undone since says by which turn of the actor; what it did outside may stand.",
    "It only reads, also while the organization runs; what compaction has removed is not there. A damaged journal is refused with the name of what is damaged: see orgtree help journal.",
    jobParagraph,
    "Exit codes: 0 done; 2 there is no such actor, or the journal cannot be read.",
  ],
  options: [
    { name: "last", value: "N", text: `The newest N turns. Default ${defaultTurns}, where neither --from nor --to is given.` },
    { name: "from", value: "SEQ", text: "Begins with the turn of this number." },
    { name: "to", value: "SEQ", text: "Ends with the turn of this number." },
    { name: "json", text: "The list as JSON." },
    ...jobOptions,
  ],
  load: async () => (await import("../past/list-history.ts")).listHistory,
};
