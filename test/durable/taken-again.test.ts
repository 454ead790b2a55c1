/** What is to be taken again after a rollback, and what comes in between. */
import type { Address } from "@orgtree/core";
import { plain, supervisor, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

interface Order {
  readonly do: "add" | "checkpoint" | "die" | "get" | "give";
  readonly n?: number;
  readonly to?: Address;
}

type Log = readonly string[];

let stopping = (): void => {};

/** Writes down what it takes. */
const desk = plain<Log, Order>({
  init: () => [],
  receive(log, { do: what, n, to }, turn: Turn) {
    if (what === "get") {
      turn.reply(log);
      return log;
    }
    if (what === "checkpoint") turn.checkpoint(`c${n}`);
    if (what === "die") throw new Error("died");
    if (what === "give") turn.deliver(to!, { do: "add", n });
    return [...log, `${what} ${n}`];
  },
  terminate: () => stopping(),
});

const org = supervisor({
  intensity: { maxRestarts: 10, periodMs: 1_000 },
  children: [
    { id: "a", logic: desk },
    { id: "b", logic: desk },
  ],
});

async function start(): Promise<World> {
  stopping = () => {};
  const world = new World();
  await world.start({ id: "org", logic: org });
  return world;
}

async function order(world: World, to: Address, ...orders: readonly Order[]): Promise<void> {
  for (const each of orders) await world.tell(to, each);
}

const get = async (world: World, address: Address): Promise<Log> => (await world.ask(address, { do: "get" })) as Log;

describe("what is to be taken again", () => {
  test("is there for who begins afresh before it was, behind whichever record the process dies", async () => {
    for (let records = 0; ; records++) {
      const world = await start();
      await order(world, "/org/a", { do: "checkpoint", n: 1 });
      await order(world, "/org/b", { do: "give", n: 3, to: "/org/a" });
      await order(world, "/org/a", { do: "add", n: 2 });
      stopping = () => world.system.tell("/org/a", { do: "die" });
      world.file.freezeAfter(records, () => true);
      world.system.rollBack("/org/a", { consent: true }).catch(() => {});
      await world.clock.settle();
      stopping = () => {};
      const isOver = !world.file.hasHeld;
      world.file.thaw();
      await world.crash();
      await world.start({ id: "org", logic: org });
      const log = await get(world, "/org/a");
      expect([records, ...log.filter((entry) => entry.startsWith("add"))]).toEqual([records, "add 3", "add 2"]);
      expect(records).toBeLessThan(20);
      // Nobody takes again what was taken before he began.
      if (isOver) return expect(log).toEqual(["add 3", "add 2"]);
    }
  });

  test("is acknowledged to nobody: its key is its recipient's, and may be that of something else its sender has sent", async () => {
    const world = await start();
    await world.start({ id: "c", logic: desk });
    await world.crash();
    await world.start({ id: "org", logic: org });
    await order(world, "/org/a", { do: "checkpoint", n: 1 });
    await order(world, "/org/b", { do: "give", n: 0, to: "/org/a" });
    const numbers = Array.from({ length: 20 }, (_, at) => at + 1);
    for (const n of numbers) await order(world, "/org/b", { do: "give", n, to: "/c" });
    await Promise.all([world.system.rollBack("/org/a", { consent: true }), world.clock.settle()]);
    expect(await get(world, "/org/a")).toEqual(["checkpoint 1", "add 0"]);
    await order(world, "/org/b", { do: "add", n: 0 });
    await world.crash();
    await world.start({ id: "org", logic: org });
    await world.start({ id: "c", logic: desk });
    expect(await get(world, "/c")).toEqual(numbers.map((n) => `add ${n}`));
  });
});
