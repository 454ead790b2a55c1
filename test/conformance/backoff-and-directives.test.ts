/**
 * What OTP lacks: delays before a restart, and answers by failure class. The cases are Pekko's (SupervisionSpec) where it
 * has them.
 */
import { once } from "node:events";
import { failureClasses, type FailureClass, type OnFailure } from "@orgtree/core";
import { plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { startTree } from "../support/start-tree.ts";
import { count, die, exit, fail, scriptedWorker, worker, workerOnce, workerWith } from "../support/workers.ts";

const wide = { maxRestarts: 100, periodMs: 1_000_000 };
const backoff = { minMs: 100, maxMs: 1_000, factor: 2, jitter: 0, resetAfterMs: 500 };

describe("backoff", () => {
  test("the delay doubles with each failure in a row, up to the longest", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: workerOnce() }] });
    await tree.order(["a", die]);
    await tree.clock.advance(10_000);
    expect(tree.trace.waits().slice(0, 6)).toEqual(
      [100, 200, 400, 800, 1_000, 1_000].map((delayMs, at) => ({ id: "a", attempt: at + 1, delayMs })),
    );
  });

  test("it starts anew when the child was up long enough, and only then", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    for (const upMs of [0, 499, 500, 0]) {
      await tree.clock.advance(upMs);
      await tree.order(["a", die]);
      await tree.clock.advance(tree.trace.waits()[0]!.delayMs);
      tree.trace.lives();
    }
    await tree.order(["a", die]);
    expect(tree.trace.waits()).toEqual([{ id: "a", attempt: 3, delayMs: 400 }]); // 100, 200, then 100 again, 200, and this.
  });

  test("a long delay is no quiet time: a child that fails as soon as it is up never falls back to the least delay", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    const delays = [];
    for (let round = 0; round < 8; round++) {
      await tree.order(["a", die]);
      const { delayMs } = tree.trace.waits()[0]!;
      delays.push(delayMs);
      await tree.clock.advance(delayMs);
    }
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
  });

  test("jitter adds at most its share", async () => {
    await using tree = await startTree(
      { intensity: wide, children: [{ id: "a", backoff: { ...backoff, jitter: 0.5 }, logic: worker }] },
      { random: { next: () => 0.5 } },
    );
    await tree.order(["a", die]);
    expect(tree.trace.waits()).toEqual([{ id: "a", attempt: 1, delayMs: 125 }]);
  });

  test("an attempt counts when it is made, not when it is planned", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 1, periodMs: 50 },
      children: [{ id: "a", backoff, logic: scriptedWorker("ok", "fail", "ok") }],
    });
    await tree.order(["a", die]);
    await tree.clock.advance(1_000);
    expect(await tree.list()).toEqual(["a running"]); // Attempts at 100 and 300: never two within 50 ms.
  });

  test("retries that use the intensity up end the supervisor, delays or not", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 3, periodMs: 100_000 },
      children: [{ id: "a", backoff, logic: workerOnce() }],
    });
    await tree.order(["a", die]);
    await tree.clock.advance(10_000);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
    expect(tree.clock.nowMs()).toBe(10_000);
  });

  test("the group stops at once and waits with the failed child", async () => {
    const children = [
      { id: "a", logic: worker },
      { id: "b", backoff, logic: worker },
      { id: "c", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-c shutdown", "-a shutdown"]);
    expect(await tree.list()).toEqual(["c stopped", "b restarting", "a stopped"]);
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["+a", "+b", "+c"]);
  });

  test("siblings under one-for-one go on, and other children fail and come back meanwhile", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", backoff, logic: worker },
        { id: "b", logic: worker },
      ],
    });
    await tree.order(["a", die]);
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-b failure", "+b"]);
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["+a"]);
  });

  test("a stop while a restart waits ends at once, and leaves no timer behind", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    await tree.order(["a", die]);
    await tree.stop();
    expect(tree.system.open).toEqual({ actors: 1, timers: 0, asks: 0 });
  });

  test("a quiet exit of a permanent child waits like a failure", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    await tree.order(["a", exit("normal")]);
    expect(tree.trace.waits()).toEqual([{ id: "a", attempt: 1, delayMs: 100 }]);
  });
});

describe("the mailbox over a restart", () => {
  test("is kept in order; the message that failed is a dead letter, and is not delivered again", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", count(1)], ["a", die], ["a", count(2)], ["a", count(3)]);
    expect(await tree.ask("a")).toEqual({ incarnation: 2, counted: [2, 3] });
    expect(tree.system.deadLetters.list().map(({ envelope, reason }) => [envelope.message, reason])).toEqual([[die, "failed"]]);
  });

  test("takes what comes while the restart waits, and is full at its capacity: the sender keeps the rest", async () => {
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
    expect(tree.system.deadLetters.counts()).toEqual({ failed: 1, "mailbox-full": 1 });
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

  test("goes to the dead letters when the child does not come back", async () => {
    await using tree = await startTree({ children: [{ id: "a", restart: "transient", logic: worker }] });
    await tree.order(["a", exit("normal")], ["a", count(1)]);
    expect(tree.system.deadLetters.counts()).toEqual({ stopped: 1 });
    await tree.order(["a", count(2)]);
    expect(tree.system.deadLetters.counts()).toEqual({ stopped: 1, "no-recipient": 1 });
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
    expect(tree.system.deadLetters.counts()).toEqual({ failed: 1, stopped: 1 });
  });
});

describe("resume", () => {
  test("keeps state and mailbox; the message that failed is a dead letter", async () => {
    await using tree = await startTree({ children: [{ id: "a", onFailure: { crash: "resume" }, logic: worker }] });
    await tree.order(["a", count(1)], ["a", die], ["a", count(2)], ["a", die], ["a", count(3)]);
    expect(await tree.ask("a")).toEqual({ incarnation: 1, counted: [1, 2, 3] });
    expect(tree.trace.lives()).toEqual([]);
    expect(tree.trace.contexts()).toEqual(["directive a", "directive a"]);
    expect(tree.system.deadLetters.counts()).toEqual({ failed: 2 });
  });

  test("costs no restart", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 0, periodMs: 1_000 },
      children: [{ id: "a", onFailure: { crash: "resume" }, logic: worker }],
    });
    for (let round = 0; round < 10; round++) await tree.order(["a", die]);
    expect(tree.exit).toBeUndefined();
  });

  test("of a child that was stopped while it waited for the answer comes to nothing", async () => {
    const children = [
      { id: "a", onFailure: { crash: "resume" as const }, logic: worker },
      { id: "b", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    const starting = tree.sup.startChild({
      id: "c",
      logic: workerWith({ init: () => new Promise((resolve) => void tree.clock.setTimer(100, () => resolve([]))) }),
    });
    await tree.order(["b", die], ["a", die]);
    expect(tree.system.tree().children[0]!.children[0]).toMatchObject({ address: "/sup/a", status: "suspended" });
    await tree.clock.advance(200);
    await starting;
    expect(tree.trace.lives()).toEqual(["-b failure", "+c", "-c shutdown", "-a failure", "+a", "+b", "+c"]);
    expect(tree.trace.contexts()).toEqual(["child-terminated b", "shutdown-error a"]);
    await tree.order(["a", count(1)]);
    expect(await tree.ask("a")).toEqual({ incarnation: 2, counted: [1] });
  });
});

describe("answers by failure class", () => {
  const answers: OnFailure = {
    "model-error": [
      { directive: "resume", intensity: { maxRestarts: 2, periodMs: 1_000 } },
      { directive: "restart", intensity: { maxRestarts: 1, periodMs: 1_000 } },
      { directive: "stop" },
    ],
    "model-error/refusal": "stop",
    "tool-error": "restart",
    overload: "escalate",
  };

  test.each([
    { order: fail("model-error", "rate-limit"), lives: [] },
    { order: fail("model-error", "refusal"), lives: ["-a failure"] },
    { order: fail("tool-error"), lives: ["-a failure", "+a"] },
    { order: fail("overload"), lives: ["-a failure", "-sup escalated"] },
    { order: fail("budget-exhausted", "tokens"), lives: ["-a failure", "-sup escalated"] },
    { order: die, lives: ["-a failure", "+a"] },
  ])("nested strategies by error class: $order gives $lives", async ({ order, lives }) => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", onFailure: answers, logic: worker }] });
    await tree.order(["a", order]);
    expect(tree.trace.lives()).toEqual(lives);
  });

  test("a ladder is climbed rung by rung, and a quiet time leads back down", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", onFailure: answers, logic: worker }] });
    const climb = async (): Promise<readonly string[]> => {
      await tree.order(["a", fail("model-error", "rate-limit")]);
      return tree.trace.reports().map(({ decision, step }) => `${decision}, ${step?.number} of ${step?.of}`);
    };
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["restart (step 2), 2 of 3"]);
    await tree.clock.advance(1_001);
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["restart (step 2), 2 of 3"]);
    expect(await climb()).toEqual(["stop (step 3), 3 of 3"]);
    expect(await tree.list()).toEqual(["a stopped"]);
  });

  test("a ladder that is used up escalates, whatever the supervisor's own intensity still grants", async () => {
    const onFailure: OnFailure = { crash: { directive: "restart", intensity: { maxRestarts: 1, periodMs: 1_000 } } };
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", onFailure, logic: worker }] });
    await tree.order(["a", die], ["a", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test("a start that fails climbs the ladder as well", async () => {
    const onFailure: OnFailure = {
      crash: [{ directive: "restart", intensity: { maxRestarts: 2, periodMs: 1_000 } }, { directive: "stop" }],
    };
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", onFailure, logic: workerOnce() },
        { id: "b", logic: worker },
      ],
    });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "!a failure"]);
    expect(await tree.list()).toEqual(["b running", "a stopped"]);
  });

  test("a start that fails escalates when its ladder says so", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [{ id: "a", onFailure: { loop: "restart", crash: "escalate" }, logic: workerOnce() }],
    });
    await tree.order(["a", fail("loop")]);
    expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "-sup escalated"]);
    expect(tree.exit).toMatchObject({ failure: { class: "crash", cause: { message: "/sup/a does not start" } } });
  });

  test("a temporary child is asked only for the answers that its spec names", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", restart: "temporary", logic: worker },
        { id: "b", restart: "temporary", onFailure: { unanswered: "escalate" }, logic: worker },
      ],
    });
    await tree.order(["a", fail("unanswered")]);
    expect(await tree.list()).toEqual(["b running"]);
    await tree.order(["b", fail("unanswered")]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  const escalating = new Set<FailureClass>(["budget-exhausted", "unknown-outcome", "unanswered"]);
  test.each(failureClasses)("without an answer in the spec, %s restarts, unless a fresh start cannot mend it", async (failureClass) => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", fail(failureClass)]);
    expect(tree.exit !== undefined).toBe(escalating.has(failureClass));
  });

  test("a sub-supervisor that gives up is answered by the class of the leaf", async () => {
    const team = supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children: [{ id: "x", logic: worker }] });
    await using tree = await startTree({ intensity: wide, children: [{ id: "team", onFailure: { "tool-error": "stop" }, logic: team }] });
    await tree.order(["team/x", die]);
    expect(await tree.list()).toEqual(["team running"]);
    await tree.order(["team/x", fail("tool-error")]);
    expect(await tree.list()).toEqual(["team stopped"]);
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
    expect(tree.system.whereis("busy")).toBe("/sup/a");
    await tree.tell("/sup/a", "die");
    expect([tree.system.whereis("busy"), tree.system.members("group"), tree.system.open.timers]).toEqual([undefined, [], 0]);
    await tree.clock.advance(200);
    expect(await tree.system.ask("/sup/a", "signals?")).toBe(0);
  });
});
