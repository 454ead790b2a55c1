import type { Exit } from "@orgtree/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startWorld, type TestWorld } from "../machine/machine.fixture.ts";
import { die, makePuppet, restarted, type Order } from "../actor/plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";
import { Watches, type Down } from "./watches.ts";

const watch: Order = (turn) => turn.watch("/t");

/** A watcher at `/m` that watches `/t`. */
async function startWatched(spec = {}) {
  const world = startWorld();
  const watcher = makePuppet();
  await world.start(makePuppet().logic, { id: "t", ...spec });
  await world.start(watcher.logic, restarted);
  await world.tell(watch);
  return { world, heard: watcher.heard };
}

describe("a watch", () => {
  const ends: Record<string, { end: (world: TestWorld) => Promise<void>; exit: object; spec?: object }> = {
    "a normal exit": { end: (world) => world.tell(((turn) => turn.exit()) satisfies Order, "/t"), exit: { kind: "normal" } },
    "a failure": { end: (world) => world.tell(die, "/t"), exit: { kind: "failure", failure: expect.objectContaining({ class: "crash" }) } },
    "an ordered stop": { end: (world) => world.system.stop("/t"), exit: { kind: "shutdown" } },
    "a kill": { end: (world) => world.system.stop("/t"), exit: { kind: "killed" }, spec: { shutdownMs: "brutal-kill" } },
    "a restart": { end: (world) => world.tell(die, "/t"), exit: { kind: "failure", failure: expect.anything() }, spec: restarted },
  };

  test.each(Object.keys(ends))("tells of %s once", async (name) => {
    const { end, exit, spec } = ends[name]!;
    const { world, heard } = await startWatched(spec);
    await using _ = world;
    await end(world);
    await world.clock.settle();
    expect(heard).toEqual([{ type: "orgtree.down", address: "/t", incarnation: 1, exit }]);
    if (spec === restarted) await end(world);
    expect(heard).toHaveLength(1);
  });

  test("tells at once when there is no such actor", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(watch);
    const exit = { kind: "failure", failure: expect.objectContaining({ kind: "no-process", address: "/t" }) };
    expect(heard).toEqual([{ type: "orgtree.down", address: "/t", incarnation: 0, exit }]);
  });

  test("is one, however often it was asked for", async () => {
    const { world, heard } = await startWatched();
    await using _ = world;
    await world.tell(watch);
    await world.tell(die, "/t");
    expect(heard).toHaveLength(1);
  });

  test("ends with unwatch, and can be begun again", async () => {
    const { world, heard } = await startWatched(restarted);
    await using _ = world;
    await world.tell(((turn) => turn.unwatch("/t")) satisfies Order);
    await world.tell(((turn) => turn.unwatch("/nobody")) satisfies Order);
    await world.tell(die, "/t");
    expect(heard).toEqual([]);
    await world.tell(watch);
    await world.tell(((turn) => turn.exit()) satisfies Order, "/t");
    expect(heard).toMatchObject([{ type: "orgtree.down", incarnation: 2, exit: { kind: "normal" } }]);
  });

  test("ends with the watcher's incarnation", async () => {
    const { world, heard } = await startWatched();
    await using _ = world;
    await world.tell(die);
    await world.tell(die, "/t");
    expect(world.node()).toMatchObject({ incarnation: 2 });
    expect(heard).toEqual([]);
  });

  test("tells of the next incarnation when it was begun while the actor was being started again", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(makePuppet().logic, { id: "t", ...restarted, backoff: { minMs: 100, jitter: 0 } });
    await world.start(logic);
    await world.tell(die, "/t");
    await world.tell(watch);
    expect(heard).toEqual([]);
    await world.clock.advance(100);
    await world.tell(((turn) => turn.exit()) satisfies Order, "/t");
    expect(heard).toMatchObject([{ incarnation: 2, exit: { kind: "normal" } }]);
  });

  test("tells of the end of the address when the actor does not come back", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(makePuppet().logic, { id: "t", ...restarted, backoff: { minMs: 100, jitter: 0 } });
    await world.start(logic);
    await world.tell(die, "/t");
    await world.tell(watch);
    await world.system.stop("/t");
    await world.clock.settle();
    expect(heard).toMatchObject([{ incarnation: 1, exit: { kind: "failure" } }]);
  });

  test("of a child tells that it was killed with its supervisor", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(supervisor({ children: [{ id: "t", logic: makePuppet().logic }] }), { id: "s", shutdownMs: "brutal-kill" });
    await world.start(logic);
    await world.tell(((turn) => turn.watch("/s/t")) satisfies Order);
    await world.system.stop("/s");
    await world.clock.settle();
    expect(heard).toEqual([{ type: "orgtree.down", address: "/s/t", incarnation: 1, exit: { kind: "killed" } }]);
  });

  test("of itself tells nobody", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic, restarted);
    await world.tell(((turn) => turn.watch("/m")) satisfies Order);
    await world.tell(die);
    expect(heard).toEqual([]);
  });
});

describe("any number of watches", () => {
  const ids = ["a", "b", "c"] as const;
  const id = fc.constantFrom(...ids);
  const steps = fc.array(fc.record({ kind: fc.constantFrom("watch", "watch", "unwatch", "die", "exit"), from: id, to: id }), {
    maxLength: 25,
  });

  test("tell of each end exactly once to each incarnation that watches", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        await using world = startWorld();
        const puppets = new Map(ids.map((name) => [name, makePuppet()] as const));
        for (const [name, { logic }] of puppets) await world.start(logic, { id: name, ...restarted });
        const watches = new Set<string>();
        const expected = { a: [] as string[], b: [] as string[], c: [] as string[] };
        for (const { kind, from, to } of all) {
          if (kind === "watch" || kind === "unwatch") {
            await world.tell(((turn) => turn[kind](`/${to}`)) satisfies Order, `/${from}`);
            if (kind === "watch") watches.add(from + to);
            else watches.delete(from + to);
          } else {
            await world.tell(kind === "die" ? die : (((turn) => turn.exit()) satisfies Order), `/${to}`);
            for (const watcher of ids) {
              if (watches.delete(watcher + to) && watcher !== to) expected[watcher].push(`/${to}`);
              watches.delete(to + watcher);
            }
            await world.clock.advance(10_000); // Long enough for its supervisor to forget.
          }
        }
        for (const [name, { heard }] of puppets)
          expect(heard.map((signal) => "address" in signal && signal.address)).toEqual(expected[name]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a watch from outside", () => {
  test("gives the exit of the incarnation that lives there", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, restarted);
    const exits: Exit[] = [];
    for (const _ of [1, 2]) void world.system.watch("/m").then((exit) => exits.push(exit));
    await world.tell(((turn) => turn.exit({ kind: "normal", output: 7 })) satisfies Order);
    await world.tell(die);
    expect(exits).toEqual([
      { kind: "normal", output: 7 },
      { kind: "normal", output: 7 },
    ]);
  });

  test("rejects when there is no such actor", async () => {
    await using world = startWorld();
    await expect(world.system.watch("/m")).rejects.toMatchObject({ name: "UnknownRecipientError" });
  });

  test("is given up when its signal says so", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const controller = new AbortController();
    const watched = expect(world.system.watch("/m", { signal: controller.signal })).rejects.toThrow("enough");
    controller.abort(new Error("enough"));
    await watched;
    await expect(world.system.watch("/m", { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("lets go of its signal when it has the exit", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const controller = new AbortController();
    const watched = world.system.watch("/m", { signal: controller.signal });
    await world.system.stop("/m");
    expect(await watched).toEqual({ kind: "shutdown" });
    controller.abort();
  });
});

describe("Watches", () => {
  const down: Down = { address: "/t", incarnation: 1, exit: { kind: "normal" } };

  test("keeps nothing of a watch that is over", () => {
    const watches = new Watches();
    const told: string[] = [];
    const kernel = { signal: (to: string) => void told.push(to) };
    const heard: Down[] = [];
    watches.add("/a", "/t");
    watches.add("/b", "/t");
    watches.remove("/b", "/t");
    const unwatch = watches.addOutside("/t", (end) => heard.push(end));
    watches.addOutside("/t", (end) => heard.push(end));
    unwatch();
    unwatch();
    watches.notify(down, kernel, "1");
    watches.notify(down, kernel, "1");
    expect(told).toEqual(["/a"]);
    expect(heard).toEqual([down]);
    expect(watches.size).toBe(0);
    watches.add("/a", "/t");
    watches.addOutside("/u", () => {})();
    expect(watches.size).toBe(2);
    watches.release("/a");
    watches.notify(down, kernel, "1");
    expect(told).toEqual(["/a"]);
    expect(watches.size).toBe(0);
  });
});
