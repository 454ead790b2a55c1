/** The start of a top-level tree that was given up because of a failure: nobody begins it afresh who does not say so. */
import { type ChildSpec } from "@orgtree/core";
import { createActorSystem, plain, supervisor, VirtualClock, type Logic } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { type Order, child, shop, checkpointed, give, order, left, refusal, startFresh, givenUp, kindsOf } from "./shop.ts";
import { World } from "./world.ts";

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
