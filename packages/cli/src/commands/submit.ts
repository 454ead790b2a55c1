import { clusterOptions, clusterParagraph, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Gives a cluster something to do. */
export const submit: Command = {
  name: "submit",
  usage: "NAME [options]",
  summary: "Has a task done by an organization that the nodes of a cluster know, or starts an actor there.",
  operands: { name: "NAME", least: 1, most: 1 },
  details: [
    "NAME is that of an organization, or with --actor one of the actors that the FILEs of the nodes export: it lives at the address /ID until it ends, or the job is cancelled.",
    "It is stored when the command ends: from then on it is done, whatever becomes of processes. Who gives it an --id can submit it again when the outcome is not known: it is done once.",
    "With --repo it works on a copy of the repository at that path on the machines of the nodes; the patch is in what it came to: orgtree job ID --patch FILE.",
    "Exit codes: 0 it is stored, and with --follow it is done; 1 with --follow: it failed, or was cancelled; 2 it was not stored, or nobody knows; 130 interrupted: with --follow it goes on.",
    clusterParagraph,
  ],
  options: [
    { name: "task", value: "TEXT", text: "What is to be done." },
    { name: "repo", value: "PATH", text: "The top of a git repository, where the nodes find it." },
    { name: "check", value: "COMMAND", text: "Tells whether the work is right; 0 means right." },
    { name: "ignored", value: "PATH", isMultiple: true, text: "An ignored path to copy as well, such as node_modules. May be repeated." },
    { name: "actor", text: "NAME is an actor, not an organization." },
    { name: "input", value: "JSON", text: "What the actor is given. Default nothing." },
    { name: "id", value: "ID", text: "What the job is called: 1 to 64 letters, digits, _ and -. Default a new name." },
    { name: "follow", text: "Tells how it goes, until it has ended." },
    ...clusterOptions,
    waitOption,
    { name: "json", text: "The job as JSON; with --follow one object a line." },
  ],
  load: async () => (await import("../cluster/submit-job.ts")).submitJob,
};
