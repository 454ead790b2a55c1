import type { PastTurn } from "orgtree";
import { expect, test } from "vitest";
import { describeCause } from "./cause-text.ts";

const to = { address: "/shop/stock", seq: 1, name: "good" };

test.each<{ kind: PastTurn["cause"]["kind"]; type: string; message?: unknown; says: string }>([
  { kind: "init", type: "init", says: "begin" },
  { kind: "message", type: "ADD", says: "ADD from /desk" },
  { kind: "signal", type: "orgtree.timer", message: { name: "nap" }, says: "timer nap" },
  { kind: "signal", type: "orgtree.done", message: { tag: "reserve:a" }, says: "work reserve:a done" },
  { kind: "signal", type: "orgtree.failed", message: { tag: "reserve:a" }, says: "work reserve:a failed" },
  { kind: "signal", type: "orgtree.reply", message: { tag: "plan" }, says: "answer to plan" },
  { kind: "signal", type: "orgtree.ask-failed", message: { tag: "plan" }, says: "no answer to plan" },
  { kind: "signal", type: "orgtree.down", message: { address: "/desk/b" }, says: "signal down /desk/b" },
  { kind: "internal", type: "xstate.after.60000.door.open", says: "timer of open" },
  { kind: "internal", type: "xstate.done.actor.0.clerk.booking", says: "work booking done" },
  { kind: "internal", type: "xstate.error.actor.booking", says: "work booking failed" },
  { kind: "internal", type: "xstate.done.state.clerk.booking", says: "state booking done" },
  { kind: "internal", type: "xstate.snapshot.0.clerk.booking", says: "news of booking" },
  { kind: "internal", type: "orgtree.spent", says: "spent" },
  { kind: "internal", type: "orgtree.migrated", says: "migrated" },
  { kind: "internal", type: "orgtree.outcome", message: { key: "9.1", done: 7 }, says: "told that work 9.1 was done" },
  { kind: "internal", type: "orgtree.outcome", message: { key: "9.1", notDone: true }, says: "told that work 9.1 was not done" },
  { kind: "internal", type: "LATER", says: "own LATER" },
  { kind: "rollback", type: "rollback", message: { to, top: "/shop/stock" }, says: "rollback to good, /shop/stock@1" },
  { kind: "rollback", type: "rollback", message: { to, top: "/shop" }, says: "rollback to good, /shop/stock@1 of /shop" },
  { kind: "decision", type: "exited", says: "decided: exited" },
])("$kind $type is told as $says", ({ says, ...cause }) => {
  expect(describeCause({ key: undefined, from: cause.kind === "message" ? "/desk" : undefined, message: undefined, ...cause })).toBe(says);
});
