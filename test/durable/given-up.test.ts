/** A top-level tree that was given up because of a failure: nobody begins it afresh who does not say so. */
import { GivenUpError, type Address, type ChildSpec, type NewEntry } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { createActorSystem, pinGivenUp, plain, rollBackStored, supervisor, VirtualClock, type Logic, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

interface Order {
  readonly do: "take" | "get" | "die" | "charge" | "leave" | "good" | "give";
}

/** Holds so many, less what was taken. */
const stock = plain<{ readonly left: number; readonly heard: readonly string[] }, Order>({
  init: () => ({ left: 100, heard: [] }),
  receive(state, message, turn: Turn) {
    switch (message.do) {
      case "get":
        turn.reply([state.left, ...state.heard]);
        return state;
      case "die":
        throw new Error("died");
      case "charge":
        turn.run("charge", () => new Promise(() => {}));
        return state;
      case "leave":
        turn.exit();
        return state;
      case "good":
        turn.checkpoint("good");
        return state;
      case "give":
        turn.deliver("/other", { do: "take" });
        return state;
      default:
        return { ...state, left: state.left - 1 };
    }
  },
  signal: (state, signal) => ({ ...state, heard: [...state.heard, signal.type] }),
});

const child = (id: string, more: Partial<ChildSpec<Logic>> = {}): ChildSpec<Logic> => ({ id, logic: stock, ...more });
const shopOf = (more: Partial<ChildSpec<Logic>> = {}): ChildSpec<Logic> => ({
  id: "shop",
  logic: supervisor({ children: [child("clerk"), child("stock", more)] }),
});
const shop = shopOf();
/** Its stock goes back to its last checkpoint when it fails, and begins anew where it has none. */
const checkpointed = shopOf({
  onFailure: { crash: [{ directive: "rollback", intensity: { maxRestarts: 3, periodMs: 60_000 } }, { directive: "restart" }] },
});
const give = (order: Order["do"]): Order => ({ do: order });

async function order(world: World, to: Address, ...orders: readonly Order["do"][]): Promise<void> {
  for (const each of orders) await world.tell(to, give(each));
}

const left = (world: World, address: Address): Promise<unknown> => world.ask(address, give("get"));

/** The error of a start; undefined where there is none. */
async function refusal(world: World, spec: ChildSpec<Logic> = shop): Promise<GivenUpError | undefined> {
  const start = world.system.start(spec).then(
    () => undefined,
    (error: unknown) => error,
  );
  const [error] = await Promise.all([start, world.clock.settle()]);
  if (error !== undefined) expect(error).toBeInstanceOf(GivenUpError);
  return error as GivenUpError | undefined;
}

async function startFresh(world: World, spec: ChildSpec<Logic> = shop): Promise<void> {
  await Promise.all([world.system.start(spec, { fresh: true }), world.clock.settle()]);
}

/** Its process ends in the middle of what cannot be taken back, and the next one gives it up. */
async function givenUp(spec: ChildSpec<Logic> = shop, before: readonly Order["do"][] = []): Promise<World> {
  const world = new World();
  await world.start(spec);
  await order(world, "/shop/stock", ...before, "take", "take", "take");
  await order(world, "/shop/clerk", "take");
  await order(world, "/shop/stock", "charge");
  await order(world, "/shop/clerk", "take");
  await world.crash();
  await world.start(spec);
  expect(world.events.map(({ type }) => type)).toContain("escalated-to-root");
  return world;
}

/** Somebody puts it back while it does not run, and another process comes up. */
async function putBack(world: World, to?: string | number): Promise<void> {
  const journal = new MemoryJournal(world.file);
  await rollBackStored(journal, "/shop", { atMs: world.clock.epochMs(), to, consent: true });
  await journal.close();
  await world.crash(60_000);
}

/** The kinds of all that is stored of an address. */
async function kindsOf(world: World, address: Address): Promise<readonly string[]> {
  const kinds: string[] = [];
  const { epoch } = world.file;
  const journal = new MemoryJournal(world.file);
  world.file.epoch = epoch; // Nobody has opened it to write.
  for await (const { kind } of journal.read({ within: address })) kinds.push(kind);
  return kinds;
}

describe("the start of a tree that was given up because of a failure", () => {
  test("is refused, in this process and in the next ones, with the failure, the turn, and what can be done", async () => {
    const world = await givenUp();
    for (let times = 0; times < 3; times++) {
      const error = (await refusal(world))!;
      expect(error).toMatchObject({ address: "/shop", retryable: false, failureClass: "unknown-outcome" });
      expect(error.failure).toMatchObject({ class: "unknown-outcome", cause: { address: "/shop", cause: { address: "/shop/stock" } } });
      const turn = (await world.turns("/")).find(({ effects }) => effects.some(({ kind }) => kind === "escalate-to-root"))!;
      expect(error.at).toEqual({ address: "/", seq: turn.seq, position: turn.position });
      // The clerk took something after what was cut off.
      expect(error.before).toMatchObject({ address: "/shop/clerk", seq: (await world.turns("/shop/clerk")).at(-1)!.seq });
      expect(error.message).toMatch(
        /^\/shop was given up \(position \d+ of the journal\) because of unknown-outcome at \/shop\/stock: .*orgtree rollback FILE \/shop --to \/shop\/clerk@\d+.*\{ fresh: true \}/,
      );
      await world.crash();
    }
  });

  test("leaves what is stored of it as it is", async () => {
    const world = await givenUp();
    await world.crash();
    const before = await kindsOf(world, "/shop");
    await refusal(world);
    expect(await kindsOf(world, "/shop")).toEqual(before);
    expect(before).not.toContain("end");
  });

  test("begins it afresh where that is wanted, and from then on it goes on as any other", async () => {
    const world = await givenUp();
    await world.crash();
    await startFresh(world);
    expect(await left(world, "/shop/stock")).toEqual([100]);
    await order(world, "/shop/stock", "take");
    await world.crash();
    await world.start(shop);
    expect(await left(world, "/shop/stock")).toEqual([99]);
  });

  test("begins afresh what would go on, where that is wanted", async () => {
    const world = new World();
    await world.start(shop);
    await order(world, "/shop/stock", "take");
    await world.crash();
    await startFresh(world);
    expect(await left(world, "/shop/stock")).toEqual([100]);
    await expect(startFresh(world)).rejects.toThrow("it already runs");
  });

  test("begins nothing afresh that a program has just refused: the next one may go on with it, or begin it afresh", async () => {
    const clerk = (version: string): ChildSpec<Logic> => ({
      id: "shop",
      logic: plain<number, Order>({ version, init: () => 100, receive: (count, _message, turn) => (turn.reply([count]), count) }),
      restart: "temporary",
    });
    const world = new World();
    world.isReplayed = false;
    await world.start(clerk("1"));
    await world.crash();
    await expect(Promise.all([world.system.start(clerk("2")), world.clock.settle()])).rejects.toThrow("was stored by");
    await expect(startFresh(world, clerk("2"))).rejects.toThrow("left as it is stored");
    await world.crash();
    await world.start(clerk("1"));
    await world.crash();
    await startFresh(world, clerk("2"));
    expect(await left(world, "/shop")).toEqual([100]);
  });

  test("begins it afresh where that is wanted by the process that gave it up", async () => {
    const world = await givenUp();
    await startFresh(world);
    expect(await left(world, "/shop/stock")).toEqual([100]);
    expect(await kindsOf(world, "/shop")).toContain("end");
  });

  test.each([
    { by: "by the process that gave it up", isNext: false },
    { by: "by the next process", isNext: true },
  ])("begins those below it afresh too, who do not go back to what was before, $by", async ({ isNext }) => {
    const world = await givenUp(checkpointed, ["take", "good"]);
    if (isNext) await world.crash();
    await startFresh(world, checkpointed);
    for (const place of ["/shop/stock", "/shop/clerk"] as const)
      expect((await kindsOf(world, place)).filter((kind) => kind === "end")).toHaveLength(1);
    await order(world, "/shop/stock", "take", "die");
    expect(await left(world, "/shop/stock")).toEqual([100]);
  });

  test("begins those afresh whose supervisor was deleted", async () => {
    const world = new World();
    const shops: ChildSpec<Logic> = { id: "shops", logic: supervisor({ children: [checkpointed] }) };
    await world.start(shops);
    await order(world, "/shops/shop/stock", "take", "good", "take");
    const handle = world.system.supervisor("/shops");
    const call = async (work: Promise<unknown>): Promise<unknown> => (await Promise.all([work, world.clock.settle()]))[0];
    await call(handle.terminateChild("shop"));
    await call(handle.deleteChild("shop"));
    expect(await kindsOf(world, "/shops/shop/stock")).toEqual(["whole", "part", "part", "part", "end"]);
    await call(handle.startChild(checkpointed));
    await order(world, "/shops/shop/stock", "take", "die");
    expect(await left(world, "/shops/shop/stock")).toEqual([100]);
  });

  test.each<{ what: string; spec: ChildSpec<Logic>; end: (world: World) => Promise<unknown> }>([
    { what: "ended by itself", spec: { ...child("shop"), restart: "transient" }, end: (world) => order(world, "/shop", "leave") },
    {
      what: "was stopped by hand",
      spec: child("shop"),
      end: (world) => Promise.all([world.system.stop("/shop"), world.clock.settle()]),
    },
    { what: "failed and is temporary", spec: { ...child("shop"), restart: "temporary" }, end: (world) => order(world, "/shop", "die") },
    {
      what: "failed and was to stop then",
      spec: child("shop", { onFailure: { crash: "stop" } }),
      end: (world) => order(world, "/shop", "die"),
    },
  ])("begins one afresh that $what", async ({ spec, end }) => {
    const world = new World();
    await world.start(spec);
    await order(world, "/shop", "take");
    await end(world);
    await world.crash();
    await world.start(spec);
    expect(await left(world, "/shop")).toEqual([100]);
  });

  test("begins it afresh where nothing outlives the process", async () => {
    for (const restores of [false, true]) {
      const clock = new VirtualClock();
      const system = createActorSystem({ clock, restores });
      const spec = child("shop", { onFailure: { crash: "escalate" } });
      const start = (): Promise<unknown> => Promise.all([system.start(spec), clock.settle()]);
      await start();
      system.tell("/shop", give("die"));
      await clock.settle();
      await start();
      expect(system.tree().children).toHaveLength(1);
    }
  });
});

describe("a tree that was given up because of a failure", () => {
  const resume = shopOf({ onFailure: { "unknown-outcome": "resume" } });

  test("goes on where it was, all of it, when it is put back to the turn that its error names", async () => {
    const world = await givenUp();
    world.isReplayed = false;
    await world.crash();
    const { before } = (await refusal(world))!;
    await putBack(world, `${before!.address}@${before!.seq}`);
    await world.start(resume);
    expect(await left(world, "/shop/stock")).toEqual([97, "orgtree.failed"]);
    expect(await left(world, "/shop/clerk")).toEqual([98]);
    await world.crash();
    await world.start(resume);
    expect(await left(world, "/shop/stock")).toEqual([97, "orgtree.failed"]);
  });

  test("is given up again where its cause is still there, and can be put back again", async () => {
    const world = await givenUp();
    world.isReplayed = false;
    await world.crash();
    for (let times = 0; times < 2; times++) {
      const { before } = (await refusal(world))!;
      await putBack(world, `${before!.address}@${before!.seq}`);
      if (times === 0) await world.start(shop);
    }
    await world.start(resume);
    expect(await left(world, "/shop/stock")).toEqual([97, "orgtree.failed"]);
  });

  test("goes on from a checkpoint, or from a turn of its own", async () => {
    const world = new World();
    const spec = shopOf({ onFailure: { crash: "escalate" } });
    await world.start({ ...spec, onFailure: { crash: "escalate" } });
    await order(world, "/shop/stock", "take", "good", "take", "die");
    await world.crash();
    expect(await refusal(world, spec)).toBeDefined();
    await putBack(world);
    await world.start(spec);
    // What came from outside since the checkpoint comes again, but for what it failed at.
    expect(await left(world, "/shop/stock")).toEqual([98]);
  });

  test.each<{ what: string; answers: Partial<ChildSpec<Logic>>; deaths: number; leaves: number }>([
    { what: "an intensity was used up", answers: {}, deaths: 2, leaves: 99 },
    { what: "the failure was to escalate", answers: { onFailure: { crash: "escalate" } }, deaths: 1, leaves: 98 },
    {
      what: "it failed while it could have been resumed",
      answers: {
        onFailure: { crash: [{ directive: "resume", intensity: { maxRestarts: 1, periodMs: 60_000 } }, { directive: "escalate" }] },
      },
      deaths: 2,
      leaves: 97,
    },
    {
      what: "a rollback was of no use",
      answers: {
        onFailure: { crash: [{ directive: "rollback", intensity: { maxRestarts: 1, periodMs: 60_000 } }, { directive: "escalate" }] },
      },
      deaths: 1,
      leaves: 98,
    },
  ])("goes on where it was before that where $what, at any depth", async ({ answers, deaths, leaves }) => {
    const inner = { ...shopOf(answers), id: "floor", onFailure: { crash: "escalate" } as const };
    const logic = supervisor({ children: [inner, child("clerk")] });
    const spec: ChildSpec<Logic> = { id: "shop", logic, onFailure: { crash: "escalate" } };
    const world = new World();
    await world.start(spec);
    for (let times = 0; times < deaths; times++) {
      await order(world, "/shop/floor/stock", "take");
      if (times === 0) await order(world, "/shop/floor/stock", "take");
      await order(world, "/shop/clerk", "take");
      await order(world, "/shop/floor/stock", "die");
    }
    const { before } = (await refusal(world, spec))!;
    expect(before).toMatchObject({ address: "/shop/clerk" });
    await putBack(world, `${before!.address}@${before!.seq}`);
    await world.start(spec);
    expect(await left(world, "/shop/floor/stock")).toEqual([leaves]);
    expect(await left(world, "/shop/clerk")).toEqual([100 - deaths]);
  });

  test("goes on where it was before a machine or an actor asked to end with a failure", async () => {
    const quitter = plain<number, "add" | "quit" | "get">({
      init: () => 0,
      receive(count, message, turn) {
        if (message === "quit") turn.exit({ kind: "failure", failure: { class: "rejected", name: "Quit", message: "enough" } });
        if (message === "get") turn.reply(count);
        return count + 1;
      },
    });
    const spec: ChildSpec<Logic> = { id: "shop", logic: quitter, onFailure: { rejected: "escalate" } };
    const world = new World();
    await world.start(spec);
    for (const message of ["add", "add", "quit"]) await world.tell("/shop", message);
    const { before } = (await refusal(world, spec))!;
    const turns = await world.turns("/shop");
    expect(before).toMatchObject({ address: "/shop", seq: turns.at(-2)!.seq });
  });

  test("loses nothing of that to compaction, by whoever made it, until it is begun afresh", async () => {
    const world = await givenUp();
    const journal = world.journal;
    await journal.compact();
    const { before } = (await refusal(world))!;
    expect(before).toBeDefined();
    await world.crash();
    await world.journal.compact();
    const offline = new MemoryJournal(world.file);
    expect(await pinGivenUp(offline)).toEqual(["/shop"]);
    await offline.compact();
    await putBack(world, `${before!.address}@${before!.seq}`);
    await world.start(resume);
    expect(await left(world, "/shop/stock")).toEqual([97, "orgtree.failed"]);
    const other = await givenUp();
    await startFresh(other);
    await other.crash();
    const { kept } = await other.journal.compact();
    const living: string[] = [];
    for await (const { address } of new MemoryJournal(other.file).images()) living.push(address);
    expect(kept).toBeLessThan(living.length + 6);
    other.isReplayed = false;
    world.isReplayed = false;
  });

  test("has no way back to where it was when that was removed before, and says what there is", async () => {
    const world = new World();
    const spec = child("shop", { onFailure: { crash: "escalate" } });
    await world.start(spec);
    await order(world, "/shop", "take");
    world.file.freezeAfter(2, ({ address }) => address === "/");
    await order(world, "/shop", "die");
    world.file.thaw();
    world.isReplayed = false;
    await new MemoryJournal(world.file).compact();
    await world.crash();
    const error = (await refusal(world, spec))!;
    expect(error.before).toBeUndefined();
    expect(error.message).toContain("go back to a checkpoint");
  });

  test("cannot be rolled back in the system that gave it up", async () => {
    const world = await givenUp();
    const before = (await refusal(world))!.before!;
    await expect(world.system.rollBack("/shop", { to: `${before.address}@${before.seq}`, consent: true })).rejects.toThrow(
      "close the system",
    );
  });

  test("has sent what it has sent: it arrives, and who writes to it is told that nobody is there", async () => {
    const world = new World();
    const spec = child("shop", { onFailure: { crash: "escalate" } });
    await world.start(spec);
    await world.start(child("other"));
    world.file.freeze("/other");
    await order(world, "/shop", "give", "die");
    world.file.thaw();
    await world.crash();
    world.system.tell("/shop", give("take"));
    expect(world.system.deadLetters.counts()).toEqual({ "no-recipient": 1 });
    await world.start(child("other"));
    expect(await left(world, "/other")).toEqual([99]);
    expect(await refusal(world, spec)).toBeDefined();
  });

  test("is the same, whichever record its process ends behind: it is given up once more, or its start is refused", async () => {
    let hasHeld = true;
    for (let records = 0; hasHeld; records++) {
      const world = new World();
      const spec: ChildSpec<Logic> = { ...shopOf({ onFailure: { crash: "escalate" } }), onFailure: { crash: "escalate" } };
      await world.start(spec);
      await order(world, "/shop/stock", "take", "take", "take");
      world.file.freezeAfter(records, (_entry: NewEntry) => true);
      world.system.tell("/shop/stock", give("die"));
      await world.clock.settle();
      hasHeld = world.file.hasHeld;
      world.file.thaw();
      await world.crash();
      const error = await refusal(world, spec);
      const isThere = world.system.tree().children.length > 0;
      expect([records, isThere]).toEqual([records, records === 0]);
      if (isThere) expect(await left(world, "/shop/stock")).toEqual([97]);
      else expect([records, error ?? (await refusal(world, spec))]).toEqual([records, expect.any(GivenUpError)]);
    }
  });
});
