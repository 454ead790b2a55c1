import { MailboxFullError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "./plain.ts";
import { die, makeDeafPuppet, makePuppet, restarted, startHeldWorld, type HeldWorld, type Order, type Puppet } from "./plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";

/** A system with `/busy`, whose turn is held in its commit, so that what it is sent stays in its mailbox. */
async function startBusy(mailbox: number): Promise<{ world: HeldWorld; busy: Puppet }> {
  const world = startHeldWorld();
  const busy = makePuppet();
  await world.start(busy.logic, { id: "busy", mailbox });
  await hold(world);
  return { world, busy };
}

/** Holds `/busy` in its next turn; the others go on. */
async function hold(world: HeldWorld): Promise<void> {
  world.commits.holds = "all";
  await world.tell("held", "/busy");
  world.commits.holds = undefined;
}

describe("a mailbox at its capacity", () => {
  test("refuses a tell from outside, which throws: the caller keeps the message", async () => {
    const { world, busy } = await startBusy(2);
    await using _ = world;
    world.system.tell("/busy", 1);
    world.system.tell("/busy", 2);
    expect(() => world.system.tell("/busy", 3)).toThrow(new MailboxFullError("/busy", 2));
    expect(world.letters()).toEqual([]);
    world.commits.release();
    await world.clock.settle();
    expect(busy.got).toEqual(["held", 1, 2]);
  });

  test("refuses an ask, which rejects at once", async () => {
    const { world } = await startBusy(1);
    await using _ = world;
    world.system.tell("/busy", 1);
    await expect(world.system.ask("/busy", "?")).rejects.toThrow(MailboxFullError);
    expect(world.system.open.asks).toBe(0);
  });

  test("refuses a tell of an actor, which hears of it and still has the message", async () => {
    const { world } = await startBusy(1);
    await using _ = world;
    const sender = makePuppet();
    await world.start(sender.logic, { id: "sender" });
    const message = { number: 2 };
    const order: Order = (turn) => {
      turn.tell("/busy", 1);
      turn.tell("/busy", message);
    };
    await world.tell(order, "/sender");
    expect(sender.heard).toEqual([{ type: "orgtree.refused", to: "/busy", message, error: expect.any(MailboxFullError) }]);
    expect((sender.heard[0] as { message: unknown }).message).toBe(message);
    expect(world.letters()).toEqual([]);
  });

  test("makes a dead letter of it when the sender does not listen", async () => {
    const { world } = await startBusy(1);
    await using _ = world;
    await world.start(makeDeafPuppet().logic, { id: "sender" });
    const order: Order = (turn) => {
      turn.tell("/busy", 1);
      turn.tell("/busy", { type: "two" });
    };
    await world.tell(order, "/sender");
    expect(world.letters()).toEqual(["mailbox-full: two"]);
    expect(world.of("dead-letter")[0]!.letter.envelope).toMatchObject({ to: "/busy", from: "/sender", message: { type: "two" } });
  });

  test("makes a dead letter of it when the sender ends before it hears", async () => {
    const { world } = await startBusy(1);
    await using _ = world;
    const sender = makePuppet();
    await world.start(sender.logic, { id: "sender", ...restarted });
    const order: Order = (turn) => {
      turn.tell("/busy", 1);
      turn.tell("/busy", { type: "two" });
      turn.exit();
    };
    await world.tell(order, "/sender");
    expect(sender.heard).toEqual([]);
    expect(world.letters()).toEqual(["mailbox-full: two"]);
  });

  test("makes a dead letter of it when the sender's ear fails", async () => {
    const { world } = await startBusy(1);
    await using _ = world;
    const sender = makePuppet({
      signal: () => {
        throw new Error("no");
      },
    });
    await world.start(sender.logic, { id: "sender" });
    await world.tell(((turn) => [1, { type: "two" }].forEach((message) => turn.tell("/busy", message))) satisfies Order, "/sender");
    expect(world.letters()).toEqual(["mailbox-full: two"]);
  });

  test("never refuses a signal", async () => {
    const { world, busy } = await startBusy(1);
    await using _ = world;
    await world.start(makePuppet().logic, { id: "watched" });
    world.commits.release();
    await world.tell(((turn) => turn.watch("/watched")) satisfies Order, "/busy");
    await hold(world);
    world.system.tell("/busy", "last that fits");
    await world.tell(die, "/watched");
    expect(() => world.system.tell("/busy", "one too many")).toThrow(MailboxFullError);
    world.commits.release();
    await world.clock.settle();
    expect(busy.heard).toMatchObject([{ type: "orgtree.down", address: "/watched" }]);
  });
});

describe("a mailbox", () => {
  test("brings an exit notice behind what the same actor said before", async () => {
    await using world = startWorld();
    const order: string[] = [];
    const watcher = plain<null, string>({
      init: (_input, turn) => {
        turn.watch("/speaker");
        return null;
      },
      receive: (_state, message) => (order.push(message), null),
      signal: (_state, signal) => (order.push(signal.type), null),
    });
    await world.start(makePuppet().logic, { id: "speaker" });
    await world.start(watcher, { id: "watcher" });
    const lastWords: Order = (turn) => {
      turn.exit();
      for (const word of ["first", "second", "third"]) turn.tell("/watcher", word);
    };
    await world.tell(lastWords, "/speaker");
    expect(order).toEqual(["first", "second", "third", "orgtree.down"]);
  });

  test("keeps the order of one sender, with others in between", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet();
    await world.start(logic, { id: "a" });
    await world.start(makePuppet().logic, { id: "one" });
    await world.start(makePuppet().logic, { id: "two" });
    for (let number = 0; number < 50; number++) {
      const order: Order = (turn) => turn.tell("/a", [turn.address, number]);
      world.system.tell("/one", order);
      world.system.tell("/two", order);
    }
    await world.clock.settle();
    for (const sender of ["/one", "/two"]) {
      const numbers = (got as [string, number][]).filter(([from]) => from === sender).map(([, number]) => number);
      expect(numbers).toEqual(Array.from({ length: 50 }, (_, number) => number));
    }
  });

  test("outlives a restart: what was behind the message that failed is taken by the next incarnation", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet();
    await world.start(logic, { ...restarted });
    for (const message of ["before", die, "after", "last"]) world.system.tell("/m", message);
    await world.clock.settle();
    expect(got).toEqual(["before", "after", "last"]);
    expect(world.node()).toMatchObject({ incarnation: 2, mailbox: 0 });
    expect(world.of("dead-letter").map(({ letter }) => letter.reason)).toEqual(["failed"]);
  });

  test("takes messages between two incarnations, up to its capacity", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet();
    await world.start(logic, { ...restarted, mailbox: 2, backoff: { minMs: 1_000, jitter: 0 } });
    await world.tell(die);
    expect(world.node()).toMatchObject({ status: "restarting" });
    world.system.tell("/m", 1);
    world.system.tell("/m", 2);
    expect(() => world.system.tell("/m", 3)).toThrow(MailboxFullError);
    await world.clock.advance(1_000);
    expect(got).toEqual([1, 2]);
  });

  test("gives the next incarnation nothing that the last one was told in answer", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(logic, { ...restarted });
    const busyness: Order = (turn) => {
      turn.ask("/other", ((asked) => asked.reply(1)) satisfies Order, { tag: "asked" });
      turn.run("worked", async () => 1);
      turn.setTimer("due", 0);
      turn.watch("/nobody");
    };
    world.system.tell("/m", busyness);
    world.system.tell("/m", ((turn) => turn.setTimer("barrier", 0)) satisfies Order);
    world.system.tell("/m", die);
    await world.clock.advance(1);
    expect(world.node()).toMatchObject({ incarnation: 2 });
    expect(heard).toEqual([]);
  });

  test("ends with the address: what is in it becomes dead letters, each once", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    world.system.tell("/m", ((turn) => turn.exit()) satisfies Order);
    for (const type of ["one", "two"]) world.system.tell("/m", { type });
    const asked = world.system.ask("/m", { type: "three" });
    await expect(asked).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done" });
    expect(world.letters()).toEqual(["stopped: one", "stopped: two", "stopped: three"]);
    world.system.tell("/m", { type: "four" });
    expect(world.letters().slice(3)).toEqual(["no-recipient: four"]);
  });
});

describe("postpone", () => {
  /** Puts numbers aside until it is told to open. */
  const door = plain<{ open: boolean; got: readonly number[] }, number | "open" | "close" | "report" | "die">({
    init: () => ({ open: false, got: [] }),
    receive(state, message, turn) {
      if (message === "die") throw new Error("it dies");
      if (message === "report") turn.reply(state.got);
      if (message === "open") turn.unstash();
      if (typeof message === "string") return message === "report" ? state : { ...state, open: message === "open" };
      if (!state.open) turn.postpone();
      return { ...state, got: [...state.got, message] };
    },
  });

  test("puts a message aside, and unstash brings all of them back in front, oldest first", async () => {
    await using world = startWorld();
    await world.start(door);
    for (const message of [1, 2, 3, "open", 4] as const) world.system.tell("/m", message);
    expect(await world.system.ask("/m", "report")).toEqual([1, 2, 3, 4]);
  });

  test("may put the same message aside again", async () => {
    await using world = startWorld();
    await world.start(door);
    for (const message of [1, 2, "open", "close", 3, "open"] as const) world.system.tell("/m", message);
    expect(await world.system.ask("/m", "report")).toEqual([1, 2, 3]);
  });

  test("counts what was put aside against the mailbox", async () => {
    await using world = startWorld();
    await world.start(door, { mailbox: 3 });
    for (const number of [1, 2]) await world.tell(number);
    world.system.tell("/m", 3);
    expect(() => world.system.tell("/m", 4)).toThrow(MailboxFullError);
    await world.clock.settle();
    expect(() => world.system.tell("/m", 4)).toThrow(MailboxFullError);
  });

  test("keeps what was put aside over a restart, in front of the mailbox", async () => {
    await using world = startWorld();
    await world.start(door, { ...restarted });
    for (const message of [1, 2, "die", 3, "open", 4] as const) world.system.tell("/m", message);
    expect(await world.system.ask("/m", "report")).toEqual([1, 2, 3, 4]);
    expect(world.node()).toMatchObject({ incarnation: 2 });
  });

  test("makes dead letters of what was put aside when the address is given up", async () => {
    await using world = startWorld();
    await world.start(door);
    for (const message of [1, 2, "die"] as const) world.system.tell("/m", message);
    await world.clock.settle();
    expect(world.of("dead-letter").map(({ letter }) => [letter.reason, letter.envelope.message])).toEqual([
      ["failed", "die"],
      ["stopped", 1],
      ["stopped", 2],
    ]);
  });

  test("drops whatever else the turn did: state, effects, everything", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet();
    await world.start(logic, { id: "other" });
    await world.start(makePuppet().logic);
    let times = 0;
    const order: Order = (turn) => {
      turn.tell("/other", ++times);
      turn.emit({ type: "here" });
      if (times === 1) turn.postpone();
    };
    world.system.tell("/m", order);
    await world.tell(((turn) => turn.unstash()) satisfies Order);
    expect(got).toEqual([2]);
    expect(world.of("emitted")).toHaveLength(1);
  });

  test("means nothing in the initial step", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet({
      init: (_input, turn) => {
        turn.postpone();
        return 0;
      },
    });
    await world.start(logic);
    await world.tell("first");
    expect(got).toEqual(["first"]);
  });

  test("may put a signal aside", async () => {
    await using world = startWorld();
    const heard: string[] = [];
    const logic = plain<boolean, "open">({
      init: (_input, turn) => {
        turn.setTimer("tick", 5);
        return false;
      },
      receive: (_open, _message, turn) => {
        turn.unstash();
        return true;
      },
      signal: (open, signal, turn) => {
        if (open) heard.push(signal.type);
        else turn.postpone();
        return open;
      },
    });
    await world.start(logic);
    await world.clock.advance(5);
    expect(heard).toEqual([]);
    await world.tell("open");
    expect(heard).toEqual(["orgtree.timer"]);
  });
});

describe("a supervisor that gives up in a turn of its own", () => {
  test("ends, is reported, and leaves the system running", async () => {
    await using world = startWorld();
    let starts = 0;
    const once = makePuppet({
      init: () => {
        if (++starts > 1) throw new Error("never again");
        return 0;
      },
    });
    await world.start(supervisor({ children: [{ id: "a", logic: once.logic }] }), { id: "s" });
    await world.tell(die, "/s/a");
    expect(world.exits("/s")).toMatchObject([{ kind: "escalated" }]);
    const { logic, got } = makePuppet();
    await world.start(logic, { id: "next" });
    await world.tell("alive", "/next");
    expect(got).toEqual(["alive"]);
  });
});
