/**
 * What OTP lacks: a mailbox and a budget that survive a restart. The cases are Pekko's (SupervisionSpec) where it has them.
 */
import { once } from "node:events";
import { plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { startTree } from "../support/start-tree.ts";
import { count, die, exit, worker, workerWith } from "../support/workers.ts";
import { backoff, wide } from "./restart-settings.ts";

describe("the mailbox over a restart", () => {
  test("is kept in order; the message that failed is a dead letter, and is not delivered again", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", count(1)], ["a", die], ["a", count(2)], ["a", count(3)]);
    expect(await tree.ask("a")).toEqual({ incarnation: 2, counted: [2, 3] });
    expect(tree.branch.deadLetters.list().map(({ envelope, reason }) => [envelope.message, reason])).toEqual([[die, "failed"]]);
  });

  test.skipIf(isElsewhere)("takes what comes while the restart waits, and is full at its capacity: the sender keeps the rest", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", backoff, mailbox: 3, logic: worker },
        { id: "sender", logic: worker },
      ],
    });
    await tree.order(["a", die]);
    await tree.order(["a", count(1)], ["a", count(2)], ["a", count(3)]);
    expect(() => tree.system.tell("/sup/a", count(4))).toThrow(/mailbox of \/sup\/a is full/u);
    await tree.clock.advance(100);
    expect(await tree.ask("a")).toEqual({ incarnation: 2, counted: [1, 2, 3] });
  });

  test("stash overflow: what an actor could not send and does not ask about is a dead letter", async () => {
    const sender = plain({
      init: () => 0,
      receive: (state: number, message: number, turn) => {
        for (let at = 0; at < message; at++) turn.tell("/sup/a", count(at));
        return state;
      },
    });
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", backoff, mailbox: 2, logic: worker },
        { id: "sender", logic: sender },
      ],
    });
    await tree.order(["a", die]);
    await tree.tell("/sup/sender", 3);
    expect(tree.branch.deadLetters.counts()).toEqual({ failed: 1, "mailbox-full": 1 });
  });

  test("what was postponed is there again after a restart, before what came later; a second failure among it is one more restart", async () => {
    const patient = plain<{ open: boolean; seen: readonly string[] }, string>({
      init: () => ({ open: false, seen: [] }),
      receive: (state, message, turn) => {
        if (message === "open") {
          turn.unstash();
          return { ...state, open: true };
        }
        if (message === "what") {
          turn.reply(state.seen);
          return state;
        }
        if (!state.open) {
          turn.postpone();
          return state;
        }
        if (message === "bad") throw new Error("bad");
        return { ...state, seen: [...state.seen, message] };
      },
    });
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: patient }] });
    for (const message of ["1", "bad", "2", "open", "bad", "3", "open"]) tree.system.tell("/sup/a", message);
    await tree.clock.settle();
    expect(tree.trace.lives()).toEqual(["-a failure", "+a", "-a failure", "+a"]);
    tree.system.tell("/sup/a", "open");
    expect(await tree.system.ask("/sup/a", "what")).toEqual(["3"]); // "1" and "2" went into the states of the lives before.
  });

  test.skipIf(isElsewhere)("goes to the dead letters when the child does not come back", async () => {
    await using tree = await startTree({ children: [{ id: "a", restart: "transient", logic: worker }] });
    await tree.order(["a", exit("normal")], ["a", count(1)]);
    expect(tree.branch.deadLetters.counts()).toEqual({ stopped: 1 });
    await tree.order(["a", count(2)]);
    expect(tree.branch.deadLetters.counts()).toEqual({ stopped: 1, "no-recipient": 1 });
  });

  test("goes to the dead letters when the supervisor gives up, and whoever asked is told", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 0, periodMs: 1 },
      children: [
        { id: "a", logic: worker },
        { id: "b", logic: worker },
      ],
    });
    tree.system.tell("/sup/a", die);
    const asked = expect(tree.ask("a")).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done" });
    await asked;
    expect(tree.branch.deadLetters.counts()).toEqual({ failed: 1, stopped: 1 });
  });
});

describe("what survives a restart", () => {
  test("a budget does: what was spent stays spent, and the turn that does not fit escalates", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", budget: { turns: 3 }, logic: worker }] });
    await tree.order(["a", count(1)], ["a", die], ["a", count(2)]);
    expect(tree.exit).toBeUndefined();
    await tree.order(["a", count(3)]);
    expect(tree.exit).toMatchObject({
      kind: "escalated",
      failure: { class: "budget-exhausted", kind: "turns", cause: { address: "/sup/a" } },
    });
  });

  test("what a removed child has left goes back to its supervisor, and what it spent does not", async () => {
    await using tree = await startTree({ strategy: "dynamic" }, { own: { budget: { turns: 100 } } });
    await tree.sup.startChild({ id: "a", budget: { turns: 90 }, logic: worker });
    await expect(tree.sup.startChild({ id: "b", budget: { turns: 90 }, logic: worker })).rejects.toThrow(/budget exhausted/u);
    await tree.order(["a", count(1)], ["a", count(2)]);
    await tree.sup.terminateChild("a");
    await expect(tree.sup.startChild({ id: "b", budget: { turns: 90 }, logic: worker })).resolves.toMatchObject({ address: "/sup/b" });
    expect(tree.system.tree().children[0]!.spent!.turns).toBeGreaterThanOrEqual(2);
  });

  test("a wall time that passes while a supervisor starts its children fails that start", async () => {
    await using tree = await startTree({});
    const team = supervisor({
      children: [{ id: "x", logic: workerWith({ init: () => Promise.withResolvers<readonly unknown[]>().promise }) }],
    });
    const started = expect(tree.sup.startChild({ id: "team", budget: { wallMs: 50 }, logic: team })).rejects.toMatchObject({
      failure: { class: "budget-exhausted", kind: "wall" },
    });
    await tree.clock.advance(50);
    await started;
    expect(await tree.list()).toEqual([]);
  });

  test("timers, names, groups and open work do not", async () => {
    const busy = plain<number, string>({
      init: (_input, turn) => {
        if (turn.incarnation === 1) {
          turn.setTimer("tick", 100);
          turn.register("busy");
          turn.join("group");
          turn.run("work", ({ signal }) => once(signal, "abort"));
        }
        return 0;
      },
      receive: (state, message, turn) => {
        if (message === "die") throw new Error("die");
        turn.reply(state);
        return state;
      },
      signal: (state) => state + 1,
    });
    await using tree = await startTree({ children: [{ id: "a", logic: busy }] });
    expect(tree.branch.whereis("busy")).toBe("/sup/a");
    await tree.tell("/sup/a", "die");
    expect([tree.branch.whereis("busy"), tree.branch.members("group"), tree.system.open.timers]).toEqual([undefined, [], 0]);
    await tree.clock.advance(200);
    expect(await tree.system.ask("/sup/a", "signals?")).toBe(0);
  });
});
