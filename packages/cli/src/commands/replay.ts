import type { Command } from "../input/command.ts";
import { jobOptions, jobParagraph } from "../past/past-source.ts";

/** Computes a run again from its journal. */
export const replay: Command = {
  name: "replay",
  usage: "FILE MODULE [options]",
  summary: "Computes a run again from its journal, and names the first turn that differs.",
  operands: { name: "FILE and MODULE", least: 2, most: 2, instead: "job" },
  details: [
    "FILE is a journal. Of one that orgtree run wrote, or run and runOnRepository, MODULE is the file that exports the organization: its task and its record are in FILE. Of any other it is a file that exports `specs`: what was started at the top, as a list of child specs, or a function that gives it. Every turn is computed once more by the logic of MODULE, from what is stored of the turn before and of its cause: the answers of models, tools and other actors are those that were recorded. Nothing is done: no effect, no timer, no network, no model, no tool; what the organization worked on is not needed, and not touched.",
    "MODULE is imported, which runs what stands at its top level, as `node MODULE` would: it has to export only, and to start nothing but under `if (import.meta.main)`. Where FILE was written to meanwhile, by it or by another process, the replay is refused; of a run that goes on, replay a fork. An `init` that gives back a promise runs as it is.",
    "Each turn has to lead to the same state, the same books and the same effects, byte for byte. Of the first that does not, it names actor, number, position, cause and what differs. Decisions of supervisors are made again where all that led to them is recorded, by the specification that is there now. What another version of a logic has computed, or a child that a call brought, is left out; how many those are is told.",
    jobParagraph,
    "Exit codes: 0 all that was computed is the same; 1 a turn differs; 2 the journal or MODULE cannot be used.",
  ],
  options: [
    { name: "to", value: "POSITION", text: "The last position that is computed. Default: all." },
    { name: "json", text: "What came of it as JSON." },
    ...jobOptions,
  ],
  load: async () => (await import("../past/replay-past.ts")).replayPast,
};
