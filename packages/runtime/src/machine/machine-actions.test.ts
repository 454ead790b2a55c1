import type { Address, ReplyTo } from "@orgtree/core";
import { assign, createActor, createMachine, enqueueActions, setup } from "xstate";
import { describe, expect, test } from "vitest";
import { act, ask, currentAsk, publish, reply, tell, watch } from "./machine-actions.ts";
import { machineOf, startWorld } from "./machine.fixture.ts";
import { plain } from "../actor/plain.ts";

interface Context {
  readonly desk: Address;
  readonly drafts: readonly string[];
  readonly asker: ReplyTo | undefined;
}

type Event =
  | { readonly type: "draft"; readonly text: string }
  | { readonly type: "copy"; readonly text: string }
  | { readonly type: "ask-desk" }
  | { readonly type: "question"; readonly about: string }
  | { readonly type: "answer" }
  | { readonly type: "watch-desk" }
  | { readonly type: "orgtree.reply"; readonly tag: string; readonly value: unknown }
  | { readonly type: "orgtree.ask-failed"; readonly tag: string; readonly error: Error }
  | { readonly type: "orgtree.down"; readonly address: Address }
  | { readonly type: "end" };

/** Inline configuration of all actions: that it compiles without a type argument is half of the test. */
const writer = setup({ types: {} as { context: Context; events: Event; input: { desk: Address } } }).createMachine({
  context: ({ input }) => ({ desk: input.desk, drafts: [], asker: undefined }),
  initial: "writing",
  entry: [act((turn) => turn.join("writers")), act((turn, { context }) => turn.emit({ type: `for ${context.desk}` }))],
  output: ({ context }) => context.drafts,
  on: { end: ".end" },
  states: {
    writing: {
      on: {
        draft: {
          actions: [
            assign({ drafts: ({ context, event }) => [...context.drafts, event.text] }),
            tell(
              ({ context }) => context.desk,
              ({ context, event }) => ({ type: "draft", number: context.drafts.length, text: event.text.toUpperCase() }),
            ),
            publish("writers", ({ event }) => ({ type: "copy", text: event.text })),
          ],
        },
        copy: { actions: assign({ drafts: ({ context, event }) => [...context.drafts, `copy of ${event.text}`] }) },
        "ask-desk": { actions: ask(({ context }) => context.desk, { type: "question", about: "style" }, { tag: "style", timeoutMs: 50 }) },
        question: { target: "thinking", actions: assign({ asker: ({ self }) => currentAsk(self) }) },
        "watch-desk": { actions: watch(({ context }) => context.desk) },
        "orgtree.reply": {
          actions: assign({ drafts: ({ context, event }) => [...context.drafts, `${event.tag}: ${String(event.value)}`] }),
        },
        "orgtree.ask-failed": {
          actions: assign({ drafts: ({ context, event }) => [...context.drafts, `${event.tag}: ${event.error.name}`] }),
        },
        "orgtree.down": { actions: assign({ drafts: ({ context, event }) => [...context.drafts, `${event.address} is down`] }) },
      },
    },
    thinking: {
      on: {
        answer: {
          target: "writing",
          actions: reply(
            ({ context }) => `${context.drafts.length} drafts`,
            ({ context }) => context.asker,
          ),
        },
      },
    },
    end: { type: "final" },
  },
});

describe("the actions of a machine", () => {
  const desk = (heard: unknown[]) =>
    plain<null, { type: string }>({
      init: () => null,
      receive: (state, message, turn) => {
        heard.push(message);
        if (message.type === "question") turn.reply("short");
        if (message.type === "stop") turn.exit();
        return state;
      },
    });

  test("tell and publish send what they compute from context and event", async () => {
    await using world = startWorld();
    const heard: unknown[] = [];
    await world.start(desk(heard), { id: "desk" });
    await world.start(writer, { input: { desk: "/desk" } });
    await world.start(writer, { id: "colleague", input: { desk: "/nobody" } });
    await world.tell({ type: "draft", text: "the sea" });
    expect(heard).toEqual([{ type: "draft", number: 1, text: "THE SEA" }]);
    await world.tell({ type: "end" }, "/colleague");
    expect(world.exits("/colleague")).toMatchObject([{ output: ["copy of the sea"] }]);
  });

  test("ask brings the answer back as an event, or what became of the question", async () => {
    await using world = startWorld();
    const silent = plain<null, unknown>({ init: () => null, receive: (state) => state });
    await world.start(desk([]), { id: "desk" });
    await world.start(silent, { id: "silent" });
    await world.start(writer, { input: { desk: "/desk" } });
    await world.start(writer, { id: "patient", input: { desk: "/silent" } });
    await world.start(writer, { id: "lost", input: { desk: "/nobody" } });
    for (const address of ["/m", "/patient", "/lost"] as const) await world.tell({ type: "ask-desk" }, address);
    await world.clock.advance(50);
    for (const address of ["/m", "/patient", "/lost"] as const) await world.tell({ type: "end" }, address);
    expect(world.exits()).toMatchObject([{ output: ["style: short"] }]);
    expect(world.exits("/patient")).toMatchObject([{ output: ["style: AskTimeoutError"] }]);
    expect(world.exits("/lost")).toMatchObject([{ output: ["style: UnknownRecipientError"] }]);
  });

  test("reply answers an ask of an earlier turn that currentAsk kept", async () => {
    await using world = startWorld();
    await world.start(writer, { input: { desk: "/nobody" } });
    const answer = world.system.ask("/m", { type: "question", about: "progress" });
    await world.tell({ type: "answer" });
    await expect(answer).resolves.toBe("0 drafts");
  });

  test("watch brings one exit notice", async () => {
    await using world = startWorld();
    await world.start(desk([]), { id: "desk" });
    await world.start(writer, { input: { desk: "/desk" } });
    await world.tell({ type: "watch-desk" });
    await world.tell({ type: "stop" }, "/desk");
    await world.tell({ type: "end" });
    expect(world.exits()).toMatchObject([{ output: ["/desk is down"] }]);
  });

  test("are collected by enqueueActions and by name like any others", async () => {
    await using world = startWorld();
    const heard: unknown[] = [];
    await world.start(desk(heard), { id: "desk" });
    const named = setup({ actions: { greet: tell("/desk", { type: "named" }) } }).createMachine({
      initial: "a",
      states: {
        a: { entry: ["greet", enqueueActions(({ enqueue }) => enqueue(tell("/desk", { type: "enqueued" })))], on: { END: "end" } },
        end: { type: "final" },
      },
    });
    await world.start(named);
    expect(heard).toEqual([{ type: "named" }, { type: "enqueued" }]);
  });

  test("see the context as the actions before them left it", async () => {
    await using world = startWorld();
    const heard: unknown[] = [];
    await world.start(desk(heard), { id: "desk" });
    const count = assign({ n: ({ context }) => (context["n"] as number) + 1 });
    const show = tell("/desk", ({ context }) => ({ type: "n", n: (context as { n: number }).n }));
    await world.start(machineOf({ a: { entry: [show, count, show] } }, { context: { n: 0 } }));
    expect(heard).toEqual([
      { type: "n", n: 0 },
      { type: "n", n: 1 },
    ]);
  });

  test("reply answers nobody when the event was no ask", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { on: { GO: { actions: reply("answer") } } } }));
    await world.tell({ type: "GO" });
    expect(world.failures()).toEqual([]);
  });
});

describe("outside of orgtree", () => {
  test("an action fails the actor with a clear message", () => {
    const errors: unknown[] = [];
    const actor = createActor(createMachine({ on: { GO: { actions: tell("/desk", "hello") } } }));
    actor.subscribe({ error: (error) => void errors.push(error) });
    actor.start();
    actor.send({ type: "GO" });
    expect(errors).toMatchObject([{ message: expect.stringContaining("only in a machine under orgtree") }]);
  });

  test("currentAsk finds nothing", () => {
    expect(currentAsk(createActor(createMachine({})))).toBeUndefined();
  });
});

test("an action in a child machine fails the child with a clear message", async () => {
  await using world = startWorld();
  const child = createMachine({ on: { GO: { actions: tell("/desk", "hello") } }, after: { 1: { actions: tell("/desk", "hello") } } });
  await world.start(machineOf({ a: { invoke: { src: child } } }));
  await world.clock.advance(1);
  expect(world.failures()).toMatchObject([{ message: expect.stringContaining("sendParent") }]);
});

test("a turn that is kept beyond its time says so", async () => {
  await using world = startWorld();
  const turns: { tell(to: Address, message: unknown): void }[] = [];
  await world.start(machineOf({ a: { entry: act((turn) => void turns.push(turn)) } }));
  expect(() => turns[0]!.tell("/desk", "hello")).toThrow("the turn of /m is over");
});

/** Wrong uses that the compiler refuses. */
export function refusedByTheCompiler(): void {
  const parts = setup({ types: {} as { context: { desk: Address; n: number }; events: { type: "go"; text: string } } });
  parts.createMachine({
    context: { desk: "/desk", n: 0 },
    // @ts-expect-error -- an address begins with a slash
    entry: tell("desk", "hello"),
  });
  parts.createMachine({
    context: { desk: "/desk", n: 0 },
    // @ts-expect-error -- a number is no address
    entry: tell(({ context }) => context.n, "hello"),
  });
  parts.createMachine({
    context: { desk: "/desk", n: 0 },
    // @ts-expect-error -- the context has no such field
    on: { go: { actions: tell("/desk", ({ context }) => ({ author: context.author })) } },
  });
  // @ts-expect-error -- an ask has a tag, by which its answer is known
  ask("/desk", "hello", {});
}
