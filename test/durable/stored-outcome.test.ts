/** What somebody who has looked tells the journal of an organization that does not run: what its work came to. */
import { MemoryJournal } from "@orgtree/journal";
import { fromWork, listCutOff, plain, reply, resolveStored, work, type Logic, type Outcome } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { assign, fromPromise, setup, type AnyStateMachine } from "xstate";
import { heardBy, parentOf } from "./nested-world.ts";
import { World } from "./world.ts";

interface Call {
  readonly key: string;
  readonly end: PromiseWithResolvers<string>;
}

/** Work that is told when it has begun. */
function paying(): { readonly calls: Call[]; readonly run: (input: unknown, context: { readonly key: string }) => Promise<string> } {
  const calls: Call[] = [];
  return {
    calls,
    run: (_input, { key }) => {
      const end = Promise.withResolvers<string>();
      calls.push({ key, end });
      return end.promise;
    },
  };
}

/** Pays once, and says what came of it. */
function payer(pay: ReturnType<typeof fromWork>, id = "m"): AnyStateMachine {
  return setup({ actors: { pay } }).createMachine({
    id,
    context: { heard: [] as unknown[] },
    initial: "paying",
    on: { END: ".over", GET: { actions: reply(({ context }) => (context as { heard: unknown[] }).heard) } },
    states: {
      paying: {
        invoke: {
          src: "pay",
          input: { to: "ann" },
          onDone: { target: "paid", actions: assign({ heard: ({ event }) => [event.output] }) },
        },
      },
      paid: {},
      over: { type: "final" },
    },
  }) as unknown as AnyStateMachine;
}

const spec = (logic: Logic) => ({ id: "m", logic, restart: "temporary" }) as const;

async function cutOff(logic: Logic, message?: unknown): Promise<World> {
  const world = new World();
  await world.start(spec(logic));
  if (message !== undefined) await world.tell("/m", message);
  return world;
}

async function tellJournal(world: World, key: string, outcome: Outcome): Promise<unknown> {
  await using journal = new MemoryJournal(world.file);
  return await resolveStored(journal, key, { outcome, atMs: world.clock.epochMs() });
}

async function again(world: World, logic: Logic): Promise<void> {
  await world.crash();
  await world.start(spec(logic));
  await world.clock.settle();
}

const failures = (world: World): readonly string[] =>
  world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure.message] : []));

describe("work that somebody says is done", () => {
  test("has come to what he says, and is not begun again", async () => {
    const { calls, run } = paying();
    const logic = payer(fromWork({ kind: "irreversible", run }) as never);
    const world = await cutOff(logic);
    await tellJournal(world, calls[0]!.key, { done: "paid by hand" });
    await again(world, logic);
    expect([await heardBy(world), calls.length, failures(world)]).toEqual([["paid by hand"], 1, []]);
    await again(world, logic);
    expect([await heardBy(world), calls.length]).toEqual([["paid by hand"], 1]);
  });

  test("also when the process that heard of it dies before it stores anything", async () => {
    const { calls, run } = paying();
    const logic = payer(fromWork({ kind: "irreversible", run }) as never);
    const world = await cutOff(logic);
    await tellJournal(world, calls[0]!.key, { done: "paid by hand" });
    world.file.freeze("/m");
    await again(world, logic);
    world.file.thaw();
    await again(world, logic);
    expect([await heardBy(world), calls.length, failures(world)]).toEqual([["paid by hand"], 1, []]);
  });

  test("has come to what its definition makes of that", async () => {
    const { calls, run } = paying();
    const pay = fromWork({ kind: "irreversible", run, adopt: (told, { input, key }) => `${JSON.stringify({ told, input })} ${key}` });
    const logic = payer(pay as never);
    const world = await cutOff(logic);
    await tellJournal(world, calls[0]!.key, { done: 7 });
    await again(world, logic);
    expect(await heardBy(world)).toEqual([`{"told":7,"input":{"to":"ann"}} ${calls[0]!.key}`]);
  });

  test("below a child of a machine, and where it is a bare promise", async () => {
    const kid = payer(fromPromise(() => new Promise(() => {})) as never, "kid");
    const logic = parentOf(kid);
    const world = await cutOff(logic);
    const journal = new MemoryJournal(world.file);
    const [lost] = await listCutOff(journal);
    expect(lost).toEqual({ address: "/m", key: expect.stringContaining("/m#") as string, what: 'pay({"to":"ann"})', does: undefined });
    await journal.close();
    await tellJournal(world, lost!.key, { done: "paid" });
    await again(world, logic);
    expect([failures(world), (await world.turns("/m")).at(-1)!.cause.via?.target]).toEqual([[], ["kid", "0.kid.paying"]]);
  });
});

describe("work that somebody says was not done", () => {
  test("is begun again under a key of its own; where that is cut off too, nobody knows again", async () => {
    const { calls, run } = paying();
    const logic = payer(fromWork({ kind: "irreversible", run }) as never);
    const world = await cutOff(logic);
    const { key } = calls[0]!;
    await tellJournal(world, key, { notDone: true });
    // A process that ends before the second attempt is stored has not begun it.
    world.file.freeze("/m");
    await again(world, logic);
    expect(calls).toHaveLength(1);
    world.file.thaw();
    await again(world, logic);
    expect(calls.map((call) => call.key)).toEqual([key, `${key}/2`]);
    await again(world, logic);
    expect([calls.length, failures(world)]).toEqual([2, [expect.stringContaining(`${key}/2`)]]);
    // The actor was given up by now; the journal has nothing of it any more.
    await expect(tellJournal(world, `${key}/2`, { done: "" })).rejects.toThrow("nothing is stored of /m");
  });

  test("comes to what the second attempt comes to", async () => {
    const { calls, run } = paying();
    const logic = payer(fromWork({ kind: "irreversible", run }) as never);
    const world = await cutOff(logic);
    await tellJournal(world, calls[0]!.key, { notDone: true });
    await again(world, logic);
    calls[1]!.end.resolve("paid at last");
    await world.clock.settle();
    expect(await heardBy(world)).toEqual(["paid at last"]);
  });
});

describe("the work of a plain actor", () => {
  const { calls, run } = paying();
  const clerk = plain<readonly string[], "go" | "call" | "get">({
    works: { pay: work({ kind: "irreversible", run }) },
    init: () => [],
    receive(heard, message, turn) {
      if (message === "get") turn.reply(heard);
      else if (message === "go") turn.run("pay", { to: "ann" });
      else turn.run("call", (context) => run(undefined, context));
      return heard;
    },
    signal: (heard, signal) => (signal.type === "orgtree.done" ? [...heard, `${signal.tag}: ${String(signal.output)}`] : heard),
  });

  test.each(["go", "call"] as const)("that is done is told as done, %s", async (message) => {
    calls.length = 0;
    const world = await cutOff(clerk, message);
    await tellJournal(world, calls[0]!.key, { done: "paid" });
    await again(world, clerk);
    await again(world, clerk);
    expect([await world.ask("/m", "get"), calls.length]).toEqual([[`${message === "go" ? "pay" : "call"}: paid`], 1]);
  });

  test.each([
    { who: "a plain actor", make: (adopt: () => string): Logic => unwilling(adopt) },
    { who: "a machine", make: (adopt: () => string): Logic => payer(fromWork({ kind: "irreversible", run, adopt }) as never) },
  ])("and of $who has failed where nothing can be made of what was said", async ({ make }) => {
    calls.length = 0;
    const logic = make(() => {
      throw new Error("that is no receipt");
    });
    const world = await cutOff(logic, "kind" in logic ? "go" : undefined);
    await tellJournal(world, calls[0]!.key, { done: 1 });
    await again(world, logic);
    expect(failures(world)).toEqual(["that is no receipt"]);
  });

  /** Fails with what its work fails with. */
  function unwilling(adopt: () => string): Logic {
    return plain<null, "go">({
      works: { pay: work({ kind: "irreversible", run, adopt }) },
      init: () => null,
      receive: (state, _message, turn) => (turn.run("pay", {}), state),
      signal(state, signal) {
        if (signal.type === "orgtree.failed") throw new Error(signal.failure.message);
        return state;
      },
    });
  }

  test("that was not done is begun again, once", async () => {
    calls.length = 0;
    const world = await cutOff(clerk, "go");
    const { key } = calls[0]!;
    await tellJournal(world, key, { notDone: true });
    await again(world, clerk);
    expect(calls.map((call) => call.key)).toEqual([key, `${key}/2`]);
    await again(world, clerk);
    expect([calls.length, failures(world).length]).toEqual([2, 1]);
  });
});

describe("resolveStored", () => {
  const { calls, run } = paying();
  const logic = payer(fromWork({ kind: "irreversible", run }) as never);

  test("names what it was told of, also where the run is left out of the key", async () => {
    calls.length = 0;
    const world = await cutOff(logic);
    const { key } = calls[0]!;
    const lost = { address: "/m", key, what: 'pay({"to":"ann"})', does: "irreversible" };
    expect(await tellJournal(world, key.slice(key.indexOf("/")), { done: 1 })).toEqual(lost);
    // The last word counts until somebody goes on from it.
    expect(await tellJournal(world, key, { done: 2 })).toEqual(lost);
    await again(world, logic);
    expect(await heardBy(world)).toEqual([2]);
  });

  test("refuses a key of nothing that was cut off, and says what was", async () => {
    calls.length = 0;
    const world = await cutOff(logic);
    const { key } = calls[0]!;
    await expect(tellJournal(world, "/m#77.0", { done: 1 })).rejects.toThrow(`no work of /m has the key /m#77.0; under way there: ${key}`);
    await expect(tellJournal(world, "/other#1.0", { done: 1 })).rejects.toThrow("nothing is stored of /other");
    await expect(tellJournal(world, `0000${key}`, { done: 1 })).rejects.toThrow("it is a key of the run 0000");
    await expect(tellJournal(world, "pay", { done: 1 })).rejects.toThrow("is no key");
  });

  test("refuses the key of work that has ended", async () => {
    calls.length = 0;
    const world = await cutOff(logic);
    const { key } = calls[0]!;
    calls[0]!.end.resolve("paid");
    await world.clock.settle();
    await expect(tellJournal(world, key, { done: 1 })).rejects.toThrow(`no work of /m has the key ${key}; nothing is under way there`);
  });

  test("refuses to begin again what nobody has declared", async () => {
    const bare = payer(fromPromise(() => new Promise(() => {})) as never);
    const world = await cutOff(bare);
    const journal = new MemoryJournal(world.file);
    const [lost] = await listCutOff(journal);
    await journal.close();
    await expect(tellJournal(world, lost!.key, { notDone: true })).rejects.toThrow("it is not declared, so it cannot be begun again");
  });
});
