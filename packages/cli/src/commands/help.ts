import type { Topic } from "../input/command.ts";

/** Tells what the commands do. It is answered from what they say of themselves, so that there is nothing to carry out. */
export const help: Topic = {
  name: "help",
  usage: "[COMMAND]",
  summary: "Tells what a command does.",
  operands: { name: "COMMAND", least: 0, most: 2 },
  details: [],
  options: [],
};
