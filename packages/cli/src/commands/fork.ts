import type { Command } from "../input/command.ts";
import { jobOptions, jobParagraph } from "../past/past-source.ts";

/** Copies a past up to a point into a new journal. */
export const fork: Command = {
  name: "fork",
  usage: "FILE --to NEW [options]",
  summary: "Copies a journal up to a turn into a new one, to go on from there.",
  operands: { name: "FILE", least: 1, most: 1, instead: "job" },
  details: [
    "FILE is a journal and is not changed; the organization may run meanwhile. NEW is a journal of a new run: an organization that is started with it goes on from that point, and what it does in the world has keys of its own. What was under way at that point is begun again, or has an unknown outcome, as after a crash.",
    "POINT is a position, as orgtree history lists them; ADDRESS@SEQ, a turn of an actor; or the name of a checkpoint, of which it is the newest. At any position the organization as a whole is consistent.",
    "A fork of an orgtree run goes on with run --resume NEW, also where the run has ended since. One on a repository gets a private copy of its own, in which the edits of write_file and replace_text up to that point are made again; where something else has changed the first copy, such as a command, it is refused, with the position before.",
    jobParagraph,
    "Exit codes: 0 done; 2 there is no such point, it was compacted, or a journal cannot be read or written. Nothing is left at NEW then.",
  ],
  options: [
    { name: "at", value: "POINT", text: "The last turn that is copied. Default: all that is stored." },
    { name: "to", value: "NEW", text: "The file to write. It must not be there yet." },
    { name: "json", text: "What was copied as JSON." },
    ...jobOptions,
  ],
  load: async () => (await import("../past/fork-past.ts")).forkPast,
};
