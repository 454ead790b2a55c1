import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { die, makePuppet, restarted, startHeldWorld, type Order } from "./plain.fixture.ts";

describe("a timer", () => {
  const set: (name: string, delayMs: number) => Order = (name, delayMs) => (turn) => turn.setTimer(name, delayMs);

  test("is heard once, after its time, by its name", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(set("b", 20));
    await world.tell(set("a", 10));
    await world.clock.advance(19);
    expect(heard).toEqual([{ type: "orgtree.timer", name: "a" }]);
    await world.clock.advance(1_000);
    expect(heard).toEqual([
      { type: "orgtree.timer", name: "a" },
      { type: "orgtree.timer", name: "b" },
    ]);
  });

  test("of the same name begins again", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(set("a", 10));
    await world.clock.advance(9);
    await world.tell(set("a", 10));
    await world.clock.advance(9);
    expect(heard).toEqual([]);
    expect(world.system.open.timers).toBe(1);
    await world.clock.advance(1);
    expect(heard).toHaveLength(1);
  });

  test("is cancelled by its name, which may be unknown", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(set("a", 10));
    for (const name of ["a", "a", "unknown"]) await world.tell(((turn) => turn.cancelTimer(name)) satisfies Order);
    expect(world.system.open.timers).toBe(0);
    await world.clock.advance(100);
    expect(heard).toEqual([]);
  });

  test.each(["cancelTimer", "setTimer"] as const)("that is due already is not heard after %s", async (call) => {
    await using world = startHeldWorld();
    const { commits } = world;
    const { logic, heard } = makePuppet();
    await world.start(logic);
    await world.tell(set("a", 10));
    commits.holds = "all";
    await world.tell("held");
    world.system.tell("/m", ((turn) => (call === "setTimer" ? turn.setTimer("a", 10) : turn.cancelTimer("a"))) satisfies Order);
    await world.clock.advance(10);
    commits.release();
    await world.clock.settle();
    expect(heard).toEqual([]);
    await world.clock.advance(10);
    expect(heard).toHaveLength(call === "setTimer" ? 1 : 0);
  });

  test("ends with its incarnation", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic, restarted);
    await world.tell(set("a", 10));
    await world.tell(die);
    expect(world.system.open.timers).toBe(0);
    await world.clock.advance(100);
    expect(heard).toEqual([]);
  });

  test("whose time is no number fails the turn", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await world.tell(set("a", Number.NaN));
    expect(world.failures()).toMatchObject([{ name: "RangeError", message: "delayMs: a number of milliseconds, not NaN" }]);
  });

  test("may be set for longer than Node's timers last", async () => {
    await using world = startWorld();
    const { logic, heard } = makePuppet();
    await world.start(logic);
    const days = 60 * 86_400_000;
    await world.tell(set("a", days));
    await world.clock.advance(days - 1);
    expect(heard).toEqual([]);
    await world.clock.advance(1);
    expect(heard).toHaveLength(1);
  });
});
