/** Declared work whose process ends: what is begun again, what is taken back, and what nobody knows. */
import { fromWork, type WorkDefinition } from "@orgtree/runtime";
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
