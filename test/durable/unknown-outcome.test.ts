/** Work that cannot be taken back and was cut off: what is told of it, and how a machine goes on without knowing. */
import { fromWork, plain, supervisor, work, type Logic } from "@orgtree/runtime";
import type { Failure } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { createMachine, fromPromise, setup, type AnyStateMachine } from "xstate";
import { label, parentOf } from "./nested-world.ts";
import { World } from "./world.ts";

/** Pays, and never hears that it has paid. */
function payingWith(onError: string | undefined, id = "m"): { readonly logic: AnyStateMachine; readonly keys: string[] } {
  const keys: string[] = [];
  const pay = fromWork<{ readonly to: string }, string>({
    kind: "irreversible",
    run: (_input, { key }) => {
      keys.push(key);
      return new Promise(() => {});
    },
  });
  const logic = setup({ actors: { pay } }).createMachine({
    id,
    initial: "paying",
    on: { END: ".over" },
    states: {
      paying: { invoke: { src: "pay", input: { to: "ann" }, onDone: "paid", ...(onError === undefined ? {} : { onError }) } },
      paid: {},
      unsure: {},
      over: { type: "final" },
    },
  });
  return { logic: logic as unknown as AnyStateMachine, keys };
}

async function cutOff(logic: Logic, onFailure: "resume" | "escalate", message?: unknown): Promise<World> {
  const world = new World();
  const spec = { id: "m", logic, onFailure: { "unknown-outcome": onFailure } } as const;
  await world.start(spec);
  if (message !== undefined) await world.tell("/m", message);
  await world.crash();
  await world.start(spec);
  await world.clock.settle();
  return world;
}

const failuresOf = (world: World): readonly Failure[] =>
  world.events.flatMap((event) => (event.type === "actor-failed" && event.address === "/m" ? [event.failure] : []));

describe("work that cannot be taken back and was cut off", () => {
  test("fails its machine with its name, its input, the key that was sent outward, and what to look for", async () => {
    const { logic, keys } = payingWith(undefined);
    const [failure] = failuresOf(await cutOff(logic, "escalate"));
    expect(failure!.message).toBe(
      `pay({"to":"ann"}) was under way when its process ended, and whether it was done is unknown (it is irreversible): look whether it was done for the key ${keys[0]!} before anything does it again`,
    );
    expect(failure!.detail).toEqual({ works: [{ what: 'pay({"to":"ann"})', key: keys[0]! }] });
  });

  test("is named in words of its own, and shortly, where it has some", async () => {
    const launch = fromWork({ kind: "irreversible", run: () => new Promise(() => {}), describe: () => `the launch ${"!".repeat(1_000)}` });
    const logic = setup({ actors: { launch } }).createMachine({
      initial: "launching",
      on: { END: ".over" },
      states: { launching: { invoke: { src: "launch" } }, over: { type: "final" } },
    });
    const [failure] = failuresOf(await cutOff(logic as unknown as AnyStateMachine, "escalate"));
    expect(failure!.message).toMatch(/^the launch !+… was under way/);
    expect(failure!.message.length).toBeLessThan(700);
  });

  test("says of a bare promise how it is declared", async () => {
    const logic = setup({ actors: { pay: fromPromise(() => new Promise(() => {})) } }).createMachine({
      initial: "paying",
      on: { END: ".over" },
      states: { paying: { invoke: { src: "pay" } }, over: { type: "final" } },
    });
    const [failure] = failuresOf(await cutOff(logic as unknown as AnyStateMachine, "escalate"));
    expect(failure!.message).toContain("(it does not say what it does to the world: make it with fromWork)");
  });

  test.each([
    { run: "launch", input: { site: 7 }, what: 'launch({"site":7})', why: "it is irreversible" },
    { run: "function", input: undefined, what: 'work "function"', why: "it is a function: declare it in the works of its logic" },
  ])("fails a plain actor by name, $run", async ({ run, input, what, why }) => {
    const keys: string[] = [];
    const launch = work({ kind: "irreversible", run: (_input: unknown, { key }) => (keys.push(key), new Promise(() => {})) });
    const logic = plain<null, "go">({
      works: { launch },
      init: () => null,
      receive(state, _message, turn) {
        if (run === "launch") turn.run("launch", input);
        else turn.run("function", ({ key }) => (keys.push(key), new Promise(() => {})));
        return state;
      },
    });
    const [failure] = failuresOf(await cutOff(logic, "escalate", "go"));
    expect(failure!.message).toContain(`${what} was under way when its process ended, and whether it was done is unknown (${why})`);
    expect(failure!.message).toContain(`for the key ${keys[0]!}`);
  });
});

describe("an actor with several pieces of such work", () => {
  const launch = work({ kind: "irreversible", run: () => new Promise(() => {}) });
  const clerk = plain<readonly string[], "go" | "get">({
    works: { launch },
    init: () => [],
    receive(heard, message, turn) {
      if (message === "get") turn.reply(heard);
      else for (const tag of ["one", "two"]) turn.run("launch", {}, { tag });
      return heard;
    },
    signal: (heard, signal) => (signal.type === "orgtree.failed" ? [...heard, signal.tag] : heard),
  });
  const machine = setup({ actors: { launch: fromWork(launch) } }).createMachine({
    initial: "on",
    on: { END: ".over" },
    states: {
      on: { invoke: ["one", "two"].map((id) => ({ id, src: "launch" as const, input: {}, onError: {} })) },
      over: { type: "final" },
    },
  }) as unknown as AnyStateMachine;

  test.each([
    { who: "a plain actor", logic: clerk as Logic },
    { who: "a machine", logic: machine as Logic },
  ])("fails once, and names all of it: $who", async ({ logic }) => {
    const world = await cutOff(logic, "resume", logic === clerk ? "go" : undefined);
    const [failure, ...others] = failuresOf(world);
    expect(others).toEqual([]);
    expect(failure!.message).toMatch(/^one: launch\({}\) was under way .*; two: launch\({}\) was under way/);
    expect(failure!.detail?.["works"]).toHaveLength(2);
    if (logic === clerk) expect(await world.ask("/m", "get")).toEqual(["one", "two"]);
  });
});

describe("a machine that is to go on though the outcome of its work is unknown", () => {
  const decisions = (world: World): readonly unknown[] =>
    world.events.flatMap((event) => (event.type === "report" ? [[event.report.context, event.report.directive]] : []));

  test("goes on in its state, and hears of the work as of work that failed", async () => {
    const { logic, keys } = payingWith("unsure");
    const world = await cutOff(logic, "resume");
    expect([label(world), keys.length]).toEqual(["unsure", 1]);
    expect(decisions(world)).toEqual([["directive", "resume"]]);
  });

  test("fails once, and begins afresh, where nothing in it takes the failure of the work", async () => {
    const { logic, keys } = payingWith(undefined);
    const world = await cutOff(logic, "resume");
    expect([label(world), keys.length]).toEqual(["paying", 2]);
    expect(decisions(world)).toEqual([["child-terminated", "resume"]]);
  });

  test.each([
    { hears: "the child itself", logic: parentOf(payingWith("unsure", "kid").logic), decided: ["directive", "resume"] },
    { hears: "nobody", logic: parentOf(payingWith(undefined, "kid").logic), decided: ["child-terminated", "resume"] },
    {
      hears: "the machine above",
      logic: setup({ actors: { kid: payingWith(undefined, "kid").logic } }).createMachine({
        initial: "up",
        on: { END: ".over" },
        states: { up: { invoke: { src: "kid", onError: "unsure" } }, unsure: {}, over: { type: "final" } },
      }) as unknown as AnyStateMachine,
      decided: ["directive", "resume"],
    },
    {
      hears: "only a wildcard",
      logic: setup({ actors: { kid: payingWith(undefined, "kid").logic } }).createMachine({
        initial: "up",
        on: { END: ".over", "*": {} },
        states: { up: { invoke: { src: "kid" } }, over: { type: "final" } },
      }) as unknown as AnyStateMachine,
      decided: ["child-terminated", "resume"],
    },
  ])("at any depth, where $hears hears of it", async ({ logic, decided }) => {
    expect(decisions(await cutOff(logic, "resume"))).toEqual([decided]);
  });

  test("has nothing of that to do with a machine whose work may begin again", async () => {
    const work = fromWork({ kind: "pure", run: () => new Promise(() => {}) });
    const kid = createMachine({ initial: "a", states: { a: {} } });
    const logic = setup({ actors: { work, kid } }).createMachine({
      initial: "on",
      on: { END: ".over" },
      states: { on: { invoke: [{ src: "work" }, { src: "kid" }] }, over: { type: "final" } },
    });
    expect(failuresOf(await cutOff(logic as unknown as AnyStateMachine, "resume"))).toEqual([]);
  });
});

describe("whoever waits for an answer from an actor that does not know what became of its work", () => {
  test.each([{ order: ["clerk", "boss"] }, { order: ["boss", "clerk"] }])(
    "hears that it ended, started in the order $order",
    async ({ order }) => {
      const clerk = plain<null, "go">({
        init: () => null,
        receive(state, _message, turn) {
          turn.run("launch", () => new Promise(() => {}));
          return state;
        },
      });
      const boss = plain<readonly string[], "go" | "get">({
        init: () => [],
        receive(heard, message, turn) {
          if (message === "go") turn.ask("/m/clerk", "go", { tag: "work" });
          else turn.reply(heard);
          return heard;
        },
        signal: (heard, signal) => (signal.type === "orgtree.ask-failed" ? [...heard, signal.error.message] : heard),
      });
      const logics: Readonly<Record<string, Logic>> = { clerk, boss };
      const children = order.map((id) => ({ id, logic: logics[id]!, onFailure: { "unknown-outcome": "restart" } as const }));
      const spec = { id: "m", logic: supervisor({ children }) };
      const world = new World();
      await world.start(spec);
      await world.tell("/m/boss", "go");
      await world.crash();
      await world.start(spec);
      await world.clock.settle();
      expect(await world.ask("/m/boss", "get")).toEqual([expect.stringContaining("/m/clerk did not answer: it ended (unknown-outcome")]);
    },
  );
});
