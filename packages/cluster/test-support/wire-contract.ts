import type { Wire, WireEvent } from "@orgtree/core";
import { describe, expect, test } from "vitest";

/** A wire of a process, which can be taken off the network. */
export interface ContractWire {
  readonly wire: Wire;
  cut(): void;
  mend(): void;
}

/** Makes wires of processes on one network, which nobody else uses. */
export interface ContractNetwork extends AsyncDisposable {
  connect(): Promise<ContractWire>;
}

/** What every wire does, whatever it is made of. `settled` gives time for what was sent to arrive, where time is not the network's own. */
export function wireContract(name: string, make: () => Promise<ContractNetwork>, settled: () => Promise<void>): void {
  describe(`the wire ${name}`, () => {
    test("brings packets to an endpoint, as they were sent, in order", async () => {
      await using network = await make();
      const [one, other] = [await network.connect(), await network.connect()];
      const came = arrivals();
      await other.wire.receive("p1", came.take);
      for (let n = 0; n < 100; n++) one.wire.send("p1", Uint8Array.of(n, 0, 255), { from: "t" });
      await came.count(100);
      expect(came.packets.map((packet) => Array.from(packet))).toEqual(Array.from({ length: 100 }, (_, n) => [n, 0, 255]));
    });

    test("brings a packet of the largest size", async () => {
      await using network = await make();
      const [one, other] = [await network.connect(), await network.connect()];
      const came = arrivals();
      await other.wire.receive("p1", came.take);
      one.wire.send("p1", new Uint8Array(one.wire.maxBytes).fill(7), { from: "t" });
      await came.count(1);
      expect(came.packets[0]!.byteLength).toBe(one.wire.maxBytes);
    });

    test("brings a packet to all who listen, also to its sender, and to nobody else", async () => {
      await using network = await make();
      const [one, other] = [await network.connect(), await network.connect()];
      const [here, there, elsewhere] = [arrivals(), arrivals(), arrivals()];
      await one.wire.receive("p1", here.take);
      await other.wire.receive("p1", there.take);
      await other.wire.receive("p10", elsewhere.take);
      one.wire.send("p1", Uint8Array.of(1), { from: "t" });
      await Promise.all([here.count(1), there.count(1)]);
      await settled();
      expect([here.packets.length, there.packets.length, elsewhere.packets.length]).toEqual([1, 1, 0]);
    });

    test("says from where a packet was sent", async () => {
      await using network = await make();
      const [one, other] = [await network.connect(), await network.connect()];
      const came: string[] = [];
      const all = Promise.withResolvers<void>();
      await other.wire.receive("main-1", (_packet, from) => void (came.push(from) === 3 && all.resolve()));
      for (const from of ["gpu-big-0", "a", "client-x1"]) one.wire.send("main-1", Uint8Array.of(1), { from });
      await all.promise;
      expect(came).toEqual(["gpu-big-0", "a", "client-x1"]);
    });

    test("brings nothing to who has stopped to listen", async () => {
      await using network = await make();
      const [one, other] = [await network.connect(), await network.connect()];
      const [first, second] = [arrivals(), arrivals()];
      const stop = await other.wire.receive("p1", first.take);
      await other.wire.receive("p1", second.take);
      stop();
      one.wire.send("p1", Uint8Array.of(1), { from: "t" });
      await second.count(1);
      expect(first.packets).toHaveLength(0);
    });
    contractEvents(make, settled);
  });
}

/** What a wire says of itself. */
function contractEvents(make: () => Promise<ContractNetwork>, settled: () => Promise<void>): void {
  test("says that nobody listens, where that is asked", async () => {
    await using network = await make();
    const { wire } = await network.connect();
    const events = heard(wire);
    wire.send("p1", Uint8Array.of(1), { from: "t" });
    wire.send("p2", Uint8Array.of(1), { from: "t", asks: true });
    await events.until(({ type }) => type === "nobody");
    expect(events.all).toEqual([{ type: "nobody", to: "p2" }]);
  });

  test("says when it is lost and when it is back, and goes on", async () => {
    await using network = await make();
    const [one, other] = [await network.connect(), await network.connect()];
    const came = arrivals();
    await other.wire.receive("p1", came.take);
    const events = heard(other.wire);
    other.cut();
    await events.until(({ type }) => type === "lost");
    expect(other.wire.isConnected).toBe(false);
    other.wire.send("p1", Uint8Array.of(1), { from: "t" });
    other.mend();
    await events.until(({ type }) => type === "back");
    expect(other.wire.isConnected).toBe(true);
    await settled();
    one.wire.send("p1", Uint8Array.of(2), { from: "t" });
    await came.count(1);
    expect(Array.from(came.packets[0]!)).toEqual([2]);
  });
}

interface Arrivals {
  readonly packets: Uint8Array[];
  readonly take: (packet: Uint8Array) => void;
  readonly count: (packets: number) => Promise<void>;
}

function arrivals(): Arrivals {
  const packets: Uint8Array[] = [];
  let wanted = Infinity;
  let reached = Promise.withResolvers<void>();
  return {
    packets,
    take: (packet) => {
      packets.push(packet.slice());
      if (packets.length >= wanted) reached.resolve();
    },
    count: (count) => {
      wanted = count;
      reached = Promise.withResolvers();
      if (packets.length >= count) reached.resolve();
      return reached.promise;
    },
  };
}

function heard(wire: Wire): { readonly all: WireEvent[]; until(is: (event: WireEvent) => boolean): Promise<void> } {
  const all: WireEvent[] = [];
  const waiting: { readonly is: (event: WireEvent) => boolean; readonly resolve: () => void }[] = [];
  wire.listen((event) => {
    all.push(event);
    for (const { is, resolve } of waiting) if (is(event)) resolve();
  });
  return {
    all,
    until(is) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (all.some(is)) resolve();
      else waiting.push({ is, resolve });
      return promise;
    },
  };
}
