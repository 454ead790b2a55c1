/** What a good model says to who mends the library of tides, whoever is asked. */
import { streamedToolCalls, type ChatReply } from "@orgtree/model/testing";

const call = (name: string, input: object): ChatReply => streamedToolCalls([{ id: "call", name, arguments: JSON.stringify(input) }]);
const deliver = (handIn: object): ChatReply => call("deliver", handIn);

/** Of the planner, and of the critic. */
export const plan: ChatReply = deliver({ steps: [{ goal: "Mend both.", doneWhen: "the tests pass" }] });
export const noObjections: ChatReply = deliver({ objections: [] });

/** Of the worker: both changes, both checks, the hand-in. */
export const mending: readonly ChatReply[] = [
  call("replace_text", { path: "src/parse.js", oldText: "Math.floor(minute / 60);", newText: "Math.floor(minute / 60) % 24;" }),
  call("replace_text", {
    path: "src/tides.js",
    oldText: "  return toTime(last.minute + tidalPeriod);",
    newText: "  let next = last.minute + tidalPeriod;\n  while (next <= minute) next += tidalPeriod;\n  return toTime(next);",
  }),
  call("run_check", { criterion: "check" }),
  call("run_check", { criterion: "untouched" }),
  deliver({ summary: "Both are mended.", passed: ["check", "untouched"] }),
];
