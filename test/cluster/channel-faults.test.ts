/** Channels over a wire that loses, doubles and reorders packets, and to systems that are replaced. */
import { MemoryNetwork, type MemoryWire } from "@orgtree/cluster";
import { VirtualClock } from "@orgtree/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pair, Post, seededRandom } from "./post.ts";

/** A network on which packets are lost, doubled, late and in another order. */
function faultyNetwork(clock: VirtualClock, { seed, loss, double, lateMs }: Faults): MemoryNetwork {
  const random = seededRandom(seed);
  const passage = (): readonly number[] => {
    const delay = (): number => Math.floor(random.next() * lateMs);
    if (random.next() < loss) return [];
    return random.next() < double ? [delay(), delay()] : [delay()];
  };
  return new MemoryNetwork({ clock, passage, maxBytes: 600 });
}

interface Faults {
  readonly seed: number;
  readonly loss: number;
  readonly double: number;
  readonly lateMs: number;
}

const faults = fc.record({
  seed: fc.nat(),
  loss: fc.constantFrom(0, 0.1, 0.3),
  double: fc.constantFrom(0, 0.2),
  lateMs: fc.constantFrom(1, 30, 300),
});
const numRuns = Number(process.env["RUNS"] ?? 40);

describe("a channel over a faulty wire", () => {
  test("brings everything once and in order, while both live", async () => {
    await fc.assert(
      fc.asyncProperty(faults, fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 60 }), async (how, gaps) => {
        const clock = new VirtualClock();
        const network = faultyNetwork(clock, how);
        const { a, b } = await pair(network, clock);
        b.refuses = (body) => ((body as { n: number }).n % 7 === 3 ? { reason: "full", problem: "no room" } : undefined);
        const bodies = gaps.map((gap, n) => ({ n, text: "x".repeat(gap * 4) }));
        for (const [n, body] of bodies.entries()) {
          a.send("b", body);
          await clock.advance(gaps[n]! % 3 === 0 ? gaps[n]! : 0);
        }
        // Silence ends a connection, and with these faults five seconds of it are not seen.
        for (let seconds = 0; a.outcomes.size < bodies.length && seconds < 120; seconds++) await clock.advance(1_000);
        expect(a.told).toEqual([]);
        expect(b.came).toEqual(bodies.filter(({ n }) => n % 7 !== 3));
        for (const body of bodies) expect(a.outcome(body)).toBe(body.n % 7 === 3 ? "refused" : "taken");
      }),
      { numRuns },
    );
  });

  test("over which a system is replaced brings nothing twice, leaves no gap, and says what it knows", async () => {
    await fc.assert(
      fc.asyncProperty(faults, fc.array(fc.nat({ max: 900 }), { minLength: 10, maxLength: 50 }), async (how, gaps) => {
        const clock = new VirtualClock();
        const network = faultyNetwork(clock, how);
        const a = await new Post("a", { clock, wire: network.connect("a"), limits: { graceMs: 60_000 } }).start();
        const hosts: Post[] = [];
        const wires: MemoryWire[] = [];
        const replace = async (): Promise<void> => {
          const epoch = hosts.length + 1;
          // The one before is cut off, closed, or does not hear of it.
          if (epoch % 3 === 0) wires.at(-1)?.cut();
          if (epoch % 3 === 1) await hosts.at(-1)?.transport.close();
          wires.push(network.connect(`b${epoch}`));
          hosts.push(await new Post("b", { clock, wire: wires.at(-1)!, seed: how.seed + epoch, epoch }).start());
        };
        await replace();
        for (const [n, gap] of gaps.entries()) {
          a.send("b", n);
          if (gap % 10 === 0) await replace();
          await clock.advance(gap);
        }
        for (let seconds = 0; a.outcomes.size < gaps.length && seconds < 200; seconds++) await clock.advance(1_000);
        const all = hosts.flatMap(({ came }) => came as number[]);
        expect(new Set(all).size).toBe(all.length);
        for (const { came } of hosts) expect(came).toEqual(came.toSorted((one, other) => (one as number) - (other as number)));
        for (const n of gaps.keys()) {
          if (a.outcome(n) === "taken") expect(all).toContain(n);
          else if (a.outcome(n) === "unreachable") expect(all).not.toContain(n);
          else expect(a.outcome(n)).toBe("unknown");
        }
      }),
      { numRuns },
    );
  });

  test("brings what is kept to whoever is there in the end, from the oldest on", async () => {
    await fc.assert(
      fc.asyncProperty(faults, fc.array(fc.nat({ max: 900 }), { minLength: 10, maxLength: 40 }), async (how, gaps) => {
        const clock = new VirtualClock();
        const network = faultyNetwork(clock, how);
        const a = await new Post("a", { clock, wire: network.connect("a") }).start();
        const kept: number[] = [];
        a.renews = () => kept.forEach((n) => a.transport.send("b", n, { isKept: true }));
        let wire = network.connect("b1");
        let host = await new Post("b", { clock, wire, epoch: 1 }).start();
        for (const [n, gap] of gaps.entries()) {
          kept.push(n);
          a.transport.send("b", n, { isKept: true });
          await clock.advance(gap);
          if (gap % 8 !== 0) continue;
          wire.cut();
          wire = network.connect(`b${n + 2}`);
          host = await new Post("b", { clock, wire, seed: n, epoch: n + 2 }).start();
        }
        await clock.advance(60_000);
        // Its predecessor may have taken some already; whoever remembers that knows them as duplicates. None is missing from the first on that it has.
        const came = host.came as number[];
        const newest = came.reduce((most, n) => Math.max(most, n), -1);
        expect(newest).toBe(gaps.length - 1);
        const firsts = came.filter((n, at) => came.indexOf(n) === at);
        expect(firsts).toEqual(firsts.toSorted((one, other) => one - other));
        expect(firsts).toEqual(Array.from({ length: firsts.length }, (_, at) => firsts[0]! + at));
      }),
      { numRuns },
    );
  });
});

describe("a wire that is lost", () => {
  test("keeps what waits, within the bound and the time of grace, and nothing vanishes", async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock });
    const wire = network.connect("a");
    const a = await new Post("a", { clock, wire, limits: { queueParcels: 3 } }).start();
    const b = await new Post("b", { clock, wire: network.connect("b") }).start();
    a.send("b", "before");
    await clock.advance(10);
    wire.cut();
    for (const n of [1, 2, 3, 4]) a.send("b", n);
    await clock.advance(1_000);
    expect(b.came).toEqual(["before"]);
    expect([1, 2, 3, 4].map((n) => a.outcome(n))).toEqual([undefined, undefined, undefined, "refused"]);
    wire.mend();
    await clock.advance(400);
    expect(b.came).toEqual(["before", 1, 2, 3]);
    wire.cut();
    a.send("b", 5);
    await clock.advance(5_400);
    expect(a.outcomes.get(5)).toEqual({ type: "unreachable", problem: "the connection is lost" });
  });

  test("for a time is not noticed by what is under way", async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock });
    const wire = network.connect("b");
    const a = await new Post("a", { clock, wire: network.connect("a") }).start();
    const b = await new Post("b", { clock, wire }).start();
    a.send("b", 1);
    await clock.advance(10);
    wire.cut();
    a.send("b", 2);
    await clock.advance(3_000);
    wire.mend();
    a.send("b", 3);
    await clock.advance(2_000);
    expect([b.came, a.told]).toEqual([[1, 2, 3], []]);
  });

  test("for longer than silence may last ends the connection: what was under way is unknown, what waited was not sent", async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock });
    const wire = network.connect("b");
    const a = await new Post("a", { clock, wire: network.connect("a") }).start();
    const b = await new Post("b", { clock, wire }).start();
    a.send("b", 1);
    await clock.advance(10);
    wire.cut();
    a.send("b", 2);
    await clock.advance(5_200);
    expect([a.outcome(2), a.told]).toEqual(["unknown", ["lost b: b was silent for 5000 ms"]]);
    a.send("b", 3);
    await clock.advance(5_400);
    expect(a.outcome(3)).toBe("unreachable");
    wire.mend();
    a.send("b", 4);
    await clock.advance(400);
    expect([b.came, a.told.at(-1)]).toEqual([[1, 4], "renewed b"]);
  });
});

describe("two systems that claim one endpoint", () => {
  test("are told apart by their epochs: the older one is not sent to any more", async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ clock });
    const a = await new Post("a", { clock, wire: network.connect("a") }).start();
    const old = await new Post("b", { clock, wire: network.connect("old"), epoch: 3, seed: 2 }).start();
    a.send("b", 1);
    await clock.advance(10);
    const young = await new Post("b", { clock, wire: network.connect("young"), epoch: 4, seed: 3 }).start();
    a.send("b", 2);
    await clock.advance(1_000);
    a.send("b", 3);
    await clock.advance(1_000);
    expect([old.came, young.came.at(-1), young.came]).toEqual([[1, 2], 3, [3]]);
    const other = await new Post("c", { clock, wire: network.connect("c"), seed: 9 }).start();
    for (const n of [1, 2, 3]) other.send("b", `c${n}`);
    await clock.advance(1_000);
    other.send("b", "c4");
    await clock.advance(1_000);
    expect(young.came.at(-1)).toBe("c4");
  });
});
