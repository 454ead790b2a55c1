import type { Failure, RecordEntry, SupervisorReport, SystemEvent } from "orgtree";
import { describe, expect, test } from "vitest";

import { Story, type Note } from "./story.ts";

const at = { atMs: 0 };

function tell(events: readonly SystemEvent[]): string[] {
  const story = new Story("/bugfix");
  return events.flatMap((event) => story.ofEvent(event, 0).map(inWords));
}

function inWords({ kind, who, text }: Note): string {
  return `${kind} ${who}: ${text}`;
}

function states(name: string, ...names: string[]): SystemEvent[] {
  return names.map((to, index) => ({ type: "state-changed", address: `/bugfix/${name}`, from: names[index - 1] ?? "", to, atMs: 0 }));
}

const crash: Failure = { class: "crash", name: "TypeError", message: "cannot read\nit", address: "/bugfix/worker" };

function report(part: Partial<SupervisorReport>): SystemEvent {
  const whole: SupervisorReport = {
    supervisor: "/bugfix",
    context: "child-terminated",
    child: "worker",
    exit: { kind: "failure", failure: crash },
    chain: [crash],
    decision: "restart",
    directive: "restart",
    ...part,
  };
  return { type: "report", report: whole, ...at };
}

describe("Story.ofEvent", () => {
  test("tells an agent that goes to and fro once", () => {
    const round = ["asking", "acting", "asking", "acting", "asking", "acting", "asking"];
    expect(tell(states("worker", "idle", ...round, "idle", ...round, "idle"))).toEqual([
      "state worker: idle → asking",
      "state worker: asking → acting",
      "state worker: acting → asking",
      "state worker: asking → idle",
      "state worker: idle → asking",
      "state worker: asking → acting",
      "state worker: acting → asking",
      "state worker: asking → idle",
    ]);
  });

  test("tells each time that an actor leaves its rest", () => {
    expect(tell(states("verifier", "idle", "checking", "idle", "checking", "idle"))).toHaveLength(4);
  });

  test("tells each round of a lead", () => {
    expect(tell(states("lead", "planning", "working", "holding", "working", "holding", "done"))).toEqual([
      "state lead: planning → working",
      "state lead: working → holding",
      "state lead: holding → working",
      "state lead: holding → done",
    ]);
  });

  test("tells a failure with the decision and the recovery", () => {
    const failed: SystemEvent = { type: "actor-failed", address: "/bugfix/worker", incarnation: 1, failure: crash, ...at };
    const again: SystemEvent = { type: "actor-started", address: "/bugfix/worker", incarnation: 2, ...at };
    expect(tell([failed, report({}), again])).toEqual([
      "failure worker: crash: cannot read",
      "decision bugfix: decides on worker: restart",
      "recovery worker: starts afresh: life 2",
    ]);
  });

  test.each([
    { context: "directive", text: "decides on worker: resume" },
    { context: "child-terminated", text: "decides on worker: resume is not possible, begin afresh" },
  ] as const)("says whether who is to go on could go on: $context", ({ context, text }) => {
    expect(tell([report({ context, decision: "resume", directive: "resume" })])).toContain(`decision bugfix: ${text}`);
  });

  test("counts a failure that comes again with the same answer, and starts to count afresh after another", () => {
    const again = (incarnation: number): SystemEvent => ({ type: "actor-started", address: "/bugfix/worker", incarnation, ...at });
    const other = report({ chain: [{ ...crash, class: "timeout", message: "late" }] });
    expect(tell([report({}), again(2), report({}), again(3), report({}), again(4), other, report({})]).slice(2)).toEqual([
      "recovery worker: starts afresh: life 2",
      "failure worker: (×2) crash: cannot read → restart",
      "failure worker: (×3) crash: cannot read → restart",
      "failure worker: timeout: late",
      "decision bugfix: decides on worker: restart",
      "failure worker: crash: cannot read",
      "decision bugfix: decides on worker: restart",
    ]);
  });

  test("tells a failure by what began it", () => {
    const outer: Failure = { class: "crash", name: "GaveUp", message: "gave up on worker", cause: crash };
    expect(tell([report({ child: "desk", chain: [outer, crash], decision: "stop" })])).toEqual([
      "failure desk: crash: cannot read",
      "decision bugfix: decides on desk: stop",
    ]);
  });

  test.each<{ what: string; event: SystemEvent; notes: string[] }>([
    { what: "a first start", event: { type: "actor-started", address: "/bugfix/worker", incarnation: 1, ...at }, notes: [] },
    { what: "a quiet end", event: report({ chain: [], exit: { kind: "shutdown" } }), notes: [] },
    {
      what: "giving up",
      event: report({ context: "gave-up", decision: "too many" }),
      notes: ["decision bugfix: gives up on worker: too many"],
    },
    {
      what: "giving up after a decision to escalate",
      event: report({ context: "gave-up", decision: "escalate", directive: "escalate", step: { number: 1, of: 1 } }),
      notes: ["decision bugfix: gives up on worker"],
    },
    { what: "what the root says of the run", event: report({ supervisor: "/", child: "bugfix" }), notes: [] },
    {
      what: "a short wait",
      event: { type: "restart-scheduled", address: "/bugfix/worker", attempt: 1, delayMs: 100, ...at },
      notes: [],
    },
    {
      what: "a long wait",
      event: { type: "restart-scheduled", address: "/bugfix/worker", attempt: 4, delayMs: 8_000, ...at },
      notes: ["decision worker: waits 8.0 s before it starts again"],
    },
    { what: "what a machine emits", event: { type: "emitted", address: "/bugfix/gate", event: { type: "other" }, ...at }, notes: [] },
    { what: "a short stall", event: { type: "stalled", address: "/bugfix/worker", turnMs: 110, ...at }, notes: [] },
    {
      what: "a stall",
      event: { type: "stalled", address: "/bugfix/desk/writer", turnMs: 1_200, ...at },
      notes: ["trouble desk/writer: computed for 1.2 s without a pause; nobody else could act meanwhile"],
    },
    {
      what: "what reaches the root",
      event: { type: "escalated-to-root", address: "/bugfix", failure: crash, ...at },
      notes: ["failure bugfix: nobody above it could help: crash: cannot read"],
    },
  ])("tells $what as $notes", ({ event, notes }) => {
    expect(tell([event])).toEqual(notes);
  });
});

describe("Story.ofEntry", () => {
  const by = "/bugfix/worker";
  const verdict = { by: "/bugfix/verifier", artefact: "a", reason: "because" } as const;
  const check = { key: "k", by: "/bugfix/verifier", artefact: "a" } as const;

  test.each<{ entry: RecordEntry; notes: string[] }>([
    { entry: { kind: "model", key: "k", by, model: "m", tokens: 1, attempts: 1, usd: 0 }, notes: [] },
    {
      entry: { kind: "tool", key: "k", by, tool: "read_file", changes: false, ok: true, summary: "text" },
      notes: ["tool worker: calls read_file"],
    },
    {
      entry: { kind: "tool", key: "k", by, tool: "read_file", changes: false, ok: false, summary: "no such file\nx" },
      notes: ["tool worker: calls read_file, which fails: no such file"],
    },
    {
      entry: { kind: "hold", by: "/bugfix/gate", artefact: "a", open: true, reason: "" },
      notes: ["hold-point gate: opens: every check has passed"],
    },
    {
      entry: { kind: "hold", by: "/bugfix/gate", artefact: "a", open: false, reason: "check failed\nat length" },
      notes: ["hold-point gate: stays closed: check failed"],
    },
    { entry: { kind: "alarm", level: "red", by, what: "read_file 4 times" }, notes: ["alarm worker: red alarm: read_file 4 times"] },
    {
      entry: {
        kind: "verdict",
        verdict: { ...verdict, accepted: true, evidence: [{ ...check, criterion: "check", passed: true, observed: "" }] },
      },
      notes: ["verdict verifier: accepts the work: 1 check executed and passed"],
    },
    {
      entry: {
        kind: "verdict",
        verdict: {
          ...verdict,
          accepted: false,
          evidence: [
            { ...check, criterion: "check", passed: false, observed: "exit code 1\n✔ one\n✖ two (1.5ms)\n✖ failing tests:\n" },
            { ...check, criterion: "untouched", passed: true, observed: "" },
          ],
        },
      },
      notes: ["verdict verifier: refuses the work: check failed (exit code 1: two)"],
    },
    {
      entry: { kind: "verdict", verdict: { ...verdict, accepted: false, evidence: [] } },
      notes: ["verdict verifier: refuses the work: because"],
    },
  ])("tells $entry.kind as $notes", ({ entry, notes }) => {
    expect(new Story("/bugfix").ofEntry(entry, 0).map(inWords)).toEqual(notes);
  });
});
