/** A rollback in the journal of an organization that does not run: the next one goes on from there. */
import { MemoryJournal } from "@orgtree/journal";
import { plain, rollBackStored, supervisor, type Logic, type StoredRollbackOptions, type Turn } from "@orgtree/runtime";
import type { Address, RollbackReport } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

type Order = { readonly do: "add" | "mark" | "give" | "die"; readonly n?: number; readonly to?: Address } | { readonly do: "get" };

/** Writes down what it takes. */
const desk = plain<readonly string[], Order>({
  init: () => [],
  receive(log, order, turn: Turn) {
    if (order.do === "get") {
      turn.reply(log);
      return log;
    }
    if (order.do === "mark") turn.checkpoint(`c${order.n}`);
    if (order.do === "die") throw new Error("died");
    if (order.do === "give") turn.deliver(order.to!, { do: "add", n: order.n });
    return [...log, `${order.do} ${order.n}`];
  },
});

const team = supervisor({ strategy: "dynamic", template: { logic: desk } });
const org = supervisor({
  intensity: { maxRestarts: 10, periodMs: 1_000 },
  children: [
    { id: "one", logic: desk, backoff: { minMs: 60_000, maxMs: 60_000 } },
    { id: "two", logic: desk },
    { id: "team", logic: team },
  ],
});

async function live(logic: Logic = org): Promise<World> {
  const world = new World();
  await world.start({ id: "org", logic });
  return world;
}

async function order(world: World, to: Address, ...orders: readonly Order[]): Promise<void> {
  for (const each of orders) await world.tell(to, each);
}

const get = (world: World, address: Address): Promise<unknown> => world.ask(address, { do: "get" });

/** Its process ends, somebody puts it back, and it is started again. */
async function putBack(
  world: World,
  top: Address,
  { logic = org, ...options }: Partial<StoredRollbackOptions> & { logic?: Logic } = {},
): Promise<RollbackReport> {
  const journal = new MemoryJournal(world.file);
  const report = await rollBackStored(journal, top, { atMs: world.clock.epochMs(), ...options });
  await journal.close();
  await world.crash(1_000);
  await world.start({ id: "org", logic });
  return report;
}

describe("rollBackStored", () => {
  test("puts an actor back to its newest checkpoint, and what came from outside since comes again", async () => {
    const world = await live();
    await order(world, "/org/one", { do: "add", n: 1 }, { do: "mark", n: 1 }, { do: "add", n: 2 });
    await order(world, "/org/two", { do: "add", n: 3 });
    const report = await putBack(world, "/org/one");
    expect(report).toMatchObject({ to: { name: "c1", address: "/org/one" }, actors: ["/org/one"], gone: [], redelivered: 1 });
    expect(await get(world, "/org/one")).toEqual(["add 1", "mark 1", "add 2"]);
    expect(await get(world, "/org/two")).toEqual(["add 3"]);
    // The decision is the supervisor's, and the past stays.
    expect((await world.turns("/org")).at(-1)).toMatchObject({
      cause: { kind: "decision", type: "rolled-back", message: { id: "one" } },
      effects: [{ kind: "report", detail: { report: { child: "one", directive: "rollback" } } }],
    });
    await world.crash();
    await world.start({ id: "org", logic: org });
    expect(await get(world, "/org/one")).toEqual(["add 1", "mark 1", "add 2"]);
  });

  test("to a turn by its number, to a checkpoint by its name, and not to one that is not there", async () => {
    const world = await live();
    await order(world, "/org/two", { do: "mark", n: 1 }, { do: "mark", n: 2 }, { do: "add", n: 3 });
    await expect(putBack(world, "/org/two", { to: "c9" })).rejects.toThrow('there is no checkpoint "c9"');
    expect(await putBack(world, "/org/two", { to: "c1" })).toMatchObject({ redelivered: 2 });
    const first = (await world.turns("/org/two")).find(({ cause }) => cause.kind === "message");
    expect(await putBack(world, "/org/two", { to: first!.seq - 1 })).toMatchObject({ to: { name: undefined, seq: first!.seq - 1 } });
    expect(((await get(world, "/org/two")) as string[]).slice(0, 3)).toEqual(["mark 1", "mark 2", "add 3"]);
  });

  test("starts again one that waited for its next attempt", async () => {
    const world = await live();
    await order(world, "/org/one", { do: "add", n: 1 }, { do: "mark", n: 1 }, { do: "add", n: 2 }, { do: "die" });
    expect(world.system.tree().children[0]!.children.map(({ address, status }) => [address, status])).toContainEqual([
      "/org/one",
      "restarting",
    ]);
    await putBack(world, "/org/one");
    expect(await get(world, "/org/one")).toEqual(["add 1", "mark 1", "add 2"]);
  });

  test("puts a subtree back to one moment: who came later is gone", async () => {
    const world = await live();
    for (const id of ["a", "b"]) await Promise.all([world.system.supervisor("/org/team").startChild({ id }), world.clock.settle()]);
    await order(
      world,
      "/org/team/a",
      { do: "give", n: 1, to: "/org/team/b" },
      { do: "mark", n: 1 },
      { do: "give", n: 2, to: "/org/team/b" },
    );
    await Promise.all([world.system.supervisor("/org/team").startChild({ id: "late" }), world.clock.settle()]);
    const report = await putBack(world, "/org/team");
    expect(report).toMatchObject({ actors: ["/org/team", "/org/team/a", "/org/team/b"], gone: ["/org/team/late"], standing: [] });
    expect([await get(world, "/org/team/a"), await get(world, "/org/team/b")]).toEqual([
      ["give 1", "mark 1", "give 2"],
      ["add 1", "add 2"],
    ]);
    expect(
      world.system
        .tree()
        .children[0]!.children.at(-1)!
        .children.map(({ address }) => address),
    ).toEqual(["/org/team/a", "/org/team/b"]);
  });

  test("of the top itself", async () => {
    const world = await live();
    await order(world, "/org/one", { do: "add", n: 1 }, { do: "mark", n: 1 }, { do: "add", n: 2 });
    expect(await putBack(world, "/org")).toMatchObject({ actors: ["/org", "/org/one", "/org/two", "/org/team"], redelivered: 1 });
    expect(await get(world, "/org/one")).toEqual(["add 1", "mark 1", "add 2"]);
  });

  test("of one that has come to its end", async () => {
    const world = new World();
    await world.start({ id: "solo", logic: desk, restart: "temporary" });
    await order(world, "/solo", { do: "add", n: 1 }, { do: "mark", n: 1 }, { do: "die" });
    expect(world.system.tree().children).toEqual([]);
    await rollBackStored(new MemoryJournal(world.file), "/solo", { atMs: world.clock.epochMs() });
    await world.crash();
    await world.start({ id: "solo", logic: desk, restart: "temporary" });
    expect(await get(world, "/solo")).toEqual(["add 1", "mark 1"]);
  });

  test("needs consent where something stands, and does nothing without", async () => {
    const world = await live();
    await order(world, "/org/one", { do: "mark", n: 1 }, { do: "give", n: 7, to: "/org/two" });
    const before = world.file.lastPosition;
    await expect(putBack(world, "/org/one")).rejects.toMatchObject({
      name: "ConsentError",
      standing: [{ kind: "deliver" }],
      again: { redelivered: 1, messages: [{ to: "/org/one", from: undefined, type: undefined }] },
      message: expect.stringContaining("and deliver again what came from outside since: a message; ask for it with consent") as string,
    });
    expect(world.file.lastPosition).toBe(before);
    await putBack(world, "/org/one", { consent: true });
    expect(await get(world, "/org/two")).toEqual(["add 7", "add 7"]);
  });

  test("is done whatever the number of those who ever lived", async () => {
    const world = await live();
    await order(world, "/org/one", { do: "mark", n: 1 });
    const journal = new MemoryJournal(world.file);
    const data = new Uint8Array();
    await journal.append(Array.from({ length: 200_000 }, (_, n) => ({ address: `/ended/${n}`, seq: 0, kind: "end", data }) as const));
    await putBack(world, "/org/one");
    expect(await get(world, "/org/one")).toEqual(["mark 1"]);
  });

  test("of somebody whom nobody would start names who is to be rolled back", async () => {
    const brittle = supervisor({ intensity: { maxRestarts: 0, periodMs: 1_000 }, children: [{ id: "one", logic: desk }] });
    const logic = supervisor({ children: [{ id: "brittle", logic: brittle, restart: "temporary" }] });
    const world = await live(logic);
    await order(world, "/org/brittle/one", { do: "mark", n: 1 }, { do: "add", n: 2 }, { do: "die" });
    await expect(putBack(world, "/org/brittle/one", { logic })).rejects.toThrow(/roll back \/org\/brittle$/);
    await expect(putBack(world, "/org/brittle", { logic })).rejects.toThrow(/roll back \/org$/);
    await putBack(world, "/org", { consent: true, logic });
    expect(await get(world, "/org/brittle/one")).toEqual(["mark 1", "add 2"]);
  });
});
