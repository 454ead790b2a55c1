/** What is noted of an actor, and what it spends, in turns that are no records since they fail. */
import { plain, supervisor, type Logic } from "@orgtree/runtime";
import { MemoryJournal } from "@orgtree/journal";
import { Timeline, type PastTurn } from "orgtree";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

const spender: Logic = plain<{ readonly n: number }, "spend" | "boom" | "spent">({
  init: () => ({ n: 0 }),
  receive({ n }, message, turn) {
    if (message === "spent") turn.reply(turn.budget.spent().tokens);
    else turn.budget.reserve({ tokens: 10 }).keep();
    if (message === "boom") throw new Error("boom");
    return { n: n + 1 };
  },
});

const spec = {
  id: "org",
  logic: supervisor({ children: [{ id: "a", logic: spender, backoff: { minMs: 10_000, maxMs: 10_000 } }] }),
  budget: { tokens: 1_000 },
};

async function notesOf(world: World): Promise<readonly unknown[]> {
  const notes: unknown[] = [];
  for (const address of ["/org", "/org/a"] as const)
    for await (const { effects } of new Timeline(new MemoryJournal(world.file), address).turns() as AsyncIterable<PastTurn>)
      for (const { kind, detail } of effects) if (kind === "orgtree.note") notes.push([address, detail]);
  return notes;
}

describe("what is noted of an actor", () => {
  test("is stored with its next turn, once", async () => {
    const world = new World();
    await world.start(spec);
    world.system.note("/org/a", "first");
    await world.tell("/org/a", "spend");
    await world.tell("/org/a", "spend");
    world.system.note("/org/nobody", "lost");
    expect(await notesOf(world)).toEqual([["/org/a", "first"]]);
  });

  test("has a key of its own, also in the record of a turn that failed", async () => {
    const world = new World();
    const courier = plain<null, "boom">({ init: () => null, receive: (state, message, turn) => (turn.deliver("/org/a", message), state) });
    await world.start(spec);
    await world.start({ id: "courier", logic: courier });
    world.system.note("/org/a", "before the failure");
    await world.tell("/courier", "boom");
    const failed = (await new Timeline(new MemoryJournal(world.file), "/org/a").at()).turn;
    expect(failed.effects.map(({ kind, key }) => [kind, key])).toEqual([
      ["dead-letter", `/org/a#${failed.seq}.0`],
      ["orgtree.note", `/org/a#${failed.seq}.1`],
    ]);
  });

  test("is stored with the decision on its failure, before its next life", async () => {
    const world = new World();
    await world.start(spec);
    world.system.note("/org/a", "before the failure");
    await world.tell("/org/a", "boom");
    expect(await notesOf(world)).toEqual([["/org", "before the failure"]]);
    await world.clock.advance(20_000);
    expect(await notesOf(world)).toEqual([["/org", "before the failure"]]);
  });
});

describe("what is spent in a turn that fails", () => {
  const spentAfter = async (backoffMs: number): Promise<unknown> => {
    const world = new World();
    // What is left of a budget is in no record.
    world.isReplayed = false;
    await world.start(spec);
    for (const message of ["spend", "boom", "boom"]) {
      await world.tell("/org/a", message);
      await world.clock.advance(backoffMs);
    }
    await world.crash(60_000);
    await world.start(spec);
    await world.clock.advance(20_000);
    return world.ask("/org/a", "spent");
  };

  test("stays spent when everything dies before the next life", async () => {
    expect(await spentAfter(0)).toBe(20);
  });

  test("counts again at most once, as long as its supervisor has no newer record", async () => {
    expect(await spentAfter(20_000)).toBe(40);
  });
});
