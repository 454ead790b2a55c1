/** Who hosts what: nodes that come, leave, die and stop, on leases in memory and time of their own. */
import { ClusterError, Ownership } from "@orgtree/cluster";
import { describe, expect, test } from "vitest";
import { silent } from "./post.ts";
import { OwnershipWorld, type TrialNode } from "./ownership-world.ts";

function buriesIn(nodes: readonly TrialNode[]): number {
  return nodes.flatMap(({ events }) => events).filter(({ type }) => type === "buries").length;
}

describe("ownership", () => {
  test("gives everything to the only node, at once", async () => {
    const world = new OwnershipWorld();
    const node = world.join();
    await world.pass(50);
    expect(await node.started).toBeUndefined();
    expect(world.loads).toEqual([4]);
    expect(Array.from(node.ownership.owners().keys()).sort()).toEqual(["main-0", "main-1", "main-2", "main-3"]);
    expect(new Set(node.ownership.owners().values())).toEqual(new Set([node.ownership.node]));
  });

  test("gives whoever joins his share, in order, and moves nothing else", async () => {
    const world = new OwnershipWorld({ partitions: { main: 16 } });
    const first = world.join();
    await world.pass(100);
    for (const [joined, loads] of [
      [2, [8, 8]],
      [3, [6, 5, 5]],
      [4, [4, 4, 4, 4]],
    ] as const) {
      const before = new Map(first.ownership.owners());
      const node = world.join();
      await world.pass(200);
      expect(world.loads.toSorted((one, other) => other - one)).toEqual(loads);
      const moved = Array.from(first.ownership.owners()).filter(([partition, owner]) => before.get(partition) !== owner);
      expect(moved.map(([, owner]) => owner)).toEqual(moved.map(() => node.ownership.node));
      expect(world.nodes).toHaveLength(joined);
    }
    await world.pass(20_000);
    expect(world.broken).toEqual([]);
    expect(world.nodes.flatMap(({ host }) => host.ends.atOnce)).toEqual([0, 0, 0, 0]);
    // Nothing moved while nobody came or left.
    expect(world.nodes.reduce((sum, { host }) => sum + host.ends.inOrder, 0)).toBe(8 + 5 + 4);
  });

  test("takes over what a dead node had, a lease after it was last heard of, and takes nothing from those that live", async () => {
    const world = new OwnershipWorld();
    const nodes = [world.join(), world.join(), world.join()];
    await world.pass(5_000);
    const had = world.endpoints.filter((partition) => world.hostsOf(partition).includes("n1"));
    world.kill(nodes[0]!);
    await world.pass(1_900);
    expect(had.flatMap((partition) => world.hostsOf(partition))).toEqual([]);
    await world.pass(1_600);
    for (const partition of world.endpoints) expect(world.hostsOf(partition)).toHaveLength(1);
    expect(buriesIn(nodes)).toBe(1);
    expect(nodes.map(({ host }) => host.ends.atOnce)).toEqual([0, 0, 0]);
    expect(world.broken).toEqual([]);
  });

  test("lets a node begin nothing when two thirds of its lease have passed, and end what it had when it hears that it was buried", async () => {
    const world = new OwnershipWorld();
    const one = world.join();
    await world.pass(100);
    const other = world.join();
    await world.pass(3_000);
    const moved = one.host.ends.inOrder;
    const had = world.endpoints.filter((partition) => world.hostsOf(partition).includes("n1"));
    expect(had).toHaveLength(2);
    const name = one.ownership.node;
    one.leases.cut();
    await world.pass(2_000);
    expect([one.ownership.mayBegin(), ...had.map((partition) => one.ownership.mayBegin(partition))]).toEqual([false, false, false]);
    expect(one.host.working.size).toBe(2);
    await world.pass(3_000);
    expect(had.flatMap((partition) => world.hostsOf(partition))).toEqual(["n2", "n2"]);
    one.leases.mend();
    await world.pass(1_000);
    expect(one.events).toContainEqual({ type: "buried", node: name });
    expect(one.host.ends).toEqual({ inOrder: moved, atOnce: 2 });
    expect(other.host.ends.atOnce).toBe(0);
    // It has joined again under another name, and takes its share.
    expect(one.ownership.node).not.toBe(name);
    expect(world.loads).toEqual([2, 2]);
    expect(world.broken).toEqual([]);
  });

  test("buries nobody when the leases cannot be reached for ten seconds, and goes on with what each had", async () => {
    const world = new OwnershipWorld();
    const nodes = [world.join(), world.join({ rate: 1.03 }), world.join({ rate: 0.97 })];
    await world.pass(5_000);
    const ends = nodes.map(({ host }) => ({ ...host.ends }));
    const before = world.endpoints.map((partition) => world.hostsOf(partition));
    world.store.isDown = true;
    await world.pass(10_000);
    expect(world.loads).toEqual([0, 0, 0]);
    world.store.isDown = false;
    await world.pass(1_500);
    expect(world.endpoints.map((partition) => world.hostsOf(partition))).toEqual(before);
    await world.pass(10_000);
    expect(buriesIn(nodes)).toBe(0);
    expect(nodes.map(({ host }) => host.ends)).toEqual(ends);
    expect(world.broken).toEqual([]);
  });

  test("buries nobody when a machine stood still with all its nodes", async () => {
    const world = new OwnershipWorld();
    const nodes = [world.join(), world.join()];
    await world.pass(5_300);
    for (const { clock } of nodes) clock.stop();
    await world.pass(10_000);
    for (const { clock } of nodes) {
      clock.resume();
      // The first goes on alone for a while.
      await world.pass(900);
    }
    await world.pass(5_000);
    expect(buriesIn(nodes)).toBe(0);
    expect(world.loads).toEqual([2, 2]);
    expect(world.broken).toEqual([]);
  });

  test("ends what a node has when it was alone for too long, and begins it again under new epochs when it is not", async () => {
    const world = new OwnershipWorld({ limits: { giveUpMs: 12_000 } });
    const node = world.join();
    await world.pass(1_000);
    const epochs = Array.from(node.host.running.values());
    node.leases.cut();
    await world.pass(11_000);
    expect(node.host.running.size).toBe(4);
    await world.pass(2_000);
    expect(node.host.running.size).toBe(0);
    expect(node.events.filter(({ type }) => type === "ends")).toEqual(
      world.endpoints.map((partition) => ({ type: "ends", partition, why: "alone" })),
    );
    node.leases.mend();
    await world.pass(1_000);
    expect(world.loads).toEqual([4]);
    expect(Math.min(...node.host.running.values())).toBeGreaterThan(Math.max(...epochs));
    expect(world.broken).toEqual([]);
  });

  test("drains a node: everything is ended in order and handed over before its lease goes", async () => {
    const world = new OwnershipWorld();
    const [one, other] = [world.join({ mostMs: 400 }), world.join({ mostMs: 400 })];
    await world.pass(5_000);
    expect(world.loads).toEqual([2, 2]);
    const name = one.ownership.node;
    let isOver = false;
    const drained = one.ownership.drain().then(() => (isOver = true));
    await world.pass(1_000);
    expect(isOver).toBe(true);
    await drained;
    one.isGone = true;
    expect(one.host.ends.atOnce).toBe(0);
    expect(one.host.running.size).toBe(0);
    expect(world.store.read(`node.${name}`)).toBeUndefined();
    expect(world.loads).toEqual([4]);
    expect(buriesIn([other])).toBe(0);
    expect(one.ownership.mayBegin()).toBe(false);
    await one.ownership.drain();
    expect(world.broken).toEqual([]);
  });

  test("hands over each partition when it is ended, while others still end", async () => {
    const world = new OwnershipWorld();
    const [one, other] = [world.join(), world.join()];
    await world.pass(5_000);
    // One of the two takes very long.
    let count = 0;
    const { end } = one.host;
    one.host.end = (partition, how) => {
      one.host.mostMs = count++ === 0 ? 1e6 : 0;
      return end.call(one.host, partition, how);
    };
    void one.ownership.drain();
    await world.pass(500);
    expect(one.host.running.size).toBe(1);
    expect(other.host.working.size).toBe(3);
    expect(one.ownership.nodes().get(one.ownership.node)?.state).toBe("draining");
  });

  test("ends what it has when somebody else has changed its record", async () => {
    const world = new OwnershipWorld();
    const node = world.join();
    await world.pass(1_000);
    const record = world.store.read("part.main-2")!;
    void world.store.connect("a person").put("part.main-2", {}, record.revision);
    await world.pass(100);
    expect(node.events).toContainEqual({ type: "ends", partition: "main-2", why: "replaced" });
    // Nobody else wants it, so it is claimed anew.
    await world.pass(100);
    expect(world.loads).toEqual([4]);
    expect(world.broken).toEqual([]);
  });

  test("does not join again while something still ends that it had when it was buried", async () => {
    const world = new OwnershipWorld({ limits: { endMs: 15_000 } });
    const one = world.join();
    await world.pass(1_000);
    one.host.mostMs = 1e9;
    world.join();
    await world.pass(500);
    one.leases.cut();
    await world.pass(5_000);
    one.leases.mend();
    await world.pass(300, 1);
    await world.pass(30_000);
    expect(world.broken).toEqual([]);
    expect(world.nodes[1]!.events.some(({ type }) => type === "buries")).toBe(true);
  });

  test("closes a node at once, and others need not wait for its lease", async () => {
    const world = new OwnershipWorld();
    const [one] = [world.join(), world.join()];
    await world.pass(5_000);
    const closed = one.ownership.close();
    await world.pass(100);
    await closed;
    one.isGone = true;
    expect(one.host.ends.atOnce).toBe(2);
    expect(world.loads).toEqual([4]);
    expect(world.broken).toEqual([]);
  });

  test("leaves in its time when the leases cannot be reached", async () => {
    const world = new OwnershipWorld({ limits: { drainMs: 10_000 } });
    const node = world.join();
    await world.pass(1_000);
    node.leases.cut();
    let isOver = false;
    void node.ownership.drain().then(() => (isOver = true));
    await world.pass(9_000);
    expect([isOver, node.host.running.size]).toEqual([false, 0]);
    await world.pass(2_000);
    expect(isOver).toBe(true);
    expect(world.truth.pending).toBe(0);
  });

  test("is closed when the leases cannot be reached, and waits a lease for them and no longer", async () => {
    const world = new OwnershipWorld();
    const node = world.join();
    await world.pass(1_000);
    node.leases.cut();
    let isOver = false;
    void node.ownership.close().then(() => (isOver = true));
    await world.pass(2_000);
    expect([isOver, node.host.running.size]).toEqual([false, 0]);
    await world.pass(3_000);
    expect(isOver).toBe(true);
    expect(world.truth.pending).toBe(0);
  });

  test("hands over to a node that never ends only after it was told to end at once", async () => {
    const world = new OwnershipWorld({ limits: { endMs: 2_000 } });
    const node = world.join();
    await world.pass(1_000);
    node.host.mostMs = 1e9;
    const other = world.join();
    await world.pass(1_500);
    expect(other.host.running.size).toBe(0);
    await world.pass(1_500);
    expect(world.loads).toEqual([2, 2]);
    expect(node.host.ends).toEqual({ inOrder: 2, atOnce: 2 });
  });

  test("tries a partition again that does not begin, with pauses, each time under a new epoch", async () => {
    const world = new OwnershipWorld({ partitions: { main: 1 } });
    const node = world.join({ failing: 1 });
    await world.pass(6_000);
    const failed = node.events.filter(({ type }) => type === "failed");
    expect(failed[0]).toEqual({ type: "failed", partition: "main-0", problem: "its journal cannot be read" });
    // After 0.5, 1 and 2 seconds.
    expect(failed).toHaveLength(4);
    node.host.failing = 0;
    await world.pass(5_000);
    expect(world.loads).toEqual([1]);
    node.ownership.fell("main-0", new Error("fenced"));
    await world.pass(100);
    expect(world.loads).toEqual([0]);
    await world.pass(1_000);
    expect(world.loads).toEqual([1]);
    expect(world.broken).toEqual([]);
  });

  test("gives up a partition that takes too long to begin, and tries again", async () => {
    const world = new OwnershipWorld({ partitions: { main: 1 }, limits: { beginMs: 1_000 } });
    const node = world.join({ mostMs: 1e9 });
    await world.pass(1_200);
    expect(node.events).toContainEqual({ type: "failed", partition: "main-0", problem: "it did not begin within 1000 ms" });
    node.host.mostMs = 0;
    await world.pass(1_000);
    expect(world.loads).toEqual([1]);
  });

  test("places the partitions of a pool on the nodes that have it", async () => {
    const world = new OwnershipWorld({ partitions: { main: 2, gpu: 4 } });
    const [one, two, three] = [world.join(), world.join({ pools: ["gpu", "main"] }), world.join({ pools: ["gpu"] })];
    await world.pass(1_000);
    const of = ({ host }: TrialNode): readonly string[] => Array.from(host.working, (partition) => partition.split("-")[0]!).sort();
    expect([of(one), of(two), of(three)]).toEqual([["main"], ["gpu", "gpu", "main"], ["gpu", "gpu"]]);
    const drained = three.ownership.drain();
    await world.pass(1_000);
    await drained;
    expect([of(one), of(two)]).toEqual([["main"], ["gpu", "gpu", "gpu", "gpu", "main"]]);
  });

  test("forgets who died, when nothing names him any more", async () => {
    const world = new OwnershipWorld();
    const nodes = [world.join(), world.join()];
    await world.pass(2_000);
    world.kill(nodes[0]!);
    await world.pass(10_000);
    expect(world.store.records.filter(({ key }) => key.startsWith("node."))).toHaveLength(2);
    await world.pass(60_000);
    expect(world.store.records.map(({ key }) => key.slice(0, 4)).sort()).toEqual(["meta", "node", "part", "part", "part", "part"]);
  });

  test("begins nothing while a machine slept, though its own clock slept too", async () => {
    const world = new OwnershipWorld();
    const node = world.join();
    await world.pass(1_000);
    const before = node.clock.nowMs();
    node.clock.stop();
    node.clock.nowMs = () => before;
    expect(node.ownership.mayBegin("main-0")).toBe(true);
    await world.pass(2_000);
    expect(node.ownership.mayBegin("main-0")).toBe(false);
  });

  test.each([
    [{ version: 2, partitions: { main: 4 } }, "version", "the namespace has the format 2, and this program knows 1"],
    [{ version: 1, partitions: { main: 16 } }, "partitions", "made with the partitions { main: 16 }, and this process has { main: 4 }"],
    [{ version: 1, partitions: { main: 4, gpu: 2 } }, "partitions", "{ gpu: 2, main: 4 }"],
  ])("refuses a namespace that is %j, and says what to do", async (meta, problem, says) => {
    const world = new OwnershipWorld();
    void world.store.connect("x").put("meta", meta, 0);
    const node = world.join();
    await world.pass(100);
    const error = await node.started;
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({ problem, retryable: false });
    expect(String(error)).toContain(says);
    expect(String(error)).toContain("name another namespace");
    expect(world.truth.pending).toBe(0);
  });

  test("says that the leases cannot be reached, when that takes too long", async () => {
    const world = new OwnershipWorld({ limits: { startMs: 5_000 } });
    world.store.isDown = true;
    const node = world.join();
    await world.pass(7_000);
    expect(await node.started).toMatchObject({ name: "ClusterError", problem: "unavailable", retryable: true });
    expect(world.truth.pending).toBe(0);
  });

  test.each([
    [{ name: "a.b" }, "name: 1 to 40 letters"],
    [{ pools: ["gpu"] }, "pools: one of main, not gpu"],
    [{ partitions: { main: 0 } }, "partitions.main: an integer from 1 to 1024"],
    [{ partitions: {} }, "at least one pool"],
    [{ partitions: { "a.b": 1 } }, "a pool's name"],
    [{ limits: { leaseMs: 0 } }, "leaseMs: a number of at least 1"],
  ])("refuses %j", (options, says) => {
    const world = new OwnershipWorld();
    const parts = { leases: world.store.connect("x"), clock: world.truth, random: world.random, logger: silent };
    const host = { begin: () => Promise.resolve(), end: () => Promise.resolve() };
    expect(() => new Ownership({ ...parts, host, name: "a", facts: { host: "here", pid: 1, version: "1" }, ...options })).toThrow(says);
  });
});
