import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AddressError, maxDepth, MessageRefusedError, SpecError, type Address, type SystemEvent } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { createActorSystem, SystemClosedError } from "./actor-system.ts";
import { startWorld } from "./machine/machine.fixture.ts";
import { die, makePuppet, restarted, startHeldWorld, type Order } from "./actor/plain.fixture.ts";
import { supervisor } from "./supervisor/supervisor.ts";
import { VirtualClock } from "./time/virtual-clock.ts";

describe("tell", () => {
  test("makes a dead letter of a message for nobody", async () => {
    await using world = startWorld();
    for (const to of ["/nobody", "/", "no address"] as Address[]) await world.tell({ type: "t" }, to);
    expect(world.letters()).toEqual(["no-recipient: t", "malformed: t", "no-recipient: t"]);
    expect(world.system.deadLetters.counts()).toEqual({ "no-recipient": 2, malformed: 1 });
    expect(world.system.deadLetters.list().map(({ envelope }) => envelope.to)).toEqual(["/nobody", "/", "no address"]);
  });

  test("refuses a message that is too long", async () => {
    await using world = startWorld({ maxMessageSize: 100 });
    const { logic, got } = makePuppet();
    await world.start(logic);
    const long = { text: "x".repeat(101) };
    expect(() => world.system.tell("/m", long)).toThrow(MessageRefusedError);
    await expect(world.system.ask("/m", long)).rejects.toMatchObject({ name: "MessageRefusedError", reason: "oversized" });
    await world.tell({ text: "x".repeat(100) });
    expect(got).toHaveLength(1);
    expect(world.letters()).toEqual([]);
  });
});

describe("start and stop", () => {
  test("refuse a spec before anything happens, naming the field", async () => {
    await using world = startWorld();
    const spec = { id: "a/b", logic: makePuppet().logic };
    await expect(world.system.start(spec)).rejects.toMatchObject({ name: "SpecError", field: "spec.id" });
    await expect(world.system.start({ id: "a", logic: {} as never })).rejects.toBeInstanceOf(SpecError);
    expect(world.system.open.actors).toBe(1);
  });

  test("work on any level of the tree", async () => {
    await using world = startWorld();
    const inner = supervisor({ children: [{ id: "leaf", logic: makePuppet().logic }] });
    await world.start(supervisor({ children: [{ id: "inner", logic: inner }] }), { id: "outer" });
    expect(world.system.open.actors).toBe(4);
    await world.system.stop("/outer/inner/leaf");
    await world.system.stop("/outer");
    expect(world.system.open.actors).toBe(1);
  });

  test("refuse a tree that is deeper than an address can say", async () => {
    await using world = startWorld();
    let tree = supervisor({ children: [{ id: "leaf", logic: makePuppet().logic }] });
    for (let level = 2; level < maxDepth; level++) tree = supervisor({ children: [{ id: "s", logic: tree }] });
    await world.start(tree, { id: "fits" });
    const deeper = world.start(supervisor({ children: [{ id: "s", logic: tree }] }), { id: "deeper" });
    await expect(deeper).rejects.toMatchObject({ code: "start-failed", message: expect.stringContaining(`at most ${maxDepth} segments`) });
  });

  test.each(["/", "nowhere", "/a//b", ""] as Address[])("stop refuses the address %j", async (address) => {
    await using world = startWorld();
    await expect(world.system.stop(address)).rejects.toBeInstanceOf(AddressError);
  });

  test("stop rejects when there is no such actor", async () => {
    await using world = startWorld();
    await expect(world.system.stop("/m")).rejects.toMatchObject({ code: "not-found" });
    await expect(world.system.stop("/m/child")).rejects.toMatchObject({ name: "UnknownRecipientError" });
  });
});

describe("an observer", () => {
  test("that throws is logged, and disturbs nobody", async () => {
    await using world = startWorld();
    const seen: string[] = [];
    world.system.observe(() => {
      throw new Error("no");
    });
    world.system.observe((event) => seen.push(event.type));
    const { logic, got } = makePuppet();
    await world.start(logic);
    await world.tell("works");
    expect(got).toEqual(["works"]);
    expect(seen).toContain("actor-started");
    expect(world.log).toContainEqual({
      level: "error",
      facts: { err: new Error("no"), event: "actor-started" },
      message: "an observer threw",
    });
  });

  test("hears nothing more when it has ended", async () => {
    await using world = startWorld();
    const seen: SystemEvent[] = [];
    const end = world.system.observe((event) => seen.push(event));
    end();
    end();
    await world.start(makePuppet().logic);
    expect(seen).toEqual([]);
  });

  test("may use the system, and even close it, in the middle of what happens", async () => {
    await using world = startWorld();
    const { logic, got } = makePuppet();
    await world.start(logic, { id: "other" });
    await world.start(makePuppet().logic, restarted);
    let closed: Promise<void> | undefined;
    world.system.observe((event) => {
      if (event.type === "actor-failed") world.system.tell("/other", "it failed");
      if (event.type === "emitted") closed = world.system.close();
    });
    await world.tell(die);
    expect(got).toEqual(["it failed"]);
    await world.tell(((turn) => {
      turn.emit({ type: "close" });
      turn.tell("/other", "behind it");
      turn.setTimer("tick", 10);
    }) satisfies Order);
    await closed;
    expect(world.exits()).toMatchObject([{ kind: "failure" }, { kind: "shutdown" }]);
  });
});

describe("close", () => {
  test("ends the actors in order and leaves nothing open", async () => {
    await using world = startWorld();
    const order: string[] = [];
    const child = (id: string) => ({ id, logic: makePuppet({ terminate: () => void order.push(id) }).logic });
    await world.start(supervisor({ children: [child("a"), child("b")] }), { id: "s" });
    const pending = world.system.ask("/s/a", "never answered", { timeoutMs: Infinity }).catch((error: Error) => error.name);
    await world.tell(((turn) => turn.setTimer("tick", 1_000)) satisfies Order, "/s/a");
    await world.tell(((turn) => turn.ask("/s/b", "?", { tag: "t" })) satisfies Order, "/s/a");
    await world.system.close();
    expect(order).toEqual(["b", "a"]);
    expect(await pending).toBe("AskFailedError");
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
    expect(world.clock.pending).toBe(0);
    expect(world.exits("/")).toEqual([{ kind: "shutdown" }]);
  });

  test("leaves no handle of Node's behind, so that the process can end", async () => {
    const script = `
      import { createActorSystem, plain } from "@orgtree/runtime";
      const logic = plain({ init: () => 0, receive: (state, message, turn) => (turn.setTimer("tick", 60_000), state) });
      const system = createActorSystem();
      await system.start({ id: "m", logic, budget: { wallMs: 60_000 } });
      system.tell("/m", "set a timer");
      const asked = system.ask("/m", "never answered", { timeoutMs: 60_000 }).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      const open = system.open;
      await system.close();
      await asked;
      await new Promise((resolve) => setImmediate(resolve));
      const handles = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "Immediate");
      console.log(JSON.stringify({ open, handles }));`;
    const args = ["--conditions=@orgtree/source", "--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(JSON.parse(stdout)).toEqual({ open: { actors: 2, timers: 3, asks: 1 }, handles: [] });
  });

  test("waits for itself when it is called twice, and does nothing when it is over", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<void>();
    await world.start(makePuppet({ terminate: () => promise }).logic);
    let closed = 0;
    const both = [world.system.close(), world.system.close()].map((end) => end.then(() => closed++));
    await world.clock.settle();
    expect(closed).toBe(0);
    resolve();
    await Promise.all(both);
    await world.system.close();
    expect(world.exits()).toHaveLength(1);
  });

  test("gives up a start that is under way", async () => {
    await using world = startWorld();
    const started = expect(world.start(makePuppet({ init: () => Promise.withResolvers<number>().promise }).logic)).rejects.toMatchObject({
      code: "stopping",
    });
    await world.clock.settle();
    await world.system.close();
    await started;
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
  });

  test("gives up a restart that waits for its time", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { ...restarted, backoff: { minMs: 10_000, jitter: 0 } });
    await world.tell(die);
    expect(world.system.open.timers).toBe(1);
    await world.system.close();
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
  });

  test("lets an actor close the system in a turn of its own, and finish that turn", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic);
    let closed: Promise<void> | undefined;
    await world.tell(((turn) => {
      closed = world.system.close();
      turn.emit({ type: "finished" });
    }) satisfies Order);
    await closed;
    expect(world.of("emitted")).toHaveLength(1);
    expect(world.system.open.actors).toBe(0);
  });

  test("refuses everything afterwards, with SystemClosedError", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await world.system.close();
    expect(() => world.system.tell("/m", 1)).toThrow(SystemClosedError);
    await expect(world.system.ask("/m", 1)).rejects.toThrow("the system takes no messages: it is closed");
    await expect(world.system.start({ id: "a", logic: makePuppet().logic })).rejects.toBeInstanceOf(SystemClosedError);
    await expect(world.system.stop("/m")).rejects.toBeInstanceOf(SystemClosedError);
    await expect(world.system.supervisor("/").countChildren()).rejects.toBeInstanceOf(SystemClosedError);
    await expect(world.system.watch("/m")).rejects.toMatchObject({ name: "UnknownRecipientError" });
    expect(world.system.tree()).toMatchObject({ address: "/", status: "stopped", children: [] });
  });

  test("is what leaving the scope of the system does", async () => {
    let kept;
    {
      await using system = createActorSystem({ clock: new VirtualClock() });
      await system.start({ id: "m", logic: makePuppet().logic });
      kept = system;
    }
    expect(kept.open).toEqual({ actors: 0, timers: 0, asks: 0 });
  });
});

describe("drain", () => {
  test("takes nothing new from outside, finishes what is in the mailboxes and what that causes, then closes", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic);
    for (let number = 0; number < 500; number++) world.system.tell("/m", ((turn) => turn.tell("/other", number)) satisfies Order);
    const drained = world.system.drain();
    expect(() => world.system.tell("/m", "new")).toThrow("the system takes no messages: it drains");
    await drained;
    expect(other.got).toHaveLength(500);
    expect(world.letters()).toEqual([]);
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
  });

  test("waits for commits that are under way", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const { logic, got } = makePuppet();
    await world.start(logic);
    commits.holds = "all";
    await world.tell(((turn) => turn.tell("/m", "caused")) satisfies Order);
    let over = false;
    const drained = world.system.drain().then(() => (over = true));
    await world.clock.settle();
    expect(over).toBe(false);
    commits.release();
    await world.clock.advance(10);
    await drained;
    expect(got).toEqual(["caused"]);
  });

  test("closes after its time all the same: what is left is lost as dead letters", async () => {
    await using world = startWorld();
    const { logic } = makePuppet({ init: () => (world.of("actor-started").length > 0 ? Promise.withResolvers<number>().promise : 0) });
    await world.start(logic, { ...restarted });
    world.system.tell("/m", die);
    world.system.tell("/m", { type: "stuck" });
    const drained = world.system.drain(1_000);
    await world.clock.advance(999);
    expect(world.system.open.actors).toBe(2);
    await world.clock.advance(1);
    await drained;
    expect(world.letters()).toEqual(["failed: undefined", "stopped: stuck"]);
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
    expect(world.clock.pending).toBe(0);
  });

  test("may be called twice, and after close", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await Promise.all([world.system.drain(), world.system.drain()]);
    await world.system.drain();
    expect(world.clock.pending).toBe(0);
  });
});

describe("the root", () => {
  test("that is fenced takes the tree with it, and whoever asks is told", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic);
    commits.holds = "all";
    const ended = { name: "SystemClosedError", message: expect.stringContaining("its root has ended") as string };
    const started = expect(world.system.start({ id: "late", logic: makePuppet().logic })).rejects.toMatchObject(ended);
    await world.clock.settle();
    commits.held.shift()!.refuse();
    await started;
    expect(world.exits()).toEqual([{ kind: "killed" }]);
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
    await expect(world.system.start({ id: "next", logic: makePuppet().logic })).rejects.toMatchObject(ended);
    expect(world.log).toContainEqual(expect.objectContaining({ level: "error", message: "the root did not end in order" }));
    await world.system.close();
  });
});

describe("tree", () => {
  test("shows every actor as it stands, as plain data", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    const children = [
      { id: "worker", logic: makePuppet().logic, budget: { tokens: 10 } },
      { id: "failing", logic: makePuppet().logic, backoff: { minMs: 1_000, jitter: 0 } },
    ];
    await world.start(supervisor({ strategy: "one-for-one", children }), { id: "s" });
    await world.tell(((turn) => turn.budget.reserve({ tokens: 4 }).keep()) satisfies Order, "/s/worker");
    await world.tell(die, "/s/failing");
    commits.holds = "all";
    await world.tell("held", "/s/worker");
    await world.tell("waiting", "/s/worker");
    await world.clock.advance(250);
    expect(structuredClone(world.system.tree())).toEqual({
      address: "/",
      type: "supervisor",
      status: "running",
      label: "dynamic",
      incarnation: 1,
      restarts: 0,
      mailbox: 0,
      quietMs: 250,
      spent: undefined,
      children: [
        expect.objectContaining({
          address: "/s",
          type: "supervisor",
          label: "one-for-one",
          children: [
            {
              address: "/s/worker",
              type: "worker",
              status: "running",
              label: undefined,
              incarnation: 1,
              restarts: 0,
              mailbox: 1,
              quietMs: 250,
              spent: { turns: 2, tokens: 4, usd: 0 },
              children: [],
            },
            expect.objectContaining({ address: "/s/failing", status: "restarting", incarnation: 1, restarts: 0, mailbox: 0 }),
          ],
        }),
      ],
    });
    commits.release();
    await world.clock.advance(1_000);
    expect(world.system.tree().children[0]!.children[1]).toMatchObject({ status: "running", incarnation: 2, restarts: 1 });
  });

  test("shows who is suspended", async () => {
    await using world = startHeldWorld();
    const { commits } = world;
    await world.start(makePuppet().logic, { onFailure: { crash: "resume" } });
    commits.holds = "all";
    await world.tell(die);
    expect(world.node()).toMatchObject({ status: "suspended" });
    commits.release();
    await world.clock.settle();
    expect(world.node()).toMatchObject({ status: "running" });
  });
});

describe("the options of a system", () => {
  test.each([{ keepDeadLetters: -1 }, { keepDeadLetters: Number.NaN }, { stallMs: -1 }, { maxMessageSize: Number.NaN }])(
    "refuse %o",
    (options) => {
      expect(() => createActorSystem(options)).toThrow(SpecError);
    },
  );

  test("may keep no dead letters at all, which are counted all the same", async () => {
    await using world = startWorld({ keepDeadLetters: 0 });
    for (let number = 0; number < 5; number++) world.system.tell("/nobody", number);
    expect(world.system.deadLetters.list()).toEqual([]);
    expect(world.system.deadLetters.counts()).toEqual({ "no-recipient": 5 });
  });
});
