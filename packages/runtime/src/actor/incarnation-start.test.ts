import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { ignore } from "./plain.ts";
import { makePuppet, type Order } from "./plain.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";
import type { Turn } from "./turn.ts";

/** An initial step that waits for the test. */
function makeLateInit() {
  const { promise, resolve } = Promise.withResolvers<number | typeof ignore>();
  return { init: () => promise, resolve };
}

describe("a start", () => {
  test("is over when the initial step is, and gives what it said to whoever starts the child", async () => {
    await using world = startWorld();
    const { logic } = makePuppet({
      init: (input, turn) => {
        turn.info({ input });
        return 0;
      },
    });
    await world.start(supervisor({}), { id: "s" });
    const started = await world.system.supervisor("/s").startChild({ id: "a", logic, input: 7 });
    expect(started).toEqual({ address: "/s/a", info: { input: 7 } });
  });

  test("waits for an initial step that takes time, and takes no mail before", async () => {
    await using world = startWorld();
    const late = makeLateInit();
    const { logic, got } = makePuppet({ init: late.init });
    const started = world.start(logic);
    await world.clock.settle();
    await world.tell("early");
    expect(got).toEqual([]);
    expect(world.node()).toMatchObject({ status: "starting", mailbox: 1 });
    late.resolve(0);
    expect(await started).toBe("/m");
    await world.clock.settle();
    expect(got).toEqual(["early"]);
  });

  test("carries out what an initial step asked for before and after it waited", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    const late = makeLateInit();
    const { logic } = makePuppet({
      init: async (_input, turn) => {
        turn.tell("/other", "before");
        const state = await late.init();
        turn.tell("/other", "after");
        return state;
      },
    });
    const started = world.start(logic);
    await world.clock.settle();
    expect(other.got).toEqual([]);
    late.resolve(0);
    await started;
    await world.clock.settle();
    expect(other.got).toEqual(["before", "after"]);
  });

  test("fails with a timeout when it takes longer than startMs, and what comes after that counts no more", async () => {
    await using world = startWorld();
    const late = makeLateInit();
    let turnOfStart: Turn | undefined;
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turnOfStart = turn;
        return late.init();
      },
    });
    const refused = expect(world.start(logic, { startMs: 100 })).rejects.toMatchObject({ code: "start-failed" });
    await world.clock.advance(100);
    await refused;
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "timeout", kind: "start" } }]);
    expect(() => turnOfStart!.tell("/m", 1)).toThrow("the turn of /m is over");
    late.resolve(0);
    await world.clock.settle();
    expect(world.system.tree().children).toEqual([]);
  });

  test.each<[string, () => Promise<number>]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ])("fails when the initial step %s, and leaves nothing of it", async (_what, init) => {
    await using world = startWorld();
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turn.register("name");
        turn.emit({ type: "e" });
        turn.setTimer("tick", 1);
        return init();
      },
    });
    await expect(world.start(logic)).rejects.toMatchObject({ code: "start-failed" });
    expect(world.of("emitted")).toEqual([]);
    expect(world.system.whereis("name")).toBeUndefined();
    expect(world.system.open).toMatchObject({ actors: 1, timers: 0 });
  });

  test.each<[when: string, init: () => typeof ignore | Promise<typeof ignore>]>([
    ["at once", () => ignore],
    ["in time", () => Promise.resolve(ignore)],
  ])("is no failure when the child %s does not want to run", async (_when, init) => {
    await using world = startWorld();
    await world.start(supervisor({}), { id: "s" });
    const started = await world.system.supervisor("/s").startChild({ id: "a", logic: makePuppet({ init }).logic });
    expect(started).toEqual({ address: undefined, info: undefined });
    expect(world.of("actor-failed")).toEqual([]);
    expect(world.exits("/s/a")).toEqual([]);
    expect(world.system.tree().children[0]!.children).toMatchObject([{ status: "stopped" }]);
  });

  test("that is stopped ends at once, and what comes later counts no more", async () => {
    await using world = startWorld();
    const late = makeLateInit();
    const refused = expect(world.start(makePuppet({ init: late.init }).logic)).rejects.toMatchObject({ name: "SupervisorCallError" });
    await world.system.stop("/m");
    await refused;
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
    late.resolve(0);
    await world.clock.settle();
    expect(world.system.open).toMatchObject({ actors: 1, timers: 0 });
  });

  test("fails when a name of its initial step was taken while it waited", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { id: "other" });
    const late = makeLateInit();
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turn.register("editor");
        return late.init();
      },
    });
    const started = world.start(logic);
    await world.tell(((turn) => turn.register("editor")) satisfies Order, "/other");
    late.resolve(0);
    await started;
    await world.clock.settle();
    expect(world.failures()).toMatchObject([{ name: "NameTakenError" }]);
    expect(world.system.whereis("editor")).toBe("/other");
  });
});
