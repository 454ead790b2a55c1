/** The checkpoints that are kept by a compaction: those to which somebody may be rolled back. */
import { MemoryJournal } from "@orgtree/journal";
import { plain, reachableCheckpoints, rollBackStored, supervisor, type Turn } from "@orgtree/runtime";
import { expect, test } from "vitest";
import { World } from "./world.ts";

const desk = plain<number, string>({
  init: () => 0,
  receive(count, order, turn: Turn) {
    if (order === "die") throw new Error("died");
    turn.checkpoint(order);
    return count + 1;
  },
});

const spec = {
  id: "org",
  logic: supervisor({
    children: [
      { id: "one", logic: desk },
      { id: "team", logic: supervisor({ strategy: "dynamic", template: { logic: desk } }) },
    ],
  }),
};

async function live(): Promise<World> {
  const world = new World();
  await world.start(spec);
  return world;
}

async function names(world: World): Promise<readonly string[]> {
  const found = await reachableCheckpoints(new MemoryJournal(world.file));
  return found.map(({ address, name, seq }) => `${address}@${seq} ${name}`);
}

/** Its process ends, the past that nobody needs is removed, and what is there can be put back. */
async function compactAndRollBack(world: World, to?: string): Promise<unknown> {
  const journal = new MemoryJournal(world.file);
  const [oldest] = await reachableCheckpoints(journal);
  await journal.compact({ keepAfter: oldest!.position });
  const { to: point } = await rollBackStored(journal, "/org/one", { to, consent: true, atMs: world.clock.epochMs() });
  await journal.close();
  return point;
}

test("Of each name the newest is reachable, and can be gone back to when all before was compacted.", async () => {
  const world = await live();
  for (const name of ["a", "b", "a", "b"]) await world.tell("/org/one", name);
  expect(await names(world)).toEqual(["/org/one@3 a", "/org/one@4 b"]);
  await world.crash();
  expect(await compactAndRollBack(world, "a")).toMatchObject({ seq: 3, name: "a" });
  expect(await names(world)).toEqual(["/org/one@3 a"]);
});

test("One that a rollback has undone is none any more, and the one before it is needed again.", async () => {
  const world = await live();
  for (const name of ["a", "b", "a"]) await world.tell("/org/one", name);
  const journal = new MemoryJournal(world.file);
  await rollBackStored(journal, "/org/one", { to: "b", consent: true, atMs: world.clock.epochMs() });
  await journal.close();
  expect(await names(world)).toEqual(["/org/one@1 a", "/org/one@2 b"]);
  await world.crash();
  expect(await compactAndRollBack(world, "a")).toMatchObject({ seq: 1 });
});

test("Of who is gone only what those above him would go back to is needed.", async () => {
  const world = await live();
  await world.tell("/org/one", "a");
  for (const id of ["x", "y"]) {
    await world.system.supervisor("/org/team").startChild({ id, restart: "temporary" });
    for (const order of ["c", "d", "die"]) await world.tell(`/org/team/${id}`, order);
  }
  expect(await names(world)).toEqual(["/org/one@1 a", "/org/team/y@6 d"]);
});

test("At the top also who was there last can be put back, until somebody else is there.", async () => {
  const world = new World();
  const solo = { id: "solo", logic: desk, restart: "temporary" } as const;
  await world.start(solo);
  for (const order of ["e", "die"]) await world.tell("/solo", order);
  expect(await names(world)).toEqual(["/solo@1 e"]);
  await world.crash();
  await world.start(solo);
  expect(await names(world)).toEqual([]);
});
