import type { LaterEffect, RollbackReport } from "orgtree";
import { describe, expect, test } from "vitest";
import { paintLines } from "../text/styled-line.ts";
import { consentText, rollbackLines } from "./rollback-text.ts";

const work = (key: LaterEffect["key"], tag: string, does: LaterEffect["does"]): LaterEffect => ({
  key,
  kind: "run",
  does,
  detail: { tag, does },
});
const standing = [
  work("/shop/stock#2.0", "reserve:z", "compensable"),
  work("/shop/stock#3.0", "charge:z", "irreversible"),
  { key: "/shop/clerk#4.1", kind: "xstate.spawnChild", does: "idempotent", detail: { id: "0.agent.asking", does: "idempotent" } },
  { key: "/shop/clerk#5.0", kind: "tell", does: undefined, detail: { to: "/desk", message: { type: "ADD" } } },
] satisfies LaterEffect[];
const again = { redelivered: 22, messages: [{ to: "/shop/stock", from: undefined, type: "reserve" }] } as const;

describe("why consent is needed", () => {
  test("is told by what became of what stands, in the user's words, with the messages that come again", () => {
    expect(consentText("/shop", { standing, again }, "9f").split("\n")).toEqual([
      "a rollback of /shop would leave standing what was done outside since:",
      "it cannot be taken back:",
      "- /shop/stock#3.0 work charge:z, irreversible",
      "- /shop/clerk#5.0 tell /desk ADD",
      "it stays done, and may be done again, as if once:",
      "- /shop/clerk#4.1 work asking, idempotent",
      "the next start takes it back, by its undo, where its actor has one:",
      "- /shop/stock#2.0 work reserve:z, compensable",
      "(outside these keys have the run in front: run 9f; what a fork has copied, that of the original)",
      "22 messages from outside would be delivered again, and what they lead to done again: reserve to /shop/stock, and 21 more",
      "nothing was done",
    ]);
  });
});

describe("what a rollback did", () => {
  test("names the messages and what stands, the first of them where there are many", () => {
    const many = Array.from({ length: 60 }, () => standing[1]!);
    const to: RollbackReport["to"] = { address: "/shop/stock", seq: 1, name: "good" };
    const report: RollbackReport = { ...again, to, actors: ["/shop"], gone: ["/shop/late"], undone: [], standing: many };
    const lines = paintLines(rollbackLines("/shop", report, "9f"), false).split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "/shop  rolled back to good, /shop/stock@1",
      "  put back   /shop",
      "  gone       /shop/late",
      "  22 messages from outside are delivered again: reserve to /shop/stock, and 21 more",
      "  stands     /shop/stock#3.0 work charge:z, irreversible",
    ]);
    expect(lines.slice(54)).toEqual([
      "  … and 10 more; --json lists them all",
      "  (outside these keys have the run in front: run 9f; what a fork has copied, that of the original)",
      "",
    ]);
  });
});
