/** A supervisor whose children changed in the code, over a journal of the program before. */
import type { Address, ChildSpec, NewEntry, SupervisorReport } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { plain, supervisor, type Logic, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

type Order = "add" | "get" | "give" | "die" | "left";

/** Counts from what it was begun with. */
const desk = plain<number, Order, number>({
  init: (input) => input ?? 0,
  receive(count, message, turn: Turn) {
    if (message === "die") throw new Error("died");
    if (message === "get") turn.reply(count);
    if (message === "left") turn.reply(turn.budget.left().turns);
    if (message === "give") turn.deliver("/other", "add");
    return message === "add" ? count + 1 : count;
  },
});

const child = (id: string, more: Partial<ChildSpec<Logic>> = {}): ChildSpec<Logic> => ({ id, logic: desk, ...more });
const orgOf = (...children: readonly (string | ChildSpec<Logic>)[]): ChildSpec<Logic> => ({
  id: "org",
  logic: supervisor({ children: children.map((each) => (typeof each === "string" ? child(each) : each)) }),
});

async function counted(spec: ChildSpec<Logic>, ...addresses: readonly Address[]): Promise<World> {
  const world = new World();
  world.isReplayed = false; // The program is another one then.
  await world.start(spec);
  for (const address of addresses) await world.tell(address, "add");
  return world;
}

async function deploy(world: World, spec: ChildSpec<Logic>): Promise<void> {
  await world.crash(1_000);
  await world.start(spec);
}

async function list(world: World, address: Address = "/org"): Promise<readonly string[]> {
  const [children] = await Promise.all([world.system.supervisor(address).listChildren(), world.clock.settle()]);
  return children.map(({ id, status }) => `${id} ${status}`).toReversed();
}

const get = (world: World, address: Address): Promise<unknown> => world.ask(address, "get");

/** What supervisors have told of children that changed. */
function changes(world: World): readonly string[] {
  const reports = world.events.flatMap((event): readonly SupervisorReport[] => (event.type === "report" ? [event.report] : []));
  return reports.map(({ supervisor, context, child: id, decision }) => `${supervisor} ${context} ${id}: ${decision}`);
}

/** Who is there, as the journal has it. */
async function stored(world: World): Promise<readonly Address[]> {
  const { epoch } = world.file;
  const addresses: Address[] = [];
  for await (const { address } of new MemoryJournal(world.file).images()) addresses.push(address);
  world.file.epoch = epoch; // Nobody has opened it to write.
  return addresses;
}

describe("a child that is new in the code", () => {
  test("is started, behind those that go on and in the order of the specification, and that is told", async () => {
    const world = await counted(orgOf("a", "b"), "/org/a", "/org/b");
    await deploy(world, orgOf("new", "a", "newer", "b"));
    expect(await list(world)).toEqual(["new running", "a running", "newer running", "b running"]);
    const started = world.events.flatMap((event) => (event.type === "actor-started" ? [event.address] : []));
    expect(started.filter((address) => address.startsWith("/org/"))).toEqual(["/org/a", "/org/b", "/org/new", "/org/newer"]);
    expect(changes(world)).toEqual([
      "/org child-added new: started: it is new in the specification",
      "/org child-added newer: started: it is new in the specification",
    ]);
    expect([await get(world, "/org/a"), await get(world, "/org/new")]).toEqual([1, 0]);
  });

  test("goes on as any other from then on, also where it was stopped by hand", async () => {
    const world = await counted(orgOf("a"));
    const next = orgOf("a", "new", "newer");
    await deploy(world, next);
    await world.tell("/org/new", "add");
    await Promise.all([world.system.supervisor("/org").terminateChild("newer"), world.clock.settle()]);
    await deploy(world, next);
    expect(changes(world)).toEqual([]);
    expect(await get(world, "/org/new")).toBe(1);
    expect(await list(world)).toEqual(["a running", "new running", "newer stopped"]);
  });

  test("that does not start is restarted as any other, and keeps nobody else from it", async () => {
    const world = await counted(orgOf("a"));
    let starts = 0;
    const slow = plain<number, Order>({
      init: () => {
        if (++starts === 1) throw new Error("not yet");
        return 7;
      },
      receive: (count, _message, turn) => (turn.reply(count), count),
    });
    await deploy(world, orgOf("a", { id: "slow", logic: slow }, "new"));
    await world.clock.settle();
    expect(await list(world)).toEqual(["a running", "slow running", "new running"]);
    expect(await get(world, "/org/slow")).toBe(7);
  });

  test("comes at any depth, and below one that is new itself", async () => {
    const floor = (...ids: readonly string[]): ChildSpec<Logic> => ({ ...orgOf(...ids), id: "floor" });
    const world = await counted(orgOf(floor("a")), "/org/floor/a");
    await deploy(world, orgOf(floor("a", "b"), { ...floor("x"), id: "cellar" }));
    expect([await list(world), await list(world, "/org/floor"), await list(world, "/org/cellar")]).toEqual([
      ["floor running", "cellar running"],
      ["a running", "b running"],
      ["x running"],
    ]);
    expect(await get(world, "/org/floor/a")).toBe(1);
  });

  test("that somebody had added by hand goes on where it was", async () => {
    const world = await counted(orgOf("a"));
    await Promise.all([world.system.supervisor("/org").startChild(child("late")), world.clock.settle()]);
    await world.tell("/org/late", "add");
    await deploy(world, orgOf("a"));
    await deploy(world, orgOf("a", "late"));
    expect(await get(world, "/org/late")).toBe(1);
  });
});

describe("a child that is not in the code any more", () => {
  test("is given up for good, with all below it, and that is told", async () => {
    const floor: ChildSpec<Logic> = { ...orgOf("x", "y"), id: "floor" };
    const world = await counted(orgOf("a", "b", floor), "/org/b", "/org/floor/x");
    await deploy(world, orgOf("a"));
    expect(await list(world)).toEqual(["a running"]);
    expect(changes(world)).toEqual([
      "/org child-removed b: given up for good: it is not in the specification any more",
      "/org child-removed floor: given up for good: it is not in the specification any more",
    ]);
    expect(await stored(world)).toEqual(["/", "/org", "/org/a"]);
    world.system.tell("/org/b", "add");
    expect(world.system.deadLetters.counts()).toEqual({ "no-recipient": 1 });
  });

  test("begins afresh where it is in the code again", async () => {
    const world = await counted(orgOf("a", "b"), "/org/b");
    await deploy(world, orgOf("a"));
    await deploy(world, orgOf("a", "b"));
    expect(await get(world, "/org/b")).toBe(0);
    await world.tell("/org/b", "add");
    await deploy(world, orgOf("a", "b"));
    expect(await get(world, "/org/b")).toBe(1);
  });

  test("leaves what it has spent to its supervisor", async () => {
    const limited = (...ids: readonly string[]): ChildSpec<Logic> => ({ ...orgOf(...ids), budget: { turns: 20 } });
    const world = await counted(limited("a", "b"), "/org/a", "/org/b", "/org/b", "/org/b");
    for (let times = 1; times < 4; times++) {
      await deploy(world, limited("a"));
      expect(await world.ask("/org/a", "left")).toBe(16 - times);
    }
  });

  test("has sent what it has sent before it is gone", async () => {
    for (const isLate of [false, true]) {
      const world = await counted(orgOf("a", "b"));
      await world.start(child("other"));
      world.file.freeze("/other");
      await world.tell("/org/b", "give");
      world.file.thaw();
      await deploy(world, orgOf("a"));
      expect(await stored(world)).toContain("/org/b");
      if (isLate) await deploy(world, orgOf("a"));
      await world.start(child("other"));
      expect(await get(world, "/other")).toBe(1);
      expect(await stored(world)).not.toContain("/org/b");
      expect(changes(world)).toEqual(["/org child-removed b: given up for good: it is not in the specification any more"]);
    }
  });

  test("takes no part any more in what was under way", async () => {
    const all = (...ids: readonly string[]): ChildSpec<Logic> => ({
      id: "org",
      logic: supervisor({ strategy: "one-for-all", children: ids.map((id) => child(id)) }),
    });
    for (let records = 0; records < 8; records++) {
      const world = await counted(all("a", "b", "c"), "/org/a");
      world.file.freezeAfter(records, ({ address }) => address.startsWith("/org"));
      await world.tell("/org/b", "die");
      world.file.thaw();
      await deploy(world, all("a", "c", "new"));
      expect([records, await list(world)]).toEqual([records, ["a running", "c running", "new running"]]);
      expect([records, await get(world, "/org/a")]).toEqual([records, records === 0 ? 1 : 0]);
      expect([records, await stored(world)]).toEqual([records, expect.not.arrayContaining(["/org/b"])]);
    }
  });
});

describe("children that changed", () => {
  test("lead to the same end, whichever record the process ends behind, and each is told of once", async () => {
    const before = orgOf("a", "b", { ...orgOf("x"), id: "floor" });
    const after = orgOf("first", "a", "second", "third");
    let hasHeld = true;
    let seen = 0;
    for (let records = 0; hasHeld; records++) {
      const world = await counted(before, "/org/a", "/org/b", "/org/floor/x");
      const told: string[] = [];
      await world.crash();
      world.file.freezeAfter(records, (_entry: NewEntry) => true);
      world.system.start(after).catch(() => {});
      await world.clock.settle();
      hasHeld = world.file.hasHeld;
      seen++;
      told.push(...changes(world));
      world.file.thaw();
      await deploy(world, after);
      told.push(...changes(world));
      expect([records, await list(world)]).toEqual([records, ["first running", "a running", "second running", "third running"]]);
      expect([records, (await stored(world)).toSorted()]).toEqual([
        records,
        ["/", "/org", "/org/a", "/org/first", "/org/second", "/org/third"],
      ]);
      expect([records, await get(world, "/org/a"), await get(world, "/org/first")]).toEqual([records, 1, 0]);
      expect([records, new Set(told).size, told.length <= 5]).toEqual([records, told.length, true]);
    }
    expect(seen).toBeGreaterThan(5);
  });

  test("are not those that have ended for good, or were deleted by hand: they do not come back", async () => {
    const mortal = child("mortal", { restart: "temporary" });
    const world = await counted(orgOf("a", mortal, "deleted", "kept"));
    await world.tell("/org/mortal", "die");
    const handle = world.system.supervisor("/org");
    await Promise.all([handle.terminateChild("deleted"), handle.deleteChild("deleted"), world.clock.settle()]);
    await deploy(world, orgOf("a", mortal, "deleted", "kept"));
    expect(await list(world)).toEqual(["a running", "mortal stopped", "deleted stopped", "kept running"]);
    await deploy(world, orgOf("a", "new"));
    expect(changes(world)).toEqual([
      "/org child-removed kept: given up for good: it is not in the specification any more",
      "/org child-added new: started: it is new in the specification",
    ]);
    await deploy(world, orgOf("a", mortal, "new"));
    expect(await list(world)).toEqual(["a running", "mortal running", "new running"]);
  });

  test("change nothing about an input: a life that goes on was begun with its own", async () => {
    const world = await counted(orgOf(child("a", { input: 10 })), "/org/a");
    await deploy(world, orgOf(child("a", { input: 50 })));
    expect(await get(world, "/org/a")).toBe(11);
    await world.tell("/org/a", "die");
    expect(await get(world, "/org/a")).toBe(50);
  });

  test("do not change where the tree is refused, until a program comes that can go on with all", async () => {
    const clerk = (version: string): ChildSpec<Logic> => ({
      id: "clerk",
      logic: plain<number, Order>({ version, init: () => 0, receive: (count, _message, turn) => (turn.reply(count), count) }),
    });
    const floor = (version: string): ChildSpec<Logic> => ({ id: "floor", logic: supervisor({ children: [clerk(version)] }) });
    const world = await counted(orgOf("a", floor("1"), "b"), "/org/b");
    await world.crash();
    world.system.start(orgOf("a", floor("2"), "new")).catch(() => {});
    await world.clock.advance(60_000);
    expect(await stored(world)).toContain("/org/b");
    await deploy(world, orgOf("a", floor("1"), "b"));
    expect(await get(world, "/org/b")).toBe(1);
  });

  test("leave those alone whom somebody added by hand, and those of a template or a plan", async () => {
    const pool: ChildSpec<Logic> = { id: "pool", logic: supervisor({ strategy: "dynamic", template: { logic: desk } }) };
    const children = (plan: unknown): readonly ChildSpec<Logic>[] => (plan as readonly string[]).map((id) => child(id));
    const plannedBy = (initial: readonly string[]): ChildSpec<Logic> => ({
      id: "team",
      logic: supervisor({ plan: { initial, children, planner: "/planner" } }),
    });
    const world = await counted(orgOf("a", pool, plannedBy(["p", "q"])));
    await Promise.all([world.system.supervisor("/org").startChild(child("late")), world.clock.settle()]);
    await Promise.all([world.system.supervisor("/org/pool").startChild({ id: "one" }), world.clock.settle()]);
    for (const address of ["/org/late", "/org/pool/one", "/org/team/p"] as const) await world.tell(address, "add");
    await deploy(world, orgOf("a", pool, plannedBy(["p", "r"])));
    expect(changes(world)).toEqual([]);
    expect(await list(world, "/org/team")).toEqual(["p running", "q running"]);
    expect([await get(world, "/org/pool/one"), await get(world, "/org/team/p")]).toEqual([1, 1]);
    await Promise.all([world.system.supervisor("/org").startChild(child("late")), world.clock.settle()]);
    expect(await get(world, "/org/late")).toBe(1);
  });

  test("are those of the code again where the tree goes back to a turn of an older program", async () => {
    const world = await counted(orgOf("a", "b"), "/org/a");
    const turn = (await world.turns("/org/a")).at(-1)!.seq;
    await deploy(world, orgOf("a", "new"));
    await Promise.all([world.system.rollBack("/org", { to: `/org/a@${turn}`, consent: true }), world.clock.settle()]);
    await world.clock.settle();
    expect(await list(world)).toEqual(["a running", "new running"]);
    expect(await get(world, "/org/a")).toBe(1);
    expect(await stored(world)).not.toContain("/org/b");
  });
});
