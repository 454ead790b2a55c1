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
  { kind: "run", detail: { tag: "fetch" }, says: "run fetch" },
  { kind: "exit", detail: { exit: { kind: "normal", state: "done" } }, says: "exit normal (done)" },
  {
    kind: "report",
    detail: { report: { ...report, decision: "escalate (step 2)", directive: "escalate", step: { number: 2, of: 2 } } },
    says: "a: escalate (last resort) (tool-error/timeout: it took too long)",
  },
  { kind: "xstate.sendTo", detail: { to: "child", event: { type: "GO" } }, says: "sendTo child GO" },
  { kind: "xstate.raise", detail: { event: { type: "LATE" }, delay: 5_000 }, says: "raise LATE in 5.0 s" },
  { kind: "xstate.cancel", detail: "x", says: "cancel x" },
  { kind: "orgtree.note", detail: { kind: "tool", tool: "read_file", key: "k" }, says: "noted tool read_file" },
  { kind: "xstate.spawnChild", detail: { id: "work", src: "work" }, says: "spawnChild work" },
])("$kind of $detail is told as $says", ({ kind, detail, says }) => {
  expect(describeEffect({ kind, key: "/desk/a#0.0", detail })).toBe(says);
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
      expect(describeEffect({ kind, key: "/desk/a#0.0", detail })).toContain(kind.replace("xstate.", ""));
    }
  },
);
