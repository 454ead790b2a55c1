import type { Command } from "../input/command.ts";
import { takeOverOption } from "../journal/open-to-write.ts";

/** Removes the past that nobody needs from a journal. */
export const journalCompact: Command = {
  name: "journal compact",
  usage: "FILE [options]",
  summary: "Removes the past from a journal.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "What is needed to go on stays, and what is needed to go back: all behind the oldest of the checkpoints to which somebody may be rolled back (of each actor the newest of each name), with everybody as he was there. So do what a tree that was given up because of a failure would go on from, older checkpoints with what is needed to view them, and the numbers that were used. With --keep-after behind such a checkpoint the way back to it is gone, and said to be: it can be viewed only. The file does not shrink: its place is used again, and journal repair of a sound journal writes a small copy.",
    "A journal that another process has open for writing is refused. Exit codes: 0 done; 2 nothing was removed.",
  ],
  options: [
    {
      name: "keep-after",
      value: "N",
      text: "Everything behind this position stays. Default: the oldest checkpoint to which somebody may be rolled back; without one only what is needed to go on stays.",
    },
    takeOverOption,
    { name: "json", text: "What was done as JSON." },
  ],
  load: async () => (await import("../journal/compact-file.ts")).compactFile,
};
