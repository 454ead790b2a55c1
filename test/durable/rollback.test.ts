/** Rollback: of one actor and of a subtree, as a directive and by hand, and over crashes at every point of it. */
import type { Address, Entry, ReplyTo } from "@orgtree/core";
import { plain, supervisor, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

type Do = "add" | "checkpoint" | "die" | "get" | "give" | "tell-out" | "ask";

interface Order {
  readonly do: Do;
  readonly n?: number;
  readonly to?: Address;
}

interface State {
  readonly log: readonly string[];
}

/** Writes down what it takes. */
const desk = plain<State, Order>({
  init: () => ({ log: [] }),
  receive(state, { do: what, n, to }, turn: Turn) {
    const next = { log: [...state.log, n === undefined ? what : `${what} ${n}`] };
    if (what === "get") {
      turn.reply(state.log);
      return state;
    }
    if (what === "checkpoint") turn.checkpoint(`c${n}`);
    if (what === "die") throw new Error("died");
    if (what === "give") turn.deliver(to!, { do: "add", n });
    if (what === "ask") turn.ask(to!, { do: "get" }, { tag: "asked", timeoutMs: 600_000 });
    return next;
  },
  signal: (state, signal) => ({ log: [...state.log, "value" in signal ? `${signal.type} ${JSON.stringify(signal.value)}` : signal.type] }),
});

const onFailure = {
  crash: [{ directive: "rollback" as const, intensity: { maxRestarts: 3, periodMs: 60_000 } }, { directive: "restart" as const }],
};

async function order(world: World, to: Address, ...orders: readonly Order[]): Promise<void> {
  for (const each of orders) await world.tell(to, each);
}

const get = (world: World, address: Address): Promise<unknown> => world.ask(address, { do: "get" });

describe("one actor", () => {
  const org = supervisor({
    intensity: { maxRestarts: 10, periodMs: 1_000 },
    children: [
      { id: "a", logic: desk, onFailure },
      { id: "b", logic: desk },
    ],
  });

  async function start(): Promise<World> {
    const world = new World();
    await world.start({ id: "org", logic: org });
    return world;
  }

  test("goes back to its newest checkpoint, and takes again what came from outside since, but for what it failed at", async () => {
    const world = await start();
    await order(world, "/org/a", { do: "add", n: 1 }, { do: "checkpoint", n: 1 }, { do: "add", n: 2 }, { do: "die" });
    expect(await get(world, "/org/a")).toEqual(["add 1", "checkpoint 1", "add 2"]);
    const report = world.events.find((event) => event.type === "report" && event.report.context === "rolled-back");
    expect(report).toMatchObject({
      report: { child: "a", directive: "rollback", rollback: { redelivered: 1, to: { name: "c1", address: "/org/a" } } },
    });
    expect(world.system.deadLetters.counts()).toEqual({ failed: 1 });
  });

  test("goes back again without reading once more what came before its checkpoint, however often", async () => {
    const world = await start();
    let read = 0;
    const { journal } = world;
    const readAll = journal.read.bind(journal);
    journal.read = async function* (query): AsyncGenerator<Entry> {
      for await (const entry of readAll(query)) {
        read++;
        yield entry;
      }
    };
    const goBack = async (): Promise<number> => {
      await order(world, "/org/a", { do: "checkpoint", n: 1 }, { do: "add", n: 2 });
      read = 0;
      await Promise.all([world.system.rollBack("/org/a"), world.clock.settle()]);
      return read;
    };
    for (let n = 0; n < 200; n++) await order(world, "/org/a", { do: "add", n });
    expect(await goBack()).toBeGreaterThan(200);
    const later: number[] = [];
    for (let n = 0; n < 20; n++) later.push(await goBack());
    expect(Math.max(...later)).toBeLessThan(20);
  });

  test("is restarted where there is no checkpoint: the next rung", async () => {
    const world = await start();
    await order(world, "/org/a", { do: "add", n: 1 }, { do: "die" });
    expect(await get(world, "/org/a")).toEqual([]);
    expect(world.events).toContainEqual(
      expect.objectContaining({
        report: expect.objectContaining({ decision: expect.stringContaining("rollback is not possible") as string }) as object,
      }),
    );
  });

  test("by hand: to a named checkpoint, to a turn by its number, and not to one that is not there", async () => {
    const world = await start();
    await order(
      world,
      "/org/a",
      { do: "add", n: 1 },
      { do: "checkpoint", n: 1 },
      { do: "add", n: 2 },
      { do: "checkpoint", n: 2 },
      { do: "add", n: 3 },
    );
    await expect(world.system.rollBack("/org/a", { to: "c3" })).rejects.toThrow('there is no checkpoint "c3"');
    await expect(world.system.rollBack("/org/a", { to: 77 })).rejects.toThrow("it has no turn 77");
    expect(await get(world, "/org/a")).toHaveLength(5);
    const [report] = await Promise.all([world.system.rollBack("/org/a", { to: "c1" }), world.clock.settle()]);
    expect(report).toMatchObject({ redelivered: 4, actors: ["/org/a"], standing: [{ kind: "reply" }] });
    // Of what was taken again the second makes its checkpoint again.
    expect(await get(world, "/org/a")).toEqual(["add 1", "checkpoint 1", "add 2", "checkpoint 2", "add 3"]);
  });

  test("is not put back where it asks for that itself: its message would come again, and it would ask again", async () => {
    const world = await start();
    let asked = 0;
    const asks = plain<State, Order>({
      init: () => ({ log: [] }),
      receive(state, { do: what, to }, turn) {
        if (what === "get") return (turn.reply(state.log), state);
        if (what === "checkpoint") turn.checkpoint("c");
        // Where it is not refused there is an end to it all the same.
        if (what === "ask" && ++asked < 10)
          turn.ask(to!, { type: "rollback-child", id: to === "/" ? "top" : "asks" }, { tag: what, timeoutMs: 600_000 });
        return { log: [...state.log, what] };
      },
      signal: (state, signal) => ({ log: [...state.log, `${signal.type} ${"error" in signal ? String(signal.error) : ""}`] }),
    });
    await world.start({ id: "top", logic: supervisor({ children: [{ id: "asks", logic: asks }] }) });
    await order(world, "/top/asks", { do: "checkpoint" }, { do: "ask", to: "/top" }, { do: "ask", to: "/" });
    const why = "/top/asks would go back itself, take its message again and ask again";
    expect(await get(world, "/top/asks")).toEqual([
      "checkpoint",
      "ask",
      expect.stringContaining(`asks: ${why}`),
      "ask",
      expect.stringContaining(`top: ${why}`),
    ]);
    const [report] = await Promise.all([world.system.rollBack("/top/asks", { consent: true }), world.clock.settle()]);
    expect(report).toMatchObject({ redelivered: 3, actors: ["/top/asks"] });
  });

  test.each([
    { where: "below a supervisor, which gives up", at: "/top/desk", top: "/top" },
    { where: "below the root, which gives up on it", at: "/desk", top: "/" },
  ] as const)("is not put back without end by who asks again each time he is told of it: $where", async ({ at, top }) => {
    const world = await start();
    let asked = 0;
    const circle = plain<State, Order>({
      init: () => ({ log: [] }),
      receive(state, { do: what, to }, turn) {
        if (what === "checkpoint") turn.checkpoint("c");
        if (what === "give") turn.deliver(to!, { do: "ask", to: top });
        // Where nobody puts an end to it there is one all the same.
        if (what === "ask" && ++asked < 100) turn.ask(to!, { type: "rollback-child", id: "desk" }, { tag: what, timeoutMs: 600_000 });
        return state;
      },
      signal: (state) => state,
    });
    const intensity = { maxRestarts: 4, periodMs: 60_000 };
    const desk = { id: "desk", logic: circle };
    await world.start({ id: "outsider", logic: circle });
    await world.start(top === "/" ? desk : { id: "top", logic: supervisor({ rollbackIntensity: intensity, children: [desk] }) });
    await order(world, at, { do: "checkpoint" }, { do: "give", to: "/outsider" });
    expect(asked).toBe(top === "/" ? 11 : 5);
    const gaveUp = world.events.flatMap((event) => (event.type === "report" && event.report.context === "gave-up" ? [event.report] : []));
    expect(gaveUp[0]).toMatchObject({ supervisor: top, child: "desk", chain: [{}, { class: "loop", kind: "rollback", address: at }] });
    expect(world.system.tree().children.map(({ address }) => address)).toContain("/outsider");
  });

  test("what it gave away since stands, is listed, and needs consent", async () => {
    const world = await start();
    await order(world, "/org/a", { do: "checkpoint", n: 1 }, { do: "give", n: 7, to: "/org/b" });
    await expect(world.system.rollBack("/org/a")).rejects.toMatchObject({
      name: "ConsentError",
      standing: [{ kind: "deliver", detail: { to: "/org/b", message: { do: "add", n: 7 } } }],
    });
    expect(await get(world, "/org/a")).toEqual(["checkpoint 1", "give 7"]);
    await Promise.all([world.system.rollBack("/org/a", { consent: true }), world.clock.settle()]);
    // The order came from outside: it is taken again, and gives again, under another key.
    expect(await get(world, "/org/b")).toEqual(["add 7", "add 7"]);
  });

  test("without consent lets nothing begin between the look and the stop: what comes meanwhile is taken afterwards", async () => {
    const world = await start();
    await order(world, "/org/a", { do: "add", n: 1 }, { do: "checkpoint", n: 1 });
    for (let moments = 0; moments < 250; moments += 5) {
      const before = ((await get(world, "/org/b")) as string[]).length;
      const rollingBack = world.system.rollBack("/org/a").catch((error: unknown) => error);
      for (let moment = 0; moment < moments; moment++) await Promise.resolve();
      world.system.tell("/org/a", { do: "give", n: moments, to: "/org/b" });
      const [outcome] = await Promise.all([rollingBack, world.clock.settle()]);
      // Given once: after the rollback, or before anybody looked, and then nobody consents.
      expect([moments, ((await get(world, "/org/b")) as string[]).length - before]).toEqual([moments, 1]);
      if (!(outcome instanceof Error)) expect(outcome).toMatchObject({ standing: [] });
      await order(world, "/org/a", { do: "checkpoint", n: moments + 2 });
    }
  });

  test.each(["", ", with a crash in between"])("goes back again and again, and takes each message once%s", async (how) => {
    const world = await start();
    await order(world, "/org/a", { do: "checkpoint", n: 1 }, { do: "add", n: 1 }, { do: "add", n: 2 });
    for (let times = 0; times < 3; times++) {
      await Promise.all([world.system.rollBack("/org/a", { consent: true }), world.clock.settle()]);
      if (how === "") continue;
      await world.crash();
      await world.start({ id: "org", logic: org });
    }
    expect(await get(world, "/org/a")).toEqual(["checkpoint 1", "add 1", "add 2"]);
  });

  test("a checkpoint that was undone is none any more", async () => {
    const world = await start();
    await order(world, "/org/a", { do: "checkpoint", n: 1 }, { do: "add", n: 1 });
    await order(world, "/org/b", { do: "give", n: 3, to: "/org/a" });
    await order(world, "/org/a", { do: "checkpoint", n: 2 }, { do: "add", n: 2 });
    await Promise.all([world.system.rollBack("/org/a", { to: "c1", consent: true }), world.clock.settle()]);
    const again = ["checkpoint 1", "add 1", "add 3", "checkpoint 2", "add 2"];
    expect(await get(world, "/org/a")).toEqual(again);
    // The checkpoint that was made again is the newest: what came before it is not taken again.
    await order(world, "/org/a", { do: "add", n: 4 });
    await Promise.all([world.system.rollBack("/org/a", { consent: true }), world.clock.settle()]);
    expect(await get(world, "/org/a")).toEqual([...again, "add 4"]);
  });

  test("an answer that has come since is not asked for again", async () => {
    const world = await start();
    world.file.freeze("/org/b");
    world.system.tell("/org/a", { do: "ask", to: "/org/b" });
    world.system.tell("/org/a", { do: "checkpoint", n: 1 });
    await world.clock.settle();
    await world.crash();
    world.file.thaw();
    await world.start({ id: "org", logic: org });
    const answered = ["ask", "checkpoint 1", "orgtree.reply []"];
    expect(await get(world, "/org/a")).toEqual(answered);
    await order(world, "/org/b", { do: "add", n: 1 });
    await Promise.all([world.system.rollBack("/org/a", { consent: true }), world.clock.settle()]);
    expect(await get(world, "/org/a")).toEqual(answered);
  });

  test("an answer that comes while it goes back is there when it asks again", async () => {
    const world = new World();
    const slow = plain<ReplyTo | null, Order>({
      init: () => null,
      receive(asked, { do: what }, turn) {
        if (what === "get") return turn.replyTo!;
        if (what === "give") turn.reply("late", asked!);
        return asked;
      },
    });
    let stopping = (): void => {};
    const asker = plain<State, Order>({ ...desk, terminate: () => stopping() });
    await world.start({ id: "slow", logic: slow });
    await world.start({ id: "asker", logic: asker });
    await order(world, "/asker", { do: "ask", to: "/slow" }, { do: "checkpoint", n: 1 });
    stopping = () => {
      world.system.tell("/slow", { do: "give" });
      // With another record whatever is believed to be taken is gone.
      world.system.tell("/slow", { do: "add" });
    };
    await Promise.all([world.system.rollBack("/asker"), world.clock.settle()]);
    expect(await get(world, "/asker")).toEqual(["ask", "checkpoint 1", 'orgtree.reply "late"']);
    expect(world.events.filter(({ type }) => type === "dead-letter")).toEqual([]);
  });
});

describe("a subtree", () => {
  const team = supervisor({
    strategy: "dynamic",
    maxChildren: 10,
    template: { logic: desk, onFailure: { crash: "escalate" } },
  });
  const org = supervisor({
    intensity: { maxRestarts: 10, periodMs: 1_000 },
    children: [
      { id: "team", logic: team, onFailure },
      { id: "out", logic: desk },
    ],
  });

  async function start(): Promise<World> {
    const world = new World();
    await world.start({ id: "org", logic: org });
    for (const id of ["a", "b"]) await Promise.all([world.system.supervisor("/org/team").startChild({ id }), world.clock.settle()]);
    await order(world, "/org/team/a", { do: "give", n: 1, to: "/org/team/b" }, { do: "checkpoint", n: 1 });
    await order(world, "/org/out", { do: "give", n: 2, to: "/org/team/a" });
    await order(world, "/org/team/a", { do: "give", n: 3, to: "/org/team/b" });
    await Promise.all([world.system.supervisor("/org/team").startChild({ id: "late" }), world.clock.settle()]);
    await order(world, "/org/team/late", { do: "add", n: 4 });
    return world;
  }

  async function look(world: World): Promise<unknown> {
    const children = Promise.all([world.system.supervisor("/org/team").listChildren(), world.clock.settle()]);
    return {
      a: await get(world, "/org/team/a"),
      b: await get(world, "/org/team/b"),
      children: (await children)[0].map(({ id, status }) => `${id} ${status}`),
    };
  }

  // `give 3` came to a from outside, so it is taken again and gives again; what was given in the first place is gone.
  const rolledBack = {
    a: ["give 1", "checkpoint 1", "add 2", "give 3"],
    b: ["add 1", "add 3"],
    children: ["b running", "a running"],
  };

  test("goes back to one cut: what it exchanged since is gone, what came from outside comes again, and who came later is gone", async () => {
    const world = await start();
    await order(world, "/org/team/b", { do: "die" });
    expect(await look(world)).toEqual(rolledBack);
    const report = world.events.find((event) => event.type === "report" && event.report.context === "rolled-back");
    expect(report).toMatchObject({
      report: { rollback: { actors: ["/org/team", "/org/team/a", "/org/team/b"], gone: ["/org/team/late"] } },
    });
  });

  test("goes on where it was: whoever came later comes again, behind all that was there of him", async () => {
    const world = new World();
    const first = plain<State, Order>({ ...desk, init: (_input, turn) => (turn.checkpoint("born"), { log: [] }) });
    const children = [
      { id: "first", logic: first },
      { id: "later", logic: desk },
    ];
    await world.start({ id: "top", logic: supervisor({ children }) });
    await order(world, "/top/later", { do: "add", n: 1 });
    const [report] = await Promise.all([world.system.rollBack("/top"), world.clock.settle()]);
    expect(report).toMatchObject({ to: { address: "/top/first", name: "born" }, gone: ["/top/later"] });
    expect(await get(world, "/top/later")).toEqual([]);
    expect(world.events.flatMap((event) => (event.type === "report" ? [event.report.context] : []))).toEqual(["rolled-back"]);
  });

  test("does so whenever its process dies in the middle of it", async () => {
    const outcomes: unknown[] = [];
    for (let records = 0; records < 40; records++) {
      const world = await start();
      world.file.freezeAfter(records, () => true);
      world.system.tell("/org/team/b", { do: "die" });
      await world.clock.settle();
      const decided = world.file.stored.some(({ address }) => address === "/org");
      const isOver = !world.file.hasHeld;
      world.file.thaw();
      await world.crash();
      await world.start({ id: "org", logic: org });
      if (decided) expect([records, await look(world)]).toEqual([records, rolledBack]);
      outcomes.push(decided);
      if (isOver) break;
    }
    expect(outcomes.filter(Boolean).length).toBeGreaterThan(5);
    expect(outcomes.length).toBeLessThan(40);
  });

  test("goes back as a whole and in parts, also where it was given up and put back before", async () => {
    const world = new World();
    const temporary = supervisor({ children: [{ id: "a", logic: desk, restart: "temporary" }] });
    await world.start({ id: "org", logic: supervisor({ children: [{ id: "team", logic: temporary }] }) });
    await order(world, "/org/team/a", { do: "checkpoint", n: 1 });
    const rollBack = (address: Address): Promise<unknown> =>
      Promise.all([world.system.rollBack(address, { consent: true }), world.clock.settle()]);
    const log = ["checkpoint 1"];
    for (const n of [1, 2, 3]) {
      // It is stopped with its team, which gives up its place.
      await rollBack("/org/team");
      await order(world, "/org/team/a", { do: "add", n });
      log.push(`add ${n}`);
    }
    await rollBack("/org/team/a");
    expect(await get(world, "/org/team/a")).toEqual(log);
  });
});
