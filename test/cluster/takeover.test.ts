/** A supervisor in one system, its children in another, when one of the two is gone, or cannot be reached. */
import type { Address, ChildSpec, Endpoint } from "@orgtree/core";
import { type Logic, supervisor } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { Branches, counter, livesOf } from "./branches.ts";
import type { Death, Node } from "./nodes.ts";

let world: Branches;
beforeEach(() => {
  world = new Branches();
});

const w: Address = "/desk/w_b";
const v: Address = "/desk/v_b";
const wide = { maxRestarts: 50, periodMs: 1_000_000 };
const child = (id: string, more: object = {}) => ({ id, logic: counter, input: 5, ...more });
const crashes = (node: Node) => livesOf(node).filter((life) => life.startsWith("-"));

function desk(children: readonly ChildSpec<Logic>[], more: object = {}): ChildSpec<Logic> {
  return { id: "desk", restart: "temporary", logic: supervisor({ intensity: wide, children, ...more }) };
}

const start = (node: Node, spec: ChildSpec<Logic>) => world.settled(node.system.start(spec));
const restarts = (node: Node): number => node.system.tree().children[0]?.children[0]?.restarts ?? -1;
const list = async (node: Node) =>
  (await world.settled(node.system.supervisor("/desk").listChildren())).map(({ id, status }) => `${id} ${status}`);

/** Two systems, each of which goes on in another process when its own dies. */
class Pair {
  readonly #spec: ChildSpec<Logic>;
  readonly #awayMs: number;
  readonly nodes = {} as { a: Node; b: Node };
  deaths = 0;

  constructor(spec: ChildSpec<Logic>, awayMs: number) {
    this.#spec = spec;
    this.#awayMs = awayMs;
  }

  async begin(dying?: { readonly side: "a" | "b"; readonly death: Death }): Promise<void> {
    for (const side of ["b", "a"] as const)
      this.nodes[side] = await world.begin(side, [], dying?.side === side ? { death: dying.death } : {});
  }

  /** Does something until it has worked, over a death. */
  async until(holds: (nodes: Pair["nodes"]) => Promise<boolean>): Promise<void> {
    await world.until(async () => {
      await this.#revive();
      return holds(this.nodes);
    });
  }

  async #revive(): Promise<void> {
    for (const side of ["a", "b"] as const) {
      if (this.nodes[side].wire.isConnected) continue;
      this.deaths++;
      await world.clock.advance(this.#awayMs);
      this.nodes[side] = await world.begin(side);
      if (side === "a") void this.nodes.a.system.start(this.#spec).catch(() => {});
      await world.clock.advance(100);
    }
  }
}

const deaths = (["a", "b"] as const).flatMap((side) =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((at) =>
    [true, false].map((isStored) => ({ side, at, isStored, record: isStored ? "behind" : "before" })),
  ),
);

describe("children of two in another system", () => {
  test.each(deaths)("come to the same end when the process of $side dies $record its append $at", async ({ side, at, isStored }) => {
    const spec = desk([child("w_b"), child("v_b")], { strategy: "one-for-all" });
    const pair = new Pair(spec, at % 2 === 0 ? 1_000 : 9_000);
    await pair.begin({ side, death: { at, isStored } });
    void pair.nodes.a.system.start(spec).catch(() => {});
    // Up, and what was counted is there.
    await pair.until(async ({ a }) => (await world.count(a, v)) === 5 && (await world.count(a, w)) === 5);
    pair.nodes.b.system.tell(v, 2);
    await pair.until(async ({ a, b }) => {
      if ((await world.count(b, v)) === 5) b.system.tell(v, 2);
      return (await world.count(a, v)) === 7;
    });
    // One fails: both begin afresh.
    pair.nodes.b.system.tell(w, "fail");
    await pair.until(async ({ a, b }) => {
      const isFresh = (await world.count(a, v)) === 5;
      if (!isFresh) b.system.tell(w, "fail");
      return isFresh && (await world.count(a, w)) === 5 && (await list(a)).join() === "v_b running,w_b running";
    });
    // Each lives once, in the order in which they were last started.
    expect(pair.nodes.b.system.open.actors).toBe(3);
    expect(
      livesOf(pair.nodes.b)
        .filter((life) => life.startsWith("+"))
        .slice(-2),
    ).toEqual([`+${w}`, `+${v}`]);
    // And ends, for good.
    void pair.nodes.a.system.stop("/desk").catch(() => {});
    await pair.until(async ({ a, b }) => {
      if (a.system.tree().children.length > 0) void a.system.stop("/desk").catch(() => {});
      await world.clock.advance(1_000);
      return a.system.open.actors === 1 && b.system.open.actors === 1;
    });
    await world.clock.advance(20_000);
    expect([pair.nodes.a.system.open.actors, pair.nodes.b.system.open.actors, pair.deaths <= 1]).toEqual([1, 1, true]);
  });
});

describe("the system of a child", () => {
  test("that goes on in another process has it there, as it was: no directive, no restart, no intensity used", async () => {
    const b = await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([child("w_b")]));
    await world.tell(a, w, 2);
    await world.kill(b, "b");
    await world.clock.advance(8_000);
    expect(await list(a)).toEqual(["w_b running"]);
    const next = await world.begin("b");
    await world.clock.advance(8_000);
    expect([await world.count(a, w), restarts(a), livesOf(next)]).toEqual([7, 0, [`+${w}`]]);
  });

  test("that is gone for good ends it as node-lost, once; it is started again when somebody is there", async () => {
    const gone = await world.begin("B");
    const a = await world.begin("a");
    await start(a, desk([child("w_B")]));
    const exit = a.system.watch("/desk/w_B");
    gone.wire.cut();
    await world.clock.advance(8_000);
    expect(await exit).toMatchObject({ kind: "failure", failure: { class: "node-lost" } });
    expect(await list(a)).toEqual(["w_B starting"]);
    const next = await world.begin("B");
    await world.clock.advance(8_000);
    expect([await world.count(a, "/desk/w_B"), restarts(a), livesOf(next)]).toEqual([5, 1, ["+/desk/w_B"]]);
  });

  test("where nobody comes fails the start after its time, and that counts", async () => {
    const gone = await world.begin("B");
    const a = await world.begin("a");
    await start(a, desk([child("w_B", { startMs: 3_000 })], { intensity: { maxRestarts: 1, periodMs: 60_000 } }));
    const exit = a.system.watch("/desk");
    gone.wire.cut();
    await world.clock.advance(20_000);
    expect(await exit).toMatchObject({ kind: "escalated", failure: { cause: { class: "timeout", kind: "start" } } });
    // Whoever comes later is not asked to run it any more.
    const next = await world.begin("B");
    await world.clock.advance(20_000);
    expect(livesOf(next)).toEqual([]);
  });

  test("whose next program does not know its logic leaves the whole tree as it is stored, for one that does", async () => {
    const b = await world.begin("b");
    let a = await world.begin("a");
    const spec = desk([child("w_b"), child("here")]);
    await start(a, spec);
    await world.tell(a, w, 2);
    await world.kill(b, "b");
    const other = await world.begin("b", [], { system: { specOf: () => undefined } });
    await world.clock.advance(8_000);
    expect(a.system.tree().children).toEqual([]);
    await world.kill(other, "b");
    await world.kill(a, "a");
    await world.begin("b");
    a = await world.begin("a");
    await start(a, spec);
    await world.clock.advance(8_000);
    expect([await world.count(a, w), restarts(a)]).toEqual([7, 0]);
  });

  test("that is closed in order is no end of a child which goes on elsewhere", async () => {
    const b = await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([child("w_b")]));
    await world.tell(a, w, 2);
    await world.settled(b.system.close());
    await world.clock.advance(2_000);
    await world.begin("b");
    await world.clock.advance(8_000);
    expect([await world.count(a, w), restarts(a)]).toEqual([7, 0]);
  });

  test("that has not heard that it was replaced says nothing that counts", async () => {
    const old = await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([child("w_b")]));
    const next = await world.begin("b");
    await world.clock.advance(2_000);
    old.system.tell(w, 1); // It finds out when it stores something.
    old.system.tell(w, "fail");
    await world.clock.advance(8_000);
    expect([await world.count(a, w), restarts(a), livesOf(next)]).toEqual([5, 0, [`+${w}`]]);
  });
});

describe("the system of a supervisor", () => {
  test("that is away lets its children go on; what they have to tell waits", async () => {
    const b = await world.begin("b");
    let a = await world.begin("a");
    const spec = desk([child("w_b"), child("v_b")]);
    await start(a, spec);
    await world.kill(a, "a");
    await world.clock.advance(8_000);
    await world.tell(b, v, 1);
    await world.tell(b, w, "fail");
    await world.clock.advance(30_000);
    expect(livesOf(b)).toEqual([`+${w}`, `+${v}`, `-${w} crash`]);
    a = await world.begin("a");
    await start(a, spec);
    await world.clock.advance(8_000);
    expect(livesOf(b).slice(3)).toEqual([`+${w}`]);
    expect([await world.count(a, w), await world.count(a, v), restarts(a)]).toEqual([5, 6, 1]);
  });

  test("that is gone for good ends them: nobody supervises them", async () => {
    world = new Branches({ team: supervisor({ children: [child("w")] }) });
    const b = await world.begin("b");
    const gone = await world.begin("A");
    await start(gone, { id: "desk_A", logic: supervisor({ children: [child("w_b")] }) });
    expect(livesOf(b)).toEqual(["+/desk_A/w_b"]);
    gone.wire.cut();
    await world.clock.advance(8_000);
    expect([crashes(b), b.system.open.actors]).toEqual([["-/desk_A/w_b killed"], 1]);
  });

  test("that was replaced has nothing to say any more", async () => {
    const b = await world.begin("b");
    const old = await world.begin("a");
    const spec = desk([child("w_b")]);
    await start(old, spec);
    const a = await world.begin("a");
    await start(a, spec);
    await world.clock.advance(8_000);
    void old.system.stop("/desk").catch(() => {});
    await world.clock.advance(8_000);
    expect([await list(a), livesOf(b)]).toEqual([["w_b running"], [`+${w}`]]);
  });

  test("gives up what it does not know when it comes up: nobody lives on without a supervisor", async () => {
    let b = await world.begin("b");
    let a = await world.begin("a");
    const spec: ChildSpec<Logic> = { id: "desk", restart: "temporary", logic: supervisor({ strategy: "dynamic" }) };
    await start(a, spec);
    await world.settled(a.system.supervisor("/desk").startChild(child("w_b")));
    b.wire.cut(); // It does not hear of it …
    void a.system.stop(w).catch(() => {});
    await world.clock.advance(40_000);
    expect(await list(a)).toEqual([]);
    await world.kill(a, "a"); // … and who knew it is gone.
    a = await world.begin("a");
    await start(a, spec);
    b.wire.mend();
    await world.clock.advance(20_000);
    expect([b.system.open.actors, crashes(b)]).toEqual([1, [`-${w} killed`]]);
    // For good: whoever is started there is somebody else, also in the next process.
    await world.kill(b, "b");
    b = await world.begin("b");
    await world.clock.advance(8_000);
    expect(livesOf(b)).toEqual([]);
  });
});

describe("a network that is cut in two", () => {
  const cut = async (node: Node, ms: number): Promise<void> => {
    node.wire.cut();
    await world.clock.advance(ms);
    node.wire.mend();
    await world.clock.advance(10_000);
  };

  test.each([
    { endpoint: "b" as Endpoint, ms: 3_000, ends: [] as string[] },
    { endpoint: "b", ms: 20_000, ends: [] },
    { endpoint: "B", ms: 3_000, ends: [] },
    { endpoint: "B", ms: 20_000, ends: ["-/desk/w_B killed"] },
  ])("for $ms ms, from $endpoint: $ends", async ({ endpoint, ms, ends }) => {
    const there = await world.begin(endpoint);
    const a = await world.begin("a");
    const address: Address = `/desk/w_${endpoint}`;
    await start(a, desk([child(`w_${endpoint}`)]));
    await world.tell(a, address, 2);
    await cut(there, ms);
    // Whoever was taken for lost has ended before another one lives there.
    expect([crashes(there), there.system.open.actors, restarts(a)]).toEqual([ends, 2, ends.length]);
    expect(await world.count(a, address)).toBe(ends.length === 0 ? 7 : 5);
  });

  test("while a child is to stop: its supervisor does not wait for ever, and it has ended when it is reached again", async () => {
    const b = await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([child("w_b", { shutdownMs: 2_000 })]));
    b.wire.cut();
    const stopped = a.system.stop(w);
    await world.clock.advance(8_000);
    await stopped;
    expect([await list(a), b.system.open.actors]).toEqual([["w_b stopped"], 2]);
    b.wire.mend();
    await world.clock.advance(10_000);
    expect([crashes(b), b.system.open.actors]).toEqual([[`-${w} killed`], 1]);
  });

  test("while a child waits for a directive: it goes on when it is reached again", async () => {
    const b = await world.begin("b");
    const a = await world.begin("a");
    await start(a, desk([child("w_b", { onFailure: { crash: "resume" } })]));
    await world.tell(a, w, 2);
    b.wire.cut();
    await world.tell(b, w, "fail");
    await world.clock.advance(20_000);
    b.wire.mend();
    await world.clock.advance(10_000);
    expect([await world.count(a, w), restarts(a), crashes(b)]).toEqual([7, 0, []]);
  });
});
