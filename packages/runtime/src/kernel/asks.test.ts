import { AskFailedError, AskTimeoutError, FailureError, UnknownRecipientError, type ReplyTo } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { die, makePuppet, restarted, startHeldWorld, type Order } from "../actor/plain.fixture.ts";

/** An order that is answered with `value`. */
function answering(value: unknown): Order {
  return (turn) => turn.reply(value);
}

/** An order that keeps the question, for `keep` to answer later. */
function keepingIn(kept: ReplyTo[]): Order {
  return (turn) => kept.push(turn.replyTo!);
}

/** How many listeners the process's own event target code keeps for `signal`. */
function listening(signal: AbortSignal): { count: number } {
  const counter = { count: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    counter.count++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    counter.count--;
    removeEventListener.apply(signal, args);
  };
  return counter;
}

describe("an ask from outside", () => {
  test("gives back what the actor replies", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    expect(await world.system.ask("/m", answering({ number: 7 }))).toEqual({ number: 7 });
    expect(world.system.open).toMatchObject({ asks: 0, timers: 0 });
  });

  test("rejects with the error that the actor refuses it with", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const error = new FailureError({ class: "rejected", message: "not like this" });
    await expect(world.system.ask("/m", ((turn) => turn.refuse(error)) satisfies Order)).rejects.toBe(error);
  });

  test("may be answered in a later turn, with the replyTo that was kept", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const kept: ReplyTo[] = [];
    const asked = world.system.ask("/m", keepingIn(kept));
    await world.clock.advance(4_999);
    expect(world.system.open.asks).toBe(1);
    await world.tell(((turn) => turn.reply("late", kept[0])) satisfies Order);
    expect(await asked).toBe("late");
  });

  test("may be answered by another actor that was given the replyTo", async () => {
    await using world = startWorld();
    for (const id of ["front", "back"]) await world.start(makePuppet().logic, { id });
    const asked = world.system.ask("/front", ((turn) => {
      const { replyTo } = turn;
      turn.tell("/back", ((other) => other.reply("from behind", replyTo)) satisfies Order);
    }) satisfies Order);
    expect(await asked).toBe("from behind");
  });

  test("rejects after its time with AskTimeoutError: what became of it is unknown", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const asked = world.system.ask("/m", "never answered", { timeoutMs: 250 });
    const rejected = expect(asked).rejects.toEqual(new AskTimeoutError("/m", 250));
    await world.clock.advance(249);
    expect(world.system.open.asks).toBe(1);
    await world.clock.advance(1);
    await rejected;
    expect(world.system.open).toMatchObject({ asks: 0, timers: 0 });
  });

  test("waits for 5,000 ms when it does not say, and for ever when it says Infinity", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const rejected = expect(world.system.ask("/m", "?")).rejects.toMatchObject({ timeoutMs: 5_000, outcome: "unknown" });
    const patient = world.system.ask("/m", "?", { timeoutMs: Infinity });
    await world.clock.advance(3_600_000);
    await rejected;
    expect(world.system.open.asks).toBe(1);
    const ended = expect(patient).rejects.toBeInstanceOf(AskFailedError);
    await world.system.stop("/m");
    await ended;
  });

  test.each([Number.NaN, "soon", {}])("rejects a timeout that is no number: %s", async (timeoutMs) => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await expect(world.system.ask("/m", "?", { timeoutMs: timeoutMs as number })).rejects.toThrow(RangeError);
  });

  test("is a dead letter when its time passes in the mailbox, and is never taken", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const { logic, got } = makePuppet();
    await world.start(logic);
    commits.holds = "all";
    await world.tell("held");
    const rejected = expect(world.system.ask("/m", { type: "late" }, { timeoutMs: 10 })).rejects.toBeInstanceOf(AskTimeoutError);
    await world.clock.advance(10);
    await rejected;
    commits.release();
    await world.clock.settle();
    expect(got).toEqual(["held"]);
    expect(world.letters()).toEqual(["expired: late"]);
  });

  test("rejects at once, as not done, when the turn that takes it fails", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    await expect(world.system.ask("/m", die)).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done", actor: "/m" });
  });

  test("rejects at once, as unknown, when the actor ends without having answered", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    const kept: ReplyTo[] = [];
    const asked = world.system.ask("/m", keepingIn(kept), { timeoutMs: Infinity });
    const rejected = expect(asked).rejects.toMatchObject({ name: "AskFailedError", outcome: "unknown", actor: "/m" });
    await world.tell(die);
    await rejected;
    // The next incarnation was not asked.
    await world.tell(((turn) => turn.reply("too late", kept[0])) satisfies Order);
    expect(world.of("dead-letter").map(({ letter }) => letter.reason)).toEqual(["failed", "late-reply"]);
  });

  test("rejects as unknown when the actor exits in the turn that takes it", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await expect(world.system.ask("/m", ((turn) => turn.exit()) satisfies Order)).rejects.toMatchObject({ outcome: "unknown" });
  });

  test("rejects as unknown when the actor is killed while its turn is being committed", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { shutdownMs: "brutal-kill" });
    commits.holds = "all";
    const rejected = expect(world.system.ask("/m", answering(1))).rejects.toMatchObject({ name: "AskFailedError", outcome: "unknown" });
    await world.clock.settle();
    commits.holds = undefined;
    await world.system.stop("/m");
    await rejected;
  });

  test("rejects with UnknownRecipientError when there is no such actor", async () => {
    await using world = startWorld();
    await expect(world.system.ask("/nobody", "?")).rejects.toEqual(new UnknownRecipientError("/nobody"));
    expect(world.system.open).toMatchObject({ asks: 0, timers: 0 });
  });

  test("takes the first answer; a second one is a dead letter", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const twice: Order = (turn) => {
      turn.reply("first");
      turn.reply({ type: "second" });
    };
    expect(await world.system.ask("/m", twice)).toBe("first");
    expect(world.letters()).toEqual(["late-reply: second"]);
  });

  test("takes no answer after its time: that one is a dead letter", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const kept: ReplyTo[] = [];
    const rejected = expect(world.system.ask("/m", keepingIn(kept), { timeoutMs: 1 })).rejects.toBeInstanceOf(AskTimeoutError);
    await world.clock.advance(1);
    await rejected;
    await world.tell(((turn) => turn.reply({ type: "late" }, kept[0])) satisfies Order);
    expect(world.letters()).toEqual(["late-reply: late"]);
  });
});

describe("the signal of an ask from outside", () => {
  test("gives up waiting, with its reason", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const controller = new AbortController();
    const asked = world.system.ask("/m", "never answered", { signal: controller.signal });
    const rejected = expect(asked).rejects.toThrow("enough");
    controller.abort(new Error("enough"));
    await rejected;
    expect(world.system.open).toMatchObject({ asks: 0, timers: 0 });
  });

  test("refuses at once when it is aborted already, and sends nothing", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet();
    await world.start(logic);
    await expect(world.system.ask("/m", "?", { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    await world.clock.settle();
    expect(got).toEqual([]);
  });

  test("is let go of however the ask ends, so that a long-lived signal does not grow", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    const { signal } = new AbortController();
    const listeners = listening(signal);
    const ends = [
      world.system.ask("/m", answering(1), { signal }),
      world.system.ask("/m", ((turn) => turn.refuse(new Error("no"))) satisfies Order, { signal }),
      world.system.ask("/m", die, { signal }),
      world.system.ask("/m", "never answered", { signal, timeoutMs: 1 }),
      world.system.ask("/nobody", "?", { signal }),
    ];
    expect(listeners.count).toBe(4);
    const settled = Promise.allSettled(ends);
    await world.clock.advance(1);
    await settled;
    expect(listeners.count).toBe(0);
  });

  test("is let go of when the mailbox refuses", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { mailbox: 1 });
    commits.holds = "all";
    await world.tell("held");
    world.system.tell("/m", "fills it");
    const { signal } = new AbortController();
    const listeners = listening(signal);
    await expect(world.system.ask("/m", "?", { signal })).rejects.toMatchObject({ name: "MailboxFullError" });
    expect(listeners.count).toBe(0);
  });
});

describe("an ask between actors", () => {
  test("brings the answer as a signal with its tag", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.start(makePuppet().logic, { id: "other" });
    const order: Order = (turn) => {
      turn.ask("/other", answering("first"), { tag: "one" });
      turn.ask("/other", answering("second"), { tag: "two" });
    };
    await world.tell(order);
    expect(heard).toEqual([
      { type: "orgtree.reply", tag: "one", value: "first" },
      { type: "orgtree.reply", tag: "two", value: "second" },
    ]);
  });

  test("brings what went wrong as a signal with its tag", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.start(makePuppet().logic, { id: "other", ...restarted });
    const refusal = new Error("no");
    const order: Order = (turn) => {
      turn.ask("/nobody", "?", { tag: "unknown" });
      turn.ask("/other", ((other) => other.refuse(refusal)) satisfies Order, { tag: "refused" });
      turn.ask("/other", die, { tag: "failed" });
      turn.ask("/other", "never answered", { tag: "late", timeoutMs: 100 });
    };
    await world.tell(order);
    await world.clock.advance(100);
    expect(heard).toEqual([
      { type: "orgtree.ask-failed", tag: "unknown", error: new UnknownRecipientError("/nobody") },
      { type: "orgtree.ask-failed", tag: "refused", error: refusal },
      { type: "orgtree.ask-failed", tag: "failed", error: expect.objectContaining({ name: "AskFailedError", outcome: "not-done" }) },
      { type: "orgtree.ask-failed", tag: "late", error: expect.objectContaining({ name: "AskTimeoutError", outcome: "unknown" }) },
    ]);
  });

  test("fails the turn that asks with a time that is no number", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await world.tell(((turn) => turn.ask("/m", "?", { tag: "t", timeoutMs: Number.NaN })) satisfies Order);
    expect(world.failures()).toMatchObject([{ class: "crash", name: "RangeError" }]);
  });

  test("is answered to nobody when its asker was started again meanwhile: the answer is a dead letter", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    const kept: ReplyTo[] = [];
    await world.start(logic, restarted);
    await world.start(makePuppet().logic, { id: "other" });
    await world.tell(((turn) => turn.ask("/other", keepingIn(kept), { tag: "t" })) satisfies Order);
    await world.tell(die);
    await world.tell(((turn) => turn.reply({ type: "answer" }, kept[0])) satisfies Order, "/other");
    expect(world.node()).toMatchObject({ incarnation: 2 });
    expect(heard).toEqual([]);
    expect(world.letters().at(-1)).toBe("late-reply: answer");
    await world.clock.advance(5_000);
    expect(heard).toEqual([]);
    expect(world.system.open).toMatchObject({ asks: 0, timers: 0 });
  });

  test("may be an actor's question to itself", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(((turn) => turn.ask("/m", answering("me"), { tag: "self" })) satisfies Order);
    expect(heard).toEqual([{ type: "orgtree.reply", tag: "self", value: "me" }]);
  });
});
