import type { Address, TreeNode } from "orgtree";
import { describe, expect, test } from "vitest";

import type { LivePicture } from "./live-model.ts";
import { drawPicture } from "./live-view.ts";
import type { Note } from "./story.ts";
import { lineText, lineWidth } from "../text/styled-line.ts";

function node(address: Address, part: Partial<TreeNode> = {}): TreeNode {
  return {
    address,
    type: "worker",
    status: "running",
    label: "idle",
    incarnation: 1,
    restarts: 0,
    mailbox: 0,
    quietMs: 0,
    spent: undefined,
    elsewhere: undefined,
    children: [],
    ...part,
  };
}

const spent = (tokens: number, usd = 0): NonNullable<TreeNode["spent"]> => ({ turns: 1, tokens, usd });

const tree = node("/bugfix", {
  type: "supervisor",
  label: "one-for-one",
  spent: spent(33_687, 0.007),
  children: [
    node("/bugfix/planner", { spent: spent(5_641) }),
    node("/bugfix/worker", { status: "restarting", label: undefined, restarts: 2, spent: spent(28_046) }),
    node("/bugfix/verifier", { label: "checking", spent: spent(0) }),
    node("/bugfix/desk", {
      type: "supervisor",
      label: "rest-for-one",
      children: [
        node("/bugfix/desk/reader", { status: "suspended" }),
        node("/bugfix/desk/writer", { status: "stopped", label: undefined }),
      ],
    }),
    node("/bugfix/gate", { label: undefined }),
    node("/bugfix/lead", { label: "holding" }),
  ],
});

const notes: readonly Note[] = [
  {
    atMs: 400,
    kind: "failure",
    who: "worker",
    text: 'loop: read_file({"path":"src/tides.js"}) 4 times in a row with the same outcome',
    tone: "bad",
  },
  { atMs: 400, kind: "decision", who: "bugfix", text: "decides on worker: restart", tone: "warning" },
  { atMs: 62_000, kind: "verdict", who: "verifier", text: "accepts the work: 潮汐表 passed", tone: "good" },
];

const picture: LivePicture = {
  organization: "bugfix",
  phase: "working",
  elapsedMs: 2_800,
  beat: 2,
  tree,
  busy: new Set<Address>(["/bugfix/verifier", "/bugfix/lead"]),
  retryInMs: new Map<Address, number>([["/bugfix/worker", 240]]),
  said: new Map<Address, string>([["/bugfix/gate", "closed"]]),
  states: new Map<Address, string>(),
  notes,
};

const draw = (columns: number, rows: number, part: Partial<LivePicture> = {}): string =>
  drawPicture({ ...picture, ...part }, { columns, rows })
    .map((line) => lineText(line).trimEnd())
    .join("\n");

describe("drawPicture", () => {
  test("at 120 columns shows everything", () => {
    expect(draw(120, 40)).toMatchInlineSnapshot(`
      "⠹ bugfix  2.8 s  33,687 tokens  $0.0070
      ├─ planner    ● idle                          5,641 tokens
      ├─ worker     ↻ restarting in 0.2 s     ↻ 2  28,046 tokens
      ├─ verifier   ⠹ checking
      ├─ desk       ● supervises
      │  ├─ reader  ? waits for a decision
      │  └─ writer  ○ ended
      ├─ gate       ● closed
      └─ lead       ⠹ holding
         ● at rest  ⠹ at work: asks a model, acts with tools  ↻ restarts  ○ ended

         0.4 s  ✗ worker    loop: read_file({"path":"src/tides.js"}) 4 times in a row with the same outcome
         0.4 s  ↻ bugfix    decides on worker: restart
        62.0 s  ✔ verifier  accepts the work: 潮汐表 passed"
    `);
  });

  test("at 80 columns clips the notes only", () => {
    expect(draw(80, 40)).toMatchInlineSnapshot(`
      "⠹ bugfix  2.8 s  33,687 tokens  $0.0070
      ├─ planner    ● idle                          5,641 tokens
      ├─ worker     ↻ restarting in 0.2 s     ↻ 2  28,046 tokens
      ├─ verifier   ⠹ checking
      ├─ desk       ● supervises
      │  ├─ reader  ? waits for a decision
      │  └─ writer  ○ ended
      ├─ gate       ● closed
      └─ lead       ⠹ holding
         ● at rest  ⠹ at work: asks a model, acts with tools  ↻ restarts  ○ ended

         0.4 s  ✗ worker    loop: read_file({"path":"src/tides.js"}) 4 times in a row…
         0.4 s  ↻ bugfix    decides on worker: restart
        62.0 s  ✔ verifier  accepts the work: 潮汐表 passed"
    `);
  });

  test("at 40 columns leaves out the tokens of agents and the time of notes", () => {
    expect(draw(40, 40)).toMatchInlineSnapshot(`
      "⠹ bugfix  2.8 s  33,687 tokens  $0.0070
      ├─ planner    ● idle
      ├─ worker     ↻ restarting in 0.2 s  ↻ 2
      ├─ verifier   ⠹ checking
      ├─ desk       ● supervises
      │  ├─ reader  ? waits for a decision
      │  └─ writer  ○ ended
      ├─ gate       ● closed
      └─ lead       ⠹ holding
         ● at rest  ⠹ at work: asks a model, …

      ✗ worker    loop: read_file({"path":"sr…
      ↻ bugfix    decides on worker: restart
      ✔ verifier  accepts the work: 潮汐表 pa…"
    `);
  });

  test("in a low window leaves out notes first, then actors", () => {
    expect(draw(80, 14)).toMatchInlineSnapshot(`
      "⠹ bugfix  2.8 s  33,687 tokens  $0.0070
      ├─ planner    ● idle                          5,641 tokens
      ├─ worker     ↻ restarting in 0.2 s     ↻ 2  28,046 tokens
      ├─ verifier   ⠹ checking
      ├─ desk       ● supervises
      │  ├─ reader  ? waits for a decision
      │  └─ writer  ○ ended
      ├─ gate       ● closed
      └─ lead       ⠹ holding

         0.4 s  ✗ worker    loop: read_file({"path":"src/tides.js"}) 4 times in a row…
         0.4 s  ↻ bugfix    decides on worker: restart
        62.0 s  ✔ verifier  accepts the work: 潮汐表 passed"
    `);
    expect(draw(80, 6)).toMatchInlineSnapshot(`
      "⠹ bugfix  2.8 s  33,687 tokens  $0.0070
      ├─ planner    ● idle                          5,641 tokens
      ├─ worker     ↻ restarting in 0.2 s     ↻ 2  28,046 tokens
      ├─ verifier   ⠹ checking
      … 5 more"
    `);
  });

  test.each([
    { phase: "preparing" as const, tree: undefined, head: "⠹ bugfix  2.8 s  making ready" },
    { phase: "ended" as const, tree: undefined, head: "  bugfix  2.8 s  ended" },
    { phase: "stopping" as const, tree: undefined, head: "⠹ bugfix  2.8 s  stopping in order; Ctrl-C again exits at once" },
  ])("says when it is $phase", ({ phase, tree, head }) => {
    expect(draw(80, 40, { phase, tree, notes: [] })).toBe(head);
  });

  test("of a run that has ended shows where each actor was then, and no legend", () => {
    const states = new Map<Address, string>([["/bugfix/lead", "done"]]);
    const shown = draw(80, 40, { phase: "ended", states, said: new Map([["/bugfix/gate", "open"]]) });
    expect(shown).toContain("├─ gate       ○ open\n└─ lead       ○ done\n\n   0.4 s  ✗ worker");
    expect(shown).not.toContain("at rest");
  });

  test.each([1, 2, 7, 23, 39, 40, 59, 60, 61, 80, 200])("at %d columns no line is too wide, and none of any height too many", (columns) => {
    for (let rows = 1; rows <= 30; rows++) {
      const lines = drawPicture(picture, { columns, rows });
      for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
      expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
    }
  });
});
