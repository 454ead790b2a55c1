/** What was done outside and is declared as compensable is taken back by a rollback, in reverse order. */
import type { RollbackReport } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { act, fromWork, plain, rollBackStored, supervisor, work, type Logic, type WorkDefinition } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { World } from "./world.ts";

let done: string[] = [];
/** What an undo waits for, and how it ends. */
let gate: Promise<void> = Promise.resolve();
/** What the first booking waits for, whatever its signal says. */
let firstBooking: Promise<void> | undefined;
beforeEach(() => {
  firstBooking = undefined;
  done = [];
  gate = Promise.resolve();
});

const booking = {
  kind: "compensable",
  run: async (seat: string, { key }: { key: string }) => {
    const waits = firstBooking;
    firstBooking = undefined;
    await waits;
    done.push(`book ${seat} ${key}`);
  },
  undo: async (seat: string, { key }: { key: string }) => {
    done.push(`cancel ${seat} ${key}`);
    await gate;
    if (seat === "stuck") throw new Error("nobody answers");
  },
} as const;

type Order = { readonly do: "book" | "look" | "launch" | "mark" | "die"; readonly seat?: string };

const clerk = plain<number, Order>({
  works: {
    book: work(booking),
    look: work({ kind: "pure", run: async () => {} }),
    launch: work({ kind: "irreversible", run: async () => {} }),
  },
  init: () => 0,
  receive(count, order, turn) {
    if (order.do === "mark") turn.checkpoint("c");
    else if (order.do === "die") throw new Error("died");
    else turn.run(order.do, order.seat);
    return count + 1;
  },
});

const onFailure = { crash: [{ directive: "rollback" as const, intensity: { maxRestarts: 3, periodMs: 60_000 } }] };
const org = supervisor({
  intensity: { maxRestarts: 10, periodMs: 1_000 },
  children: [{ id: "team", logic: supervisor({ children: [{ id: "clerk", logic: clerk, onFailure: { crash: "escalate" } }] }), onFailure }],
});

async function live(...orders: readonly Order[]): Promise<World> {
  const world = new World();
  await world.start({ id: "org", logic: org });
  for (const order of orders) await world.tell("/org/team/clerk", order);
  return world;
}

const mark: Order = { do: "mark" };
const book = (seat: string): Order => ({ do: "book", seat });

/** Without the name of the run. */
const seen = (): readonly string[] => done.map((line) => line.replace(/ [0-9a-f]{16}/, " "));

const rolledBack = (world: World): RollbackReport | undefined =>
  world.events.flatMap((event) => (event.type === "report" && event.report.rollback !== undefined ? [event.report.rollback] : [])).at(-1);

describe("a rollback", () => {
  test("takes back compensable work of the subtree, the newest first, each under a key of its own", async () => {
    const world = await live(book("0"), mark, book("1"), book("2"), { do: "die" });
    const own = seen()
      .filter((line) => line.startsWith("book"))
      .slice(1, 3);
    const keys = own.map((line) => line.split(" ").at(-1)!);
    expect(seen().filter((line) => line.startsWith("cancel"))).toEqual([`cancel 2 ${keys[1]}/undo`, `cancel 1 ${keys[0]}/undo`]);
    expect(rolledBack(world)).toMatchObject({ undone: [{ key: keys[0], does: "compensable" }, { key: keys[1] }], standing: [] });
    // The orders came from outside, and are taken again: under keys of their own.
    expect(seen().filter((line) => /^book [12]/.test(line))).toHaveLength(4);
    expect(new Set(done).size).toBe(done.length);
  });

  test("by hand needs no consent for what can be taken back, nor for what only looked", async () => {
    const world = await live(mark, book("1"), { do: "look" });
    const [report] = await Promise.all([world.system.rollBack("/org/team/clerk"), world.clock.settle()]);
    expect(report).toMatchObject({
      undone: [{ detail: { name: "book", input: "1" } }],
      standing: [{ detail: { name: "look" }, does: "pure" }],
    });
    await world.tell("/org/team/clerk", { do: "launch" });
    await expect(world.system.rollBack("/org/team/clerk")).rejects.toMatchObject({ standing: [{ detail: { name: "launch" } }] });
  });

  test("lists as standing what could not be taken back, and takes back the others", async () => {
    const world = await live(mark, book("1"), book("stuck"), book("3"), { do: "die" });
    expect(rolledBack(world)).toMatchObject({
      undone: [{ detail: { input: "1" } }, { detail: { input: "3" } }],
      standing: [{ detail: { input: "stuck" } }],
    });
  });

  test("takes back nothing twice, and does not list what was taken back before", async () => {
    const world = await live(mark, book("1"), { do: "die" }, { do: "launch" });
    const before = seen().filter((line) => line.startsWith("cancel"));
    expect(before).toHaveLength(1);
    // The second order came from outside and was taken again: it is what is taken back now.
    const [report] = await Promise.all([world.system.rollBack("/org/team/clerk", { consent: true }), world.clock.settle()]);
    expect(report).toMatchObject({ undone: [{ detail: { input: "1" } }], standing: [{ detail: { name: "launch" } }] });
    const cancelled = seen().filter((line) => line.startsWith("cancel"));
    expect([cancelled.length, new Set(cancelled).size]).toEqual([2, 2]);
  });

  test("of what does not run does not list work that was taken back after a crash", async () => {
    firstBooking = new Promise(() => {});
    const world = await live(mark, book("1"));
    await world.crash();
    await world.start({ id: "org", logic: org });
    expect(seen()).toEqual([expect.stringMatching(/^cancel 1 .*#\d+\.\d\/undo$/)]);
    await world.tell("/org/team/clerk", book("2"));
    const journal = new MemoryJournal(world.file);
    const report = await rollBackStored(journal, "/org/team/clerk", { atMs: world.clock.epochMs(), consent: true });
    expect(report).toMatchObject({ redelivered: 2, standing: [{ detail: { input: "2" } }] });
  });

  describe("of what does not run", () => {
    const cancels = (): readonly string[] => seen().flatMap((line) => line.match(/^cancel \w+/)?.[0] ?? []);

    async function putBack(): Promise<World> {
      const world = await live(mark, book("1"), { do: "launch" }, book("2"));
      const report = await rollBackStored(new MemoryJournal(world.file), "/org/team", { atMs: world.clock.epochMs(), consent: true });
      expect(report).toMatchObject({ undone: [], redelivered: 3 });
      expect(cancels()).toEqual([]);
      await world.crash();
      return world;
    }

    test("takes back at the next start, before anything comes again, the newest first, and once", async () => {
      const world = await putBack();
      await world.start({ id: "org", logic: org });
      expect(seen().map((line) => line.slice(0, 8))).toEqual(["book 1 /", "book 2 /", "cancel 2", "cancel 1", "book 1 /", "book 2 /"]);
      expect((await world.turns("/org/team")).findLast(({ cause }) => cause.kind === "rollback")?.cause.message).toMatchObject({
        undone: [{ detail: { input: "1" } }, { detail: { input: "2" } }],
        standing: expect.arrayContaining([
          expect.objectContaining({ detail: expect.objectContaining({ name: "launch" }) as object }),
        ]) as object,
      });
      await world.crash();
      await world.start({ id: "org", logic: org });
      expect(cancels()).toHaveLength(2);
      // What was taken back is not listed again; what came again is.
      const again = await rollBackStored(new MemoryJournal(world.file), "/org/team", { atMs: world.clock.epochMs(), consent: true });
      expect(again.standing.filter(({ does }) => does === "compensable")).toHaveLength(2);
    });

    test("takes back once more, under the same keys, after a process that has died in the middle of it", async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      const world = await putBack();
      world.isReplayed = false;
      void world.system.start({ id: "org", logic: org }).catch(() => {});
      await world.clock.settle();
      expect(cancels()).toEqual(["cancel 2"]);
      resolve();
      gate = Promise.resolve();
      await world.crash();
      await world.start({ id: "org", logic: org });
      const keys = seen().filter((line) => line.startsWith("cancel"));
      expect(keys.filter((line) => line === keys[0])).toHaveLength(2);
    });

    test("may be stopped meanwhile, and is not started then", async () => {
      gate = new Promise(() => {});
      const world = await putBack();
      world.isReplayed = false;
      void world.system.start({ id: "org", logic: org }).catch(() => {});
      await world.clock.settle();
      await Promise.all([world.system.stop("/org"), world.clock.settle()]);
      expect(world.system.tree().children).toEqual([]);
      expect(seen().filter((line) => line.startsWith("book"))).toHaveLength(2);
    });
  });

  test("whose compensation takes too long goes on without it", async () => {
    gate = new Promise(() => {});
    const world = await live(mark, book("1"), { do: "die" });
    expect(rolledBack(world)).toBeUndefined();
    await world.clock.advance(60_000);
    expect(rolledBack(world)).toMatchObject({ undone: [], standing: [{ detail: { input: "1" } }] });
  });

  test("waits until work that was under way is over, deaf to its abort, before it takes it back", async () => {
    const ending = Promise.withResolvers<void>();
    firstBooking = ending.promise;
    const world = await live(mark, book("1"), { do: "die" });
    expect(seen()).toEqual([]);
    ending.resolve();
    await world.clock.settle();
    const [booked, cancelled] = seen();
    expect(cancelled).toBe(`cancel 1 ${booked!.split(" ").at(-1)}/undo`);
    expect(rolledBack(world)).toMatchObject({ undone: [{ detail: { input: "1" } }], standing: [] });
  });

  test("lists as standing work that is still under way when the time to take it back is over", async () => {
    firstBooking = new Promise(() => {});
    const world = await live(mark, book("1"), { do: "die" });
    await world.clock.advance(60_000);
    expect(seen().filter((line) => line.startsWith("cancel"))).toEqual([]);
    expect(rolledBack(world)).toMatchObject({ undone: [], standing: [{ detail: { input: "1" } }] });
  });

  test("whose process dies in the middle takes back once more, under the same keys", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const world = await live(mark, book("1"), book("2"), { do: "die" });
    const first = seen().at(-1);
    await world.crash();
    await world.start({ id: "org", logic: org });
    expect(seen().filter((line) => line.startsWith("cancel"))).toEqual([first, first]);
    resolve();
    await world.clock.settle();
    expect(rolledBack(world)).toMatchObject({ undone: [{ detail: { input: "1" } }, { detail: { input: "2" } }], standing: [] });
  });

  describe("hands an undo what its work came to", () => {
    const cancelled: unknown[] = [];
    const numbered: WorkDefinition<string, number> = {
      kind: "compensable",
      run: async (seat) => {
        if (seat === "never") await new Promise(() => {});
        return Number(seat) * 100;
      },
      undo: async (seat, _context, output) => void cancelled.push([seat, output]),
    };
    beforeEach(() => void (cancelled.length = 0));
    const seats = ["1", "never", "2"];

    test("of a plain actor, as far as it has come to anything", async () => {
      const logic = plain<null, string>({
        works: { book: work(numbered) },
        init: () => null,
        receive(state, seat, turn) {
          if (seat === "mark") turn.checkpoint("c");
          else turn.run("book", seat);
          return state;
        },
      });
      const world = new World();
      await world.start({ id: "org", logic: supervisor({ children: [{ id: "clerk", logic }] }) });
      for (const message of ["mark", ...seats]) await world.tell("/org/clerk", message);
      const rollingBack = world.system.rollBack("/org/clerk");
      // The one that does not end is waited for.
      await world.clock.advance(60_000);
      expect((await rollingBack).standing).toMatchObject([{ detail: { input: "never" } }]);
      expect(cancelled).toEqual([
        ["2", 200],
        ["1", 100],
      ]);
    });

    test("of a machine, and of one below it", async () => {
      const book = fromWork(numbered);
      const kid = setup({ actors: { book } }).createMachine({
        initial: "booking",
        states: { booking: { invoke: { src: "book", input: "3", onDone: "booked" } }, booked: {} },
      });
      const logic = setup({ actors: { book, kid } }).createMachine({
        initial: "idle",
        on: { END: ".over" },
        states: {
          idle: { entry: act((turn) => turn.checkpoint("c")), on: { BOOK: "booking" } },
          booking: {
            invoke: [
              { src: "book", input: "4", onDone: {} },
              { src: "kid", onDone: {} },
            ],
          },
          over: { type: "final" },
        },
      });
      const world = new World();
      await world.start({ id: "org", logic: supervisor({ children: [{ id: "m", logic: logic as unknown as Logic }] }) });
      await world.tell("/org/m", { type: "BOOK" });
      await Promise.all([world.system.rollBack("/org/m"), world.clock.settle()]);
      expect(new Map(cancelled as [string, number][])).toEqual(new Map(Object.entries({ 3: 300, 4: 400 })));
    });

    test("and nothing where it was cut off by a crash", async () => {
      const logic = plain<null, string>({
        works: { book: work(numbered) },
        init: () => null,
        receive: (state, seat, turn) => (turn.run("book", seat), state),
      });
      const world = new World();
      const spec = { id: "m", logic };
      await world.start(spec);
      await world.tell("/m", "never");
      await world.crash();
      await world.start(spec);
      expect(cancelled).toEqual([["never", undefined]]);
    });
  });

  describe("of a machine", () => {
    /** Books, itself or through machines below it, and remembers the moment before. */
    function booker(how: keyof typeof below, definition: WorkDefinition<string, void> = booking): Logic {
      const book = fromWork<string, void>(definition);
      const desk = setup({ actors: { book } }).createMachine({ invoke: { id: "desk", src: "book", input: "7" } });
      const office = setup({ actors: { desk } }).createMachine({ invoke: { id: "office", src: "desk" } });
      const machine = setup({ types: {} as { context: { child?: unknown } }, actors: { book, desk, office } }).createMachine({
        initial: "idle",
        context: {},
        on: { END: ".over" },
        states: {
          idle: { entry: act((turn) => turn.checkpoint("c")), on: { BOOK: "booking" } },
          booking: below[how] as object,
          over: { type: "final" },
        },
      });
      return machine as unknown as Logic;
    }

    const below = {
      "its own": { invoke: { id: "booking", src: "book", input: "7" } },
      "its child's child's": { invoke: { id: "booking", src: "office" } },
      "work that it spawned while it assigned": {
        entry: assign({ child: ({ spawn }) => spawn("book" as never, { id: "booking", input: "7" } as never) as unknown }),
      },
    };

    async function start(machine: Logic): Promise<World> {
      const world = new World();
      await world.start({ id: "org", logic: supervisor({ children: [{ id: "m", logic: machine }] }) });
      await world.tell("/org/m", { type: "BOOK" });
      return world;
    }

    async function rollBack(world: World): Promise<RollbackReport> {
      const [report] = await Promise.all([world.system.rollBack("/org/m"), world.clock.settle()]);
      return report;
    }

    test.each(Object.keys(below) as (keyof typeof below)[])("takes back %s work", async (how) => {
      const world = await start(booker(how));
      const { undone, standing } = await rollBack(world);
      expect(undone).toMatchObject([{ kind: "xstate.spawnChild", does: "compensable" }]);
      expect(standing.filter(({ does }) => does !== "pure")).toEqual([]);
      const key = seen()[0]!.split(" ").at(-1)!;
      expect(seen()[1]).toBe(`cancel 7 ${key}/undo`);
    });

    test("takes back work that was begun anew after a crash, under the key of that", async () => {
      let books = 0;
      const repeated: WorkDefinition<string, void> = {
        ...booking,
        afterCrash: "repeat",
        run: async (seat, context) => {
          await booking.run(seat, context);
          if (++books === 1) await new Promise(() => {});
        },
      };
      const world = await start(booker("its own", repeated));
      await world.crash();
      await world.start({ id: "org", logic: supervisor({ children: [{ id: "m", logic: booker("its own", repeated) }] }) });
      const key = seen()[0]!.split(" ").at(-1)!;
      expect(seen()).toEqual([`book 7 ${key}`, `cancel 7 ${key}/undo`, `book 7 ${key}/2`]);
      await rollBack(world);
      // The first attempt was taken back before.
      expect(
        seen()
          .slice(3)
          .filter((line) => line.startsWith("cancel")),
      ).toEqual([`cancel 7 ${key}/2/undo`]);
    });
  });
});
