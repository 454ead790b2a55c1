/** Programs that change while what they stored does not: migrated, or refused and left as it is. */
import { machine, plain, reply, supervisor, type Logic, type StoredState, type Versioned } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { assign, createMachine, type AnyStateMachine } from "xstate";
import { World } from "./world.ts";

/** A counter whose state had another name once. */
function counter(state: string, more: object = {}): AnyStateMachine {
  return createMachine({
    id: "counter",
    initial: state,
    context: { count: 0 },
    on: { END: ".over", GET: { actions: reply(({ context }) => (context as { count: number }).count) } },
    states: {
      [state]: { on: { ADD: { actions: assign({ count: ({ context }) => (context as { count: number }).count + 1 }) } }, ...more },
      late: {},
      over: { type: "final" },
    },
  });
}

const old = counter("counting");
const now = counter("adding");

const renamed = machine(now, { version: "2", migrate: ({ state }) => ({ ...state, value: "adding" }) });
const label = (world: World): string | undefined => world.system.tree().children[0]?.label;
const count = (world: World): Promise<unknown> => world.ask("/m", { type: "GET" });

async function counted(logic: Logic, times: number): Promise<World> {
  const world = new World();
  await world.start({ id: "m", logic });
  for (let at = 0; at < times; at++) await world.tell("/m", { type: "ADD" });
  return world;
}

async function startError(world: World, logic: Logic): Promise<unknown> {
  await world.crash();
  const [error] = await Promise.all([
    world.system.start({ id: "m", logic, restart: "temporary" }).catch((thrown: unknown) => thrown),
    world.clock.advance(1_000),
  ]);
  return error;
}

describe("a machine that has changed", () => {
  test("is refused without a migration, with both versions and the remedy, and what is stored waits for another program", async () => {
    const world = await counted(machine(old, { version: "1" }), 2);
    const error = (await startError(world, machine(now, { version: "2" }))) as Error;
    expect(error.message).toMatch(
      /\/m was stored by version "1" \([0-9a-f]{16}\), and this program has version "2" \([0-9a-f]{16}\): give the logic a migrate/,
    );
    expect(world.events).toContainEqual(
      expect.objectContaining({
        type: "actor-exited",
        exit: expect.objectContaining({
          failure: expect.objectContaining({ kind: "logic-changed", name: "LogicChangedError" }) as object,
        }) as object,
      }),
    );
    await world.crash();
    await world.start({ id: "m", logic: machine(old, { version: "1" }) });
    expect(await count(world)).toBe(2);
    await world.crash();
    await world.start({ id: "m", logic: renamed });
    expect([await count(world), label(world)]).toEqual([2, "adding"]);
  });

  test.each<{ what: string; first: Logic; second: Logic }>([
    { what: "its structure, of the same version,", first: machine(old, { version: "1" }), second: machine(now, { version: "1" }) },
    { what: "its structure, without versions,", first: old, second: now },
    { what: "only the version", first: machine(old, { version: "1" }), second: machine(old, { version: "2" }) },
  ])("is refused when $what has changed", async ({ first, second }) => {
    const world = await counted(first, 1);
    expect(String(await startError(world, second))).toContain("was stored by");
  });

  test("is migrated once, and stored whole with its new version", async () => {
    let migrations = 0;
    const counting = machine(now, {
      version: "2",
      migrate: (stored) => {
        migrations++;
        expect(stored).toMatchObject({ version: "1", hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
        return renamed.options.migrate!(stored);
      },
    });
    const world = await counted(machine(old, { version: "1" }), 3);
    for (let crash = 0; crash < 2; crash++) {
      await world.crash();
      await world.start({ id: "m", logic: counting });
      await world.tell("/m", { type: "ADD" });
    }
    expect([await count(world), migrations]).toEqual([5, 1]);
  });

  test("has the timers of the state that it is led to, and takes what is always taken there", async () => {
    const timed = machine(counter("adding", { after: { 5_000: "late" } }), { migrate: renamed.options.migrate! });
    const world = await counted(counter("counting", { after: { 90_000: "late" } }), 1);
    await world.clock.advance(1_000);
    await world.crash();
    await world.start({ id: "m", logic: timed });
    await world.clock.advance(4_999);
    expect(label(world)).toBe("adding");
    await world.clock.advance(1);
    expect(label(world)).toBe("late");
    const passing = machine(counter("adding", { always: "late" }), { migrate: renamed.options.migrate! });
    const other = await counted(old, 1);
    await other.crash();
    await other.start({ id: "m", logic: passing });
    await other.clock.settle();
    expect(label(other)).toBe("late");
  });

  test.each<{ what: string; logic: Logic; says: string }>([
    {
      what: "throws",
      logic: machine(now, {
        migrate: () => {
          throw new Error("lost my way");
        },
      }),
      says: "its migration failed: lost my way",
    },
    { what: "leads to no state", logic: machine(now, { migrate: ({ state }) => state }), says: "counting" },
    { what: "gives back nothing", logic: machine(now, { migrate: () => undefined as never }), says: "it gave back no snapshot" },
    {
      what: "leads to work that was never begun",
      logic: machine(
        counter("adding", { invoke: { src: "adding-work", id: "work" } }).provide({ actors: { "adding-work": createMachine({}) } }),
        { migrate: renamed.options.migrate! },
      ),
      says: 'invokes "work", which is not among the children',
    },
  ])("is refused when its migration $what", async ({ logic, says }) => {
    const world = await counted(old, 2);
    expect(String(await startError(world, logic))).toContain(says);
    await world.crash();
    await world.start({ id: "m", logic: old });
    expect(await count(world)).toBe(2);
  });
});

describe("a plain actor that has changed", () => {
  const first = plain<{ readonly count: number }, "add" | "get">({
    version: "1",
    init: () => ({ count: 0 }),
    receive: (state, message, turn) => (message === "get" ? (turn.reply(state.count), state) : { count: state.count + 1 }),
  });
  const second = (more: Versioned<{ readonly n: number }> = {}): Logic =>
    plain<{ readonly n: number }, "get">({
      version: "2",
      init: () => ({ n: 0 }),
      receive: (state, _message, turn) => (turn.reply(state.n), state),
      ...more,
    });

  test("is migrated, from what its author says that the old state was, or refused", async () => {
    const world = new World();
    await world.start({ id: "m", logic: first });
    await world.tell("/m", "add");
    expect(String(await startError(world, second()))).toContain('this program has version "2"');
    for (let crash = 0; crash < 2; crash++) {
      await world.crash();
      const migrate = ({ state }: StoredState<{ readonly count: number }>): { readonly n: number } => ({ n: state.count * 100 });
      await world.start({ id: "m", logic: second({ migrate }) });
    }
    expect(await world.ask("/m", "get")).toBe(100);
  });

  test.each([
    { what: "gives back a promise", migrate: () => Promise.resolve({ n: 7 }) as never, says: "it gave back a promise" },
    { what: "gives back nothing", migrate: () => undefined as never, says: "it gave back nothing" },
    { what: "gives back what cannot be stored", migrate: () => ({ n: () => 7 }) as never, says: "n is a function" },
  ])("is refused when its migration $what, and nothing of it is lost", async ({ migrate, says }) => {
    const world = new World();
    await world.start({ id: "m", logic: first });
    await world.tell("/m", "add");
    expect(String(await startError(world, second({ migrate })))).toContain(says);
    await world.crash();
    await world.start({ id: "m", logic: first });
    expect(await world.ask("/m", "get")).toBe(1);
  });
});

describe("a tree of which one is refused", () => {
  const tree = (second: Logic): Logic =>
    supervisor({
      strategy: "one-for-one",
      children: [
        { id: "one", logic: old },
        { id: "two", logic: second },
      ],
    });

  test("is left as it is stored, also those who could go on, until a program comes that can go on with all", async () => {
    const world = new World();
    await world.start({ id: "t", logic: tree(old) });
    for (const to of ["/t/one", "/t/two"] as const) await world.tell(to, { type: "ADD" });
    await world.crash();
    world.system.start({ id: "t", logic: tree(now) }).catch(() => {});
    await world.clock.advance(600_000);
    expect(world.events.filter(({ type }) => type === "actor-failed" || type === "actor-exited").length).toBeGreaterThan(0);
    const chains = world.events.flatMap((event) => (event.type === "report" ? [event.report.chain] : []));
    // Whoever looks at the top is told why, with the remedy.
    const parked = chains.find((chain) => chain.some(({ name }) => name === "TreeParkedError"));
    expect(parked?.at(-1)).toMatchObject({
      name: "LogicChangedError",
      message: expect.stringContaining("give the logic a migrate") as string,
    });
    for (const logic of [old, renamed]) {
      await world.crash();
      await world.start({ id: "t", logic: tree(logic) });
      await world.clock.settle();
      expect([await world.ask("/t/one", { type: "GET" }), await world.ask("/t/two", { type: "GET" })]).toEqual([1, 1]);
    }
  });
});
