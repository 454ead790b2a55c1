/** A fork goes on from any position of a run, and neither of the two hears of the other. */
import type { Journal } from "@orgtree/core";
import { forkJournal, MemoryFile, MemoryJournal } from "@orgtree/journal";
import { createActorSystem, fromWork, plain, supervisor, VirtualClock, work, type ActorSystem, type Logic } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { setup } from "xstate";
import { World } from "./world.ts";

let keys: string[] = [];
beforeEach(() => {
  keys = [];
});

type Order = { readonly do: "add" | "give" | "mark"; readonly n: number } | "get";

/** Adds up; what it is to give it delivers to its neighbour. */
const adder = plain<number, Order>({
  init: () => 0,
  receive(sum, order, turn) {
    if (order === "get") turn.reply(sum);
    else if (order.do === "mark") turn.checkpoint(`at ${order.n}`);
    else if (order.do === "give") turn.deliver("/desk/two", { do: "add", n: order.n });
    return order === "get" || order.do === "mark" ? sum : sum + order.n;
  },
});
const desk = supervisor({ children: ["one", "two"].map((id) => ({ id, logic: adder })) });

async function boot(journal: Journal, logic: Logic = desk): Promise<{ system: ActorSystem; clock: VirtualClock }> {
  const clock = new VirtualClock();
  const system = createActorSystem({ clock, journal });
  await Promise.all([system.start({ id: "desk", logic }), clock.settle()]);
  return { system, clock };
}

async function sums({ system, clock }: { system: ActorSystem; clock: VirtualClock }): Promise<unknown> {
  const [one, two] = await Promise.all([system.ask("/desk/one", "get"), system.ask("/desk/two", "get"), clock.settle()]);
  return [one, two];
}

describe("a fork", () => {
  test("goes on from a turn, and the original, which runs on, from where it is", async () => {
    const world = new World();
    await world.start({ id: "desk", logic: desk });
    for (const n of [1, 2]) await world.tell("/desk/one", { do: "add", n });
    await world.tell("/desk/one", { do: "mark", n: 3 });
    await world.tell("/desk/one", { do: "add", n: 4 });
    const target = new MemoryJournal();
    await forkJournal(new MemoryJournal(world.file), target, { at: { checkpoint: "at 3" } });
    // Looking opened the file once more; the original is another process now.
    await world.crash();
    await world.start({ id: "desk", logic: desk });
    const fork = await boot(target);
    expect(await sums(fork)).toEqual([3, 0]);
    fork.system.tell("/desk/one", { do: "give", n: 10 });
    await fork.clock.settle();
    expect(await sums(fork)).toEqual([13, 10]);
    expect(await sums(world)).toEqual([7, 0]);
  });

  test("at any position delivers what was on its way there, once", async () => {
    const file = new MemoryFile();
    const { system, clock } = await boot(new MemoryJournal(file));
    for (const n of [1, 2, 3]) system.tell("/desk/one", { do: "give", n });
    await clock.settle();
    const source = new MemoryJournal(file);
    for (let position = 1; position <= file.lastPosition; position++) {
      const target = new MemoryJournal();
      await forkJournal(source, target, { at: { position } });
      const fork = await boot(target);
      await fork.clock.settle();
      const [one, two] = (await sums(fork)) as number[];
      expect([position, two]).toEqual([position, one]);
    }
  });

  test("does under keys of its own what it does in the world", async () => {
    const call = {
      kind: "idempotent",
      run: (_input: unknown, { key }: { key: string }) => new Promise<never>(() => void keys.push(key)),
    } as const;
    const clerk = plain<null, "go">({
      works: { call: work(call) },
      init: () => null,
      receive(state, _message, turn) {
        turn.run("call", {});
        return state;
      },
    });
    const machine = setup({ actors: { call: fromWork(call) } }).createMachine({
      initial: "calling",
      on: { END: ".over" },
      states: { calling: { invoke: { src: "call" } }, over: { type: "final" } },
    });
    const logic = supervisor({
      children: [
        { id: "clerk", logic: clerk },
        { id: "caller", logic: machine as never },
      ],
    });
    const file = new MemoryFile();
    const { system, clock } = await boot(new MemoryJournal(file), logic);
    system.tell("/desk/clerk", "go");
    await clock.settle();
    const own = keys.splice(0).sort();
    expect(own).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}\/desk\/caller#\d+\.0$/),
      expect.stringMatching(/^[0-9a-f]{16}\/desk\/clerk#\d+\.0$/),
    ]);
    await boot(new MemoryJournal(file), logic);
    expect(keys.splice(0).sort()).toEqual(own);
    const target = new MemoryJournal();
    await forkJournal(new MemoryJournal(file), target);
    await boot(target, logic);
    expect(keys.sort()).toEqual(own.map((key) => key.replace(file.run, target.run)));
  });
});
