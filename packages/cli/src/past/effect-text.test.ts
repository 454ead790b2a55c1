import { expect, test } from "vitest";
import { describeEffect } from "./effect-text.ts";

const failure = { class: "tool-error", kind: "timeout", name: "ToolError", message: "it took too long", address: "/desk/a" };
const report = { supervisor: "/desk", child: "a", context: "directive", chain: [failure], exit: { kind: "failure", failure } };

test.each([
  { kind: "tell", detail: { to: "/desk/b", message: { type: "ADD" } }, says: "tell /desk/b ADD" },
  { kind: "ask", detail: { to: "/desk/b", message: 7, tag: "t" }, says: "ask /desk/b 7" },
  { kind: "timer", detail: { name: "nap", delayMs: 60_000 }, says: "timer nap in 1 min" },
  { kind: "schedule", detail: { id: "a", delayMs: 0, attempt: 1 }, says: "schedule a" },
  { kind: "start", detail: { id: "a" }, says: "start a" },
  { kind: "ready", detail: {}, says: "ready" },
  { kind: "run", detail: { tag: "fetch" }, says: "work fetch begun" },
  { kind: "run", detail: { tag: "reserve:a", name: "reserve", does: "compensable" }, says: "work reserve:a begun" },
  { kind: "run", detail: { tag: "a", name: "reserve", does: "pure" }, says: "work a (reserve) begun" },
  { kind: "exit", detail: { exit: { kind: "normal", state: "done" } }, says: "exit normal (done)" },
  {
    kind: "report",
    detail: { report: { ...report, decision: "escalate (step 2)", directive: "escalate", step: { number: 2, of: 2 } } },
    says: "a: escalate (last resort) (tool-error/timeout: it took too long)",
  },
  { kind: "xstate.sendTo", detail: { to: "child", event: { type: "GO" } }, says: "sendTo child GO" },
  { kind: "xstate.raise", detail: { event: { type: "LATE" }, delay: 5_000 }, says: "raise LATE in 5.0 s" },
  {
    kind: "xstate.raise",
    detail: { event: { type: "xstate.after.60000.door.open.wide" }, delay: 60_000 },
    says: "timer of open.wide in 1 min",
  },
  { kind: "xstate.cancel", detail: "x", says: "cancel x" },
  { kind: "xstate.cancel", detail: "xstate.after.60000.door", says: "cancel timer of door" },
  { kind: "xstate.spawnChild", detail: { id: "0.agent.asking", src: "askModel", does: "idempotent" }, says: "work asking begun" },
  { kind: "xstate.stopChild", detail: "0.agent.asking", says: "asking stopped" },
  { kind: "orgtree.note", detail: { kind: "tool", tool: "read_file", key: "k" }, says: "noted tool read_file" },
  { kind: "xstate.spawnChild", detail: { id: "work", src: "work" }, says: "child work begun" },
])("$kind of $detail is told as $says", ({ kind, detail, says }) => {
  expect(describeEffect({ kind, detail })).toBe(says);
});

test.each(["tell", "timer", "report", "exit", "emit", "publish", "xstate.raise", "xstate.cancel", "notify"])(
  "an action of a machine that is called %s may have any parameters",
  (kind) => {
    for (const detail of [
      undefined,
      null,
      3,
      "text",
      [],
      {},
      { report: {} },
      { exit: null },
      { exit: { kind: "failure" } },
      { to: {}, event: 1 },
    ]) {
      expect(describeEffect({ kind, detail })).toContain(kind.replace("xstate.", ""));
    }
  },
);
