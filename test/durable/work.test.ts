/** Declared work whose process ends: what is begun again, what is taken back, and what nobody knows. */
import { fromWork, plain, work, type Logic, type WorkDefinition, type Works } from "@orgtree/runtime";
import type { ToolKind } from "@orgtree/core";
import { beforeEach, describe, expect, test } from "vitest";
import { setup, type AnyStateMachine } from "xstate";
import { World } from "./world.ts";

interface Call {
  readonly what: "run" | "undo";
  readonly key: string;
  readonly end: PromiseWithResolvers<string>;
}

let calls: Call[] = [];
beforeEach(() => {
  calls = [];
});

function held(what: Call["what"]): (input: unknown, context: { readonly key: string }) => Promise<string> {
  return (_input, { key }) => {
    const end = Promise.withResolvers<string>();
    calls.push({ what, key, end });
    return end.promise;
  };
}

const seen = (): readonly string[] => calls.map(({ what, key }) => `${what} ${key}`);

interface Input {
  readonly tool: ToolKind;
}

/** Works on a tool of some kind, and says how that ended. */
function machineFor(definition: Partial<WorkDefinition<Input, string>> = {}): AnyStateMachine {
  const undo = (input: Input, context: { readonly key: string }): Promise<void> => held("undo")(input, context).then(() => {});
  const callTool = fromWork<Input, string>({ kind: ({ tool }) => tool, run: held("run"), undo, ...definition });
  return setup({ actors: { callTool } }).createMachine({
    id: "m",
    initial: "idle",
    on: { END: ".over" },
    states: {
      idle: { on: { CALL: "calling" } },
      calling: {
        invoke: {
          id: "tool",
          src: "callTool",
          input: ({ event }) => ({ tool: (event as unknown as Input).tool }),
          onDone: "done",
          onError: "failed",
        },
      },
      done: {},
      failed: {},
      over: { type: "final" },
    },
  }) as unknown as AnyStateMachine;
}

const label = (world: World): string | undefined => world.system.tree().children[0]?.label;
const failures = (world: World): readonly string[] =>
  world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure.class] : []));

async function begun(logic: AnyStateMachine, tool: ToolKind): Promise<World> {
  const world = new World();
  await world.start({ id: "m", logic, restart: "temporary" });
  await world.tell("/m", { type: "CALL", tool });
  return world;
}

async function again(world: World, logic: AnyStateMachine): Promise<void> {
  await world.crash();
  await world.start({ id: "m", logic, restart: "temporary" });
  await world.clock.settle();
}

describe("work whose kind follows from its input", () => {
  test.each([
    { tool: "pure", calls: 2, failed: [] },
    { tool: "idempotent", calls: 2, failed: [] },
    { tool: "irreversible", calls: 1, failed: ["unknown-outcome"] },
  ] as const)("is what it was when it was begun: $tool", async ({ tool, calls: count, failed }) => {
    const world = await begun(machineFor(), tool);
    world.isReplayed = false;
    // What a later program would make of the input does not count.
    await again(world, machineFor({ kind: tool === "irreversible" ? "pure" : "irreversible" }));
    expect(calls).toHaveLength(count);
    expect(new Set(seen()).size).toBe(1);
    expect(failures(world)).toEqual(failed);
  });

  test("fails as an error of the machine's child where nothing takes a compensable tool back", async () => {
    const logic = setup({ actors: { callTool: fromWork<Input, string>({ kind: ({ tool }) => tool, run: held("run") }) } }).createMachine({
      id: "m",
      initial: "calling",
      on: { END: ".over" },
      states: {
        calling: { invoke: { src: "callTool", input: { tool: "compensable" as const }, onError: "failed" } },
        failed: {},
        over: { type: "final" },
      },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic, restart: "temporary" });
    expect([calls.length, label(world)]).toEqual([0, "failed"]);
  });
});

describe("compensable work that was under way", () => {
  test("is taken back under a key of its own, and has failed", async () => {
    const logic = machineFor();
    const world = await begun(logic, "compensable");
    await again(world, logic);
    // A process that ends while it takes back does so again, as the same effect.
    await again(world, logic);
    const [run, undo, undoAgain] = seen();
    expect(undo).toBe(`${run!.replace("run", "undo")}/undo`);
    expect(undoAgain).toBe(undo);
    expect(label(world)).toBe("calling");
    calls.at(-1)!.end.resolve("");
    await world.clock.settle();
    expect(label(world)).toBe("failed");
    await again(world, logic);
    expect([label(world), calls.length]).toEqual(["failed", 3]);
    expect(failures(world)).toEqual([]);
  });

  test("is begun again where that is declared, as another attempt, each of which is taken back by itself", async () => {
    const logic = machineFor({ afterCrash: "repeat" });
    const world = await begun(logic, "compensable");
    for (let crash = 0; crash < 2; crash++) {
      await again(world, logic);
      calls.at(-1)!.end.resolve("");
      await world.clock.settle();
    }
    const key = calls[0]!.key;
    expect(seen()).toEqual([`run ${key}`, `undo ${key}/undo`, `run ${key}/2`, `undo ${key}/2/undo`, `run ${key}/3`]);
    calls.at(-1)!.end.resolve("");
    await world.clock.settle();
    expect(label(world)).toBe("done");
  });

  test.each([
    { timeoutMs: undefined, limitMs: 60_000 },
    { timeoutMs: 500, limitMs: 500 },
  ])("has an unknown outcome when its undo takes longer than $limitMs ms", async ({ timeoutMs, limitMs }) => {
    const logic = machineFor(timeoutMs === undefined ? {} : { timeoutMs });
    const world = await begun(logic, "compensable");
    await again(world, logic);
    await world.clock.advance(limitMs - 1);
    expect(failures(world)).toEqual([]);
    await world.clock.advance(1);
    expect(failures(world)).toEqual(["unknown-outcome"]);
  });

  test("that cannot be taken back has an unknown outcome", async () => {
    const logic = machineFor();
    const world = await begun(logic, "compensable");
    await again(world, logic);
    calls.at(-1)!.end.reject(new Error("no connection"));
    await world.clock.settle();
    expect(world.events).toContainEqual(
      expect.objectContaining({
        type: "actor-failed",
        failure: expect.objectContaining({
          class: "unknown-outcome",
          name: "NotUndone",
          message: expect.stringContaining("no connection") as string,
        }) as object,
      }),
    );
  });
});

describe("the work of a plain actor", () => {
  interface Order {
    readonly run: string;
    readonly tag?: string;
    readonly input?: unknown;
  }

  /** Begins what it is told to, and remembers how that ended. */
  function clerkFor(works: Works): Logic {
    return plain<{ readonly heard: readonly string[] }, Order | "get">({
      works,
      init: () => ({ heard: [] }),
      receive(state, message, turn) {
        if (message === "get") turn.reply(state.heard);
        else if (message.run === "function") turn.run("function", () => new Promise(() => {}));
        else turn.run(message.run, message.input, message.tag === undefined ? {} : { tag: message.tag });
        return state;
      },
      signal(state, signal) {
        if (signal.type === "orgtree.done") return { heard: [...state.heard, `${signal.tag} done`] };
        if (signal.type === "orgtree.failed") return { heard: [...state.heard, `${signal.tag} failed: ${signal.failure.name}`] };
        return state;
      },
    });
  }

  const undo = (input: unknown, context: { readonly key: string }): Promise<void> => held("undo")(input, context).then(() => {});
  const works: Works = {
    fetch: work({ kind: "idempotent", run: held("run") }),
    book: work({ kind: "compensable", run: held("run"), undo }),
    rebook: work({ kind: "compensable", run: held("run"), undo, afterCrash: "repeat" }),
    launch: work({ kind: "irreversible", run: held("run") }),
    call: work<Input, string>({ kind: ({ tool }) => tool, run: held("run") }),
  };

  async function ordered(order: Order, logic = clerkFor(works)): Promise<World> {
    const world = new World();
    await world.start({ id: "m", logic, restart: "temporary" });
    await world.tell("/m", order);
    await world.crash();
    await world.start({ id: "m", logic, restart: "temporary" });
    await world.clock.settle();
    return world;
  }

  async function end(world: World): Promise<unknown> {
    calls.at(-1)!.end.resolve("");
    await world.clock.settle();
    return world.ask("/m", "get");
  }

  test.each([
    { order: { run: "fetch" }, tag: "fetch" },
    { order: { run: "fetch", tag: "the page" }, tag: "the page" },
    { order: { run: "call", input: { tool: "pure" } }, tag: "call" },
  ])("begins again under its key where that is declared, $order", async ({ order, tag }) => {
    const world = await ordered(order);
    expect(seen()).toHaveLength(2);
    expect(new Set(seen()).size).toBe(1);
    expect(await end(world)).toEqual([`${tag} done`]);
    await world.crash();
    await world.start({ id: "m", logic: clerkFor(works), restart: "temporary" });
    expect([await world.ask("/m", "get"), seen().length]).toEqual([[`${tag} done`], 2]);
  });

  test.each([
    { run: "launch", why: "it is irreversible" },
    { run: "function", why: "it is a function: declare it in the works of its logic" },
    { run: "call", input: { tool: "irreversible" }, why: "it is irreversible" },
  ])("has an unknown outcome, $run", async ({ why, ...order }) => {
    const world = await ordered(order);
    expect(failures(world)).toEqual(["unknown-outcome"]);
    expect(world.events.find(({ type }) => type === "actor-failed")).toMatchObject({
      failure: { message: expect.stringContaining(why) as string },
    });
    expect(seen().length).toBeLessThan(2);
  });

  test("that its logic does not declare any more has an unknown outcome", async () => {
    const world = new World();
    world.isReplayed = false;
    await world.start({ id: "m", logic: clerkFor(works) });
    await world.tell("/m", { run: "fetch" });
    await world.crash();
    await world.start({ id: "m", logic: clerkFor({}), restart: "temporary" });
    await world.clock.settle();
    expect(failures(world)).toEqual(["unknown-outcome"]);
    expect(world.events.find(({ type }) => type === "actor-failed")).toMatchObject({
      failure: { message: expect.stringContaining("its logic does not declare it any more") as string },
    });
  });

  test("is taken back, and has failed", async () => {
    const world = await ordered({ run: "book" });
    const { key } = calls[0]!;
    expect(seen()).toEqual([`run ${key}`, `undo ${key}/undo`]);
    expect(await end(world)).toEqual(["book failed: WorkUndoneError"]);
    expect(failures(world)).toEqual([]);
  });

  test("is taken back and begun again as another attempt, over any number of crashes", async () => {
    const logic = clerkFor(works);
    const world = await ordered({ run: "rebook" }, logic);
    calls.at(-1)!.end.resolve("");
    await world.clock.settle();
    await world.crash();
    await world.start({ id: "m", logic });
    calls.at(-1)!.end.resolve("");
    await world.clock.settle();
    const { key } = calls[0]!;
    expect(seen()).toEqual([`run ${key}`, `undo ${key}/undo`, `run ${key}/2`, `undo ${key}/2/undo`, `run ${key}/3`]);
    expect(await end(world)).toEqual(["rebook done"]);
  });

  test("has an unknown outcome when its undo does not end", async () => {
    const world = await ordered({ run: "book" });
    await world.clock.advance(59_999);
    expect(failures(world)).toEqual([]);
    await world.clock.advance(1);
    expect(failures(world)).toEqual(["unknown-outcome"]);
  });

  test("has an unknown outcome when it cannot be taken back", async () => {
    const world = await ordered({ run: "book" });
    calls.at(-1)!.end.reject(new Error("no connection"));
    await world.clock.settle();
    expect(failures(world)).toEqual(["unknown-outcome"]);
  });

  test("is refused by name when nobody has declared it", async () => {
    const world = new World();
    await world.start({ id: "m", logic: clerkFor(works), restart: "temporary" });
    await world.tell("/m", { run: "dance" });
    expect(world.events).toContainEqual(
      expect.objectContaining({
        type: "actor-failed",
        failure: expect.objectContaining({
          name: "UnknownWorkError",
          message: expect.stringContaining('/m has no work "dance"') as string,
        }) as object,
      }),
    );
  });
});
