/** Channels over a wire that works: what arrives, and what the sender is told. */
import { MemoryNetwork } from "@orgtree/cluster";
import { VirtualClock } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { pair, Post } from "./post.ts";

let clock: VirtualClock;
let network: MemoryNetwork;
/** Packets that were sent to each endpoint. */
let packets: string[];

beforeEach(() => {
  clock = new VirtualClock();
  packets = [];
  network = new MemoryNetwork({
    clock,
    passage: ({ to }) => {
      packets.push(to);
      return [0];
    },
  });
});

describe("a system that ends", () => {
  test("while the network does not know of it yet is heard of no more", async () => {
    const wire = network.connect("a");
    const known = Promise.withResolvers<void>();
    const receive = wire.receive.bind(wire);
    wire.receive = async (...what) => {
      const stop = await receive(...what);
      await known.promise;
      return stop;
    };
    const post = new Post("a", { clock, wire });
    const starting = post.start();
    await clock.settle();
    expect(wire.hears("a")).toBe(true);
    await post.transport.close();
    known.resolve();
    await starting;
    expect(wire.hears("a")).toBe(false);
  });
});

describe("a channel", () => {
  test("that was forgotten before its sender heard that it is open begins anew under another name", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), seed: 1 }).start();
    const c = await new Post("c", { clock, wire: network.connect("c"), seed: 3 }).start();
    const b = await new Post("b", { clock, wire: network.connect("b"), seed: 2, limits: { channels: 1 } }).start();
    // Nothing reaches the first sender; the second one has him forgotten.
    network.passage = ({ to }) => (to === "a" ? [] : [0]);
    a.send("b", 1);
    await clock.advance(50);
    c.send("b", 2);
    await clock.advance(50);
    network.passage = () => [0];
    await clock.advance(1_000);
    expect(b.came).toEqual([2, 1]);
    expect(a.outcome(1)).toBe("taken");
  });

  test("brings parcels in the order in which they were sent, and says that they have arrived", async () => {
    const { a, b } = await pair(network, clock);
    for (let n = 0; n < 1_000; n++) a.send("b", n);
    await clock.advance(10);
    expect(b.came).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    expect(new Set([...a.outcomes.values()].map(({ type }) => type))).toEqual(new Set(["taken"]));
    expect(a.transport.counts).toMatchObject({ sent: 1_000, waiting: 0 });
    expect(b.transport.counts).toMatchObject({ received: 1_000, refused: {}, unreadable: 0 });
  });

  test("puts what is sent in one go into one packet", async () => {
    const { a, b } = await pair(network, clock);
    a.send("b", "first");
    await clock.advance(10);
    const before = packets.filter((to) => to === "b").length;
    for (let n = 0; n < 500; n++) a.send("b", n);
    await clock.advance(10);
    expect(packets.filter((to) => to === "b").length - before).toBe(1);
    expect(b.came).toHaveLength(501);
  });

  test("brings what is larger than a packet in pieces, between what is smaller", async () => {
    network = new MemoryNetwork({ clock, maxBytes: 1_000 });
    const { a, b } = await pair(network, clock);
    const large = "x".repeat(50_000);
    for (const body of ["before", large, "between", `${large}y`, "after"]) a.send("b", body);
    await clock.advance(10);
    expect(b.came).toEqual(["before", large, "between", `${large}y`, "after"]);
  });

  test("keeps a copy: what the sender changes afterwards does not arrive", async () => {
    const { a, b } = await pair(network, clock);
    const body = { list: [1] };
    a.send("b", body);
    body.list.push(2);
    await clock.advance(10);
    expect(b.came).toEqual([{ list: [1] }]);
  });

  test("tells the sender of each parcel that was not wanted, and why", async () => {
    const { a, b } = await pair(network, clock);
    b.refuses = (body) =>
      (body as number) % 3 === 0 ? { reason: "mailbox-full", problem: `no room for ${String(body)}`, detail: 3 } : undefined;
    for (let n = 0; n < 9; n++) a.send("b", n);
    await clock.advance(10);
    expect(b.came).toEqual([1, 2, 4, 5, 7, 8]);
    expect(a.outcomes.get(3)).toEqual({ type: "refused", refusal: { reason: "mailbox-full", problem: "no room for 3", detail: 3 } });
    expect([...a.outcomes.values()].filter(({ type }) => type === "refused")).toHaveLength(3);
  });

  test("refuses a parcel on which the recipient throws", async () => {
    const { a, b } = await pair(network, clock);
    b.refuses = () => {
      throw new TypeError("no message of ours");
    };
    a.send("b", 1);
    await clock.advance(10);
    expect(a.outcomes.get(1)).toEqual({ type: "refused", refusal: { reason: "malformed", problem: "no message of ours" } });
  });

  test("refuses at once what cannot be sent, and what is too large", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), limits: { parcelBytes: 1_000 } }).start();
    const body = { run: () => {} };
    a.send("b", body);
    expect(a.outcomes.get(body)).toMatchObject({ type: "refused", refusal: { reason: "malformed" } });
    a.send("b", "x".repeat(1_001));
    expect(a.outcomes.get("x".repeat(1_001))).toMatchObject({ type: "refused", refusal: { reason: "oversized" } });
  });

  test("refuses what is more than it holds, but for what its sender keeps", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), limits: { queueParcels: 10 } }).start();
    for (let n = 0; n < 12; n++) a.send("b", n);
    a.send("b", "kept", { isKept: true });
    expect([9, 10, 11, "kept"].map((body) => a.outcome(body))).toEqual([undefined, "refused", "refused", undefined]);
    expect(a.outcomes.get(10)).toMatchObject({ refusal: { reason: "overload", problem: expect.stringContaining("slow down") as string } });
    const b = await new Post("b", { clock, wire: network.connect("b") }).start();
    await clock.advance(1_000);
    expect(b.came).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "kept"]);
  });

  test("has no more under way than its window", async () => {
    let held = 0;
    network.passage = ({ to }) => {
      if (to === "b" && packets.length > 0) held++;
      return to === "b" && packets.length > 0 ? [] : [0];
    };
    const a = await new Post("a", { clock, wire: network.connect("a"), limits: { windowPackets: 4, packetBytes: 10 } }).start();
    await new Post("b", { clock, wire: network.connect("b") }).start();
    a.send("b", "opens");
    await clock.advance(10);
    packets.push("holds");
    for (let n = 0; n < 100; n++) a.send("b", `number ${n}`);
    await clock.settle();
    expect(held).toBe(4);
  });
});

describe("a system at which nobody listens", () => {
  test("is unreachable when the time of grace is over, and the parcel has done nothing", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), limits: { graceMs: 3_000 } }).start();
    a.send("b", 1);
    await clock.advance(2_900);
    expect(a.outcome(1)).toBeUndefined();
    await clock.advance(400);
    expect(a.outcomes.get(1)).toEqual({ type: "unreachable", problem: "nobody listens there" });
    const b = await new Post("b", { clock, wire: network.connect("b") }).start();
    a.send("b", 2);
    await clock.advance(400);
    expect(b.came).toEqual([2]);
  });

  test("is unreachable at once where there is no grace", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), limits: { graceMs: 0 } }).start();
    a.send("b", 1);
    await clock.settle();
    expect(a.outcome(1)).toBe("unreachable");
  });

  test("gets what is kept whenever it comes", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a") }).start();
    a.send("b", 1, { isKept: true });
    await clock.advance(60_000);
    const b = await new Post("b", { clock, wire: network.connect("b") }).start();
    await clock.advance(400);
    expect([b.came, a.outcome(1)]).toEqual([[1], "taken"]);
  });

  test("is forgotten when nothing waits for it any more", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a") }).start();
    a.send("b", 1);
    await clock.advance(10_000);
    const before = packets.length;
    await clock.advance(60_000);
    expect([packets.length - before, clock.pending]).toEqual([0, 0]);
  });
});

describe("a process without a successor", () => {
  const none = { outlives: () => false, limits: { forgetMs: 3_000 } };

  test("that is not there is lost with what is kept for it, and forgotten", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), ...none }).start();
    a.send("b", 1, { isKept: true });
    await clock.advance(3_400);
    expect([a.told, a.outcome(1)]).toEqual([["lost b: nobody listens there"], undefined]);
    await clock.advance(1_000);
    expect([a.transport.counts.channels, clock.pending]).toEqual([0, 0]);
  });

  test("that has gone is forgotten too", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a"), ...none }).start();
    const b = await new Post("b", { clock, wire: network.connect("b") }).start();
    a.send("b", 1, { isKept: true });
    await clock.advance(10);
    expect([a.outcome(1), a.transport.counts.channels]).toEqual(["taken", 1]);
    await b.transport.close();
    await clock.advance(1_000);
    expect(a.told).toEqual(["lost b: b was closed"]);
    // It may only have been away.
    await clock.advance(3_000);
    expect([a.told.length, a.transport.counts.channels]).toEqual([2, 0]);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});

describe("a system that is closed", () => {
  test("sends nothing any more, and says what was not sent", async () => {
    const a = await new Post("a", { clock, wire: network.connect("a") }).start();
    a.send("b", 1);
    await a.transport.close();
    a.send("b", 2);
    expect([a.outcome(1), a.outcome(2)]).toEqual(["unreachable", "unreachable"]);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  test("is told to be gone, at once, to those who sent to it", async () => {
    const { a, b } = await pair(network, clock);
    a.send("b", 1);
    await clock.advance(10);
    await b.transport.close();
    await clock.settle();
    expect(a.told).toEqual(["lost b: b was closed"]);
    a.send("b", 2);
    await clock.advance(6_000);
    expect(a.outcome(2)).toBe("unreachable");
  });
});
