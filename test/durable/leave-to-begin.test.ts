/** Work that follows from what is stored begins only in the process that goes on with it: where nothing is stored right before it, that is asked. */
import { fromWork, plain, work, type Logic } from "@orgtree/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { setup } from "xstate";
import { World } from "./world.ts";

let begun: string[] = [];
beforeEach(() => {
  begun = [];
});

const endless = new Promise<never>(() => {});

describe("work that was cut off, in a process that may not begin anything just now", () => {
  const run = (): Promise<never> => {
    begun.push("run");
    return endless;
  };
  const undo = (): Promise<never> => {
    begun.push("undo");
    return endless;
  };
  const fetch = { kind: "idempotent", run } as const;
  const book = { kind: "compensable", run, undo } as const;
  const inPlain = (definition: typeof fetch | typeof book): Logic =>
    plain({
      works: { errand: work<unknown, never>(definition) },
      init(_input, turn) {
        turn.run("errand", undefined);
        return null;
      },
      receive: (state) => state,
    });
  const inMachine = (definition: typeof fetch | typeof book): Logic =>
    setup({ actors: { errand: fromWork<unknown, never>(definition) } }).createMachine({
      id: "m",
      initial: "busy",
      on: { END: ".over" },
      states: { busy: { invoke: { src: "errand", onError: "failed" } }, failed: {}, over: { type: "final" } },
    }) as unknown as Logic;

  const cases = [
    { what: "begins again, of a plain actor", logic: inPlain(fetch), next: "run" },
    { what: "begins again, of a machine", logic: inMachine(fetch), next: "run" },
    { what: "is taken back, of a plain actor", logic: inPlain(book), next: "undo" },
    { what: "is taken back, of a machine", logic: inMachine(book), next: "undo" },
  ];

  async function cutOff(logic: Logic): Promise<{ readonly world: World; readonly permit: () => void }> {
    const world = new World();
    const spec = { id: "m", logic, restart: "temporary" } as const;
    await world.start(spec);
    const { promise, resolve } = Promise.withResolvers<void>();
    world.file.leave = promise;
    await world.crash();
    await world.start(spec);
    await world.clock.advance(120_000);
    return { world, permit: resolve };
  }

  test.each(cases)("$what, when it may", async ({ logic, next }) => {
    const { world, permit } = await cutOff(logic);
    expect(begun).toEqual(["run"]);
    permit();
    await world.clock.settle();
    expect(begun).toEqual(["run", next]);
  });

  test.each(cases)("$what: not any more when its actor has ended by then", async ({ logic }) => {
    const { world, permit } = await cutOff(logic);
    await Promise.all([world.system.stop("/m"), world.clock.settle()]);
    permit();
    await world.clock.settle();
    expect(begun).toEqual(["run"]);
  });
});

describe("a call that is paid for before it is made", () => {
  const arrived = { promise: endless as Promise<void>, resolve: (): void => {} };
  beforeEach(() => {
    Object.assign(arrived, Promise.withResolvers<void>());
  });

  const caller = plain<null, "call">({
    init: () => null,
    receive(state, _message, turn) {
      turn.run("call", async ({ budget }) => {
        await arrived.promise;
        const reservation = budget.reserve({ tokens: 60 });
        await budget.stored().finally(() => begun.push("answered"));
        begun.push("called");
        reservation.keep();
      });
      return state;
    },
  });

  async function calling(): Promise<World> {
    const world = new World();
    // What is left of a budget is in no record.
    world.isReplayed = false;
    await world.start({ id: "m", logic: caller, budget: { tokens: 100 }, restart: "temporary" });
    await world.tell("/m", "call");
    return world;
  }

  test("is made when that is stored", async () => {
    const world = await calling();
    arrived.resolve();
    await world.clock.settle();
    expect(begun).toEqual(["answered", "called"]);
  });

  test("is not made where another process has taken over before that was stored", async () => {
    const world = await calling();
    const { clock } = world;
    await world.crash();
    arrived.resolve();
    await clock.settle();
    expect(begun).toEqual(["answered"]);
  });

  test("is not made where its actor ends while that is being stored", async () => {
    const world = await calling();
    world.file.freeze("/m");
    arrived.resolve();
    await world.clock.settle();
    expect(begun).toEqual([]);
    await Promise.all([world.system.stop("/m"), world.clock.advance(60_000)]);
    expect(begun).toEqual(["answered"]);
  });

  test("is not made where its actor has ended before that is asked for, and another one lives there", async () => {
    const world = await calling();
    await Promise.all([world.system.stop("/m"), world.clock.settle()]);
    await world.start({ id: "m", logic: caller, budget: { tokens: 100 }, restart: "temporary" });
    arrived.resolve();
    await world.clock.settle();
    expect(begun).toEqual(["answered"]);
  });
});
