/** A top-level tree that was given up because of a failure: how it goes on where it was. */
import { GivenUpError, type ChildSpec, type NewEntry } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { pinGivenUp, plain, supervisor, type Logic } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { child, shopOf, shop, give, order, left, refusal, startFresh, givenUp, putBack } from "./shop.ts";
import { World } from "./world.ts";

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
