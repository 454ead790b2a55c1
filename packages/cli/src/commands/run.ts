import type { Command } from "../input/command.ts";
import { takeOverOption } from "../journal/open-to-write.ts";
import { defaultModel } from "../run/default-model.ts";

/** Runs a task with an organization. */
export const run: Command = {
  name: "run",
  usage: "FILE [options]",
  summary: "Runs a task with the organization that FILE exports.",
  operands: { name: "FILE", least: 1, most: 2 },
  details: [
    "FILE exports an organization as its default. With --repo the organization works on a copy of the repository, never on the original, and ends with a patch that has passed the check, or with a named failure and the patch as far as it got (in NAME.partial.patch). Without --repo it works on what FILE brings along as `demo`, or, where it needs no repository, on the task alone. An organization that works on an `environment` of its own is run from a program: run(organization, task, { model, environment }).",
    "The model is that of OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL. Without a key, or with --scripted, a script plays the model, where FILE brings one along in its `demo`.",
    "Everything that has happened is in a journal before anything follows from it. With --resume a run goes on in another process: what has a result is not done again, and what was spent is spent. Ctrl-C leaves it so that it can go on, too. A run that has ended gives its result again.",
    "Dollars are counted only with --price-in and --price-out; without them limits of dollars do not hold, which the first lines of a run say.",
    "In a terminal the tree is drawn as it works; elsewhere each event is a line. The first Ctrl-C stops the run in order and keeps what there is, the second exits at once. That a run gave up is told on standard error as well.",
    "Importing FILE runs what stands at its top level, and the check is run, both as you. Commands get a scrubbed environment and limits: this is not a sandbox.",
  ],
  options: [
    { name: "repo", value: "PATH", text: "The top of a git repository. It is only read." },
    { name: "check", value: "COMMAND", text: "Tells whether the work is right; 0 means right. Run by /bin/sh in the copy." },
    { name: "task", value: "TEXT", text: "What is to be done." },
    { name: "ignored", value: "PATH", isMultiple: true, text: "An ignored path to copy as well, such as node_modules. May be repeated." },
    { name: "model", value: "NAME", text: `The model to ask. Default OPENAI_MODEL, or ${defaultModel}.` },
    {
      name: "base-url",
      value: "URL",
      text: "Another server that speaks OpenAI's Chat Completions, such as http://localhost:11434/v1: its address without /chat/completions. Default OPENAI_BASE_URL, or OpenAI's own.",
    },
    { name: "price-in", value: "USD", text: "What the model's server asks for a million input tokens, in US dollars. With --price-out." },
    { name: "price-out", value: "USD", text: "The same for a million output tokens." },
    { name: "scripted", text: "Plays the script of FILE's `demo`, even when there is a key." },
    {
      name: "out",
      value: "FILE",
      text: "Where the patch goes; overwritten: a patch that is there already becomes NAME.previous.patch when the run starts. Default orgtree.patch, with --repo only.",
    },
    {
      name: "journal",
      value: "FILE",
      text: "Where the run is stored as it goes, so that it can go on after a crash. Default: a new file in the directory orgtree of XDG_STATE_HOME, or of ~/.local/state; what is there is removed after 7 days, unless a process has it open.",
    },
    { name: "no-journal", text: "Stores nothing: a run that is killed is lost." },
    {
      name: "resume",
      text: "Goes on with a run that was killed or interrupted: with that of the journal JOURNAL, or with the newest one of this organization that has not ended. Where all have ended the newest gives its result again.",
    },
    { ...takeOverOption, text: `With --resume. ${takeOverOption.text}` },
    { name: "json", text: "Events as JSON on standard output, one a line; the last is the result." },
    { name: "log", value: "FILE", text: "Appends each decision of a supervisor as JSON; - is standard error." },
    { name: "plain", text: "Lines instead of a picture." },
  ],
  load: async () => (await import("../run/run-file.ts")).runFile,
};
