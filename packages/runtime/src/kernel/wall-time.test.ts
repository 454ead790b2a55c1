import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "../actor/plain.ts";
import { die, makePuppet, restarted } from "../actor/plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";

describe("wall time", () => {
  test("ends the actor when it is over, also in the middle of a turn's commit", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { wallMs: 1_000 } });
    await world.clock.advance(999);
    expect(world.exits()).toEqual([]);
    await world.clock.advance(1);
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "budget-exhausted", kind: "wall", address: "/m" } }]);
    expect(world.failures()).toHaveLength(1);
  });

  test("goes on over restarts, and refuses those that come after it", async () => {
    await using world = startWorld();
    const spec = { ...restarted, budget: { wallMs: 10_000 }, backoff: { minMs: 6_000, factor: 1, jitter: 0 } };
    await world.start(makePuppet().logic, spec);
    await world.tell(die);
    await world.clock.advance(6_000);
    expect(world.node()).toMatchObject({ incarnation: 2 });
    await world.tell(die);
    await world.clock.advance(6_000);
    expect(world.exits().map((exit) => "failure" in exit && exit.failure.class)).toEqual(["crash", "crash", "budget-exhausted"]);
    expect(world.node()).toBeUndefined();
  });

  test("of a supervisor ends its children first, in order, and is not its children's failure", async () => {
    await using world = startWorld();
    const order: string[] = [];
    const child = (id: string) => ({ id, logic: makePuppet({ terminate: () => void order.push(id) }).logic });
    await world.start(supervisor({ children: [child("a"), child("b")] }), { id: "s", budget: { wallMs: 1_000 } });
    await world.clock.advance(1_000);
    expect(order).toEqual(["b", "a"]);
    expect(world.exits("/s/a")).toEqual([{ kind: "shutdown" }]);
    expect(world.exits("/s")).toMatchObject([{ kind: "failure", failure: { class: "budget-exhausted", kind: "wall", address: "/s" } }]);
    expect(world.of("actor-failed").map(({ address }) => address)).toEqual(["/s"]);
  });

  test("of a supervisor without time to stop kills its children", async () => {
    await using world = startWorld();
    const child = { id: "a", logic: makePuppet({ terminate: () => expect.fail("there is no time") }).logic };
    await world.start(supervisor({ children: [child] }), { id: "s", shutdownMs: "brutal-kill", budget: { wallMs: 1_000 } });
    await world.clock.advance(1_000);
    expect(world.exits("/s/a")).toEqual([{ kind: "killed" }]);
    expect(world.exits("/s")).toMatchObject([{ kind: "failure", failure: { kind: "wall" } }]);
  });

  test("of a supervisor that is being stopped already changes nothing", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<void>();
    const child = { id: "a", logic: makePuppet({ terminate: () => promise }).logic, shutdownMs: "infinity" as const };
    await world.start(supervisor({ children: [child] }), { id: "s", budget: { wallMs: 1_000 } });
    const stopped = world.system.stop("/s");
    await world.clock.advance(1_000);
    expect(world.of("actor-failed")).toEqual([]);
    resolve();
    await stopped;
    expect(world.exits("/s")).toEqual([{ kind: "shutdown" }]);
  });

  test("ends a start that takes longer", async () => {
    await using world = startWorld();
    const logic = plain<number, never>({ init: () => Promise.withResolvers<number>().promise, receive: (state) => state });
    const refused = expect(world.start(logic, { budget: { wallMs: 1_000 } })).rejects.toMatchObject({ code: "start-failed" });
    await world.clock.advance(1_000);
    await refused;
    expect(world.exits()).toMatchObject([{ failure: { kind: "wall" } }]);
  });

  test("leaves no timer behind when the actor ends before", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { budget: { wallMs: 1_000 } });
    await world.system.stop("/m");
    expect(world.system.open.timers).toBe(0);
  });
});
