/** What cannot be stored is refused where it is made, and costs nobody else anything. */
import { runInNewContext } from "node:vm";
import { ExpectedError, MessageRefusedError, type Failure } from "@orgtree/core";
import { fromWork, plain, reply, supervisor, work, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { assign, fromPromise, setup } from "xstate";
import { World } from "./world.ts";

class Job {
  readonly id = 1;
}

function circle(): unknown {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < levels; n++) value = [value];
  return value;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const unstorable: Readonly<Record<string, () => unknown>> = {
  "a map": () => new Map([[1, 2]]),
  "a function": () => ({ jobs: [{ run: () => 1 }] }),
  "an object of a class": () => new Job(),
  "a circle": circle,
  "an abort signal": () => AbortSignal.abort(),
  "too many levels": () => nested(502),
  "a symbol": () => Symbol("s"),
  "a symbol for a key": () => ({ [Symbol("s")]: 1 }),
  "a match": () => "abc".match(/b/),
};

const unreadable: Readonly<Record<string, () => unknown>> = {
  "a getter that throws": () => ({
    deep: {
      get a(): never {
        throw new Error("no");
      },
    },
  }),
  "a revoked proxy": () => ({ deep: revoked() }),
};

const all = { ...unstorable, ...unreadable };
const everything = Object.keys(all);

type Do =
  | { readonly do: "get" | "add" }
  | { readonly do: "try"; readonly how: How; readonly what: string }
  | { readonly do: "pass on"; readonly message: unknown }
  | { readonly do: "reply" | "refuse" | "work" | "work with"; readonly what: string };

const ways = {
  tell: (turn: Turn, message: unknown) => turn.tell("/top/b", message),
  deliver: (turn: Turn, message: unknown) => turn.deliver("/top/b", message),
  ask: (turn: Turn, message: unknown) => turn.ask("/top/b", message, { tag: "t" }),
  publish: (turn: Turn, message: unknown) => turn.publish("all", message),
};
type How = keyof typeof ways;

class OddError extends ExpectedError {
  override readonly name = "OddError";
  readonly retryable = false;
  readonly odd: unknown;

  constructor(odd: unknown) {
    super("odd");
    this.odd = odd;
  }
}

interface State {
  readonly n: number;
  readonly heard: readonly unknown[];
}

/** Counts, and makes what cannot be stored when it is told to. */
const clerk = plain<State, Do>({
  works: { make: work({ kind: "pure", run: async (what: string) => all[what]!() }) },
  init(_input, turn) {
    turn.join("all");
    return { n: 0, heard: [] };
  },
  receive({ n, heard }, message, turn) {
    switch (message.do) {
      case "get":
        turn.reply({ n, heard });
        return { n, heard };
      case "add":
        break;
      case "try":
        return { n: n + 1, heard: [...heard, refusalOf(() => ways[message.how](turn, all[message.what]!()))] };
      case "pass on":
        turn.deliver("/top/b", message.message);
        turn.tell("/nobody", message.message);
        break;
      case "reply":
        turn.reply(all[message.what]!());
        break;
      case "refuse":
        turn.refuse(new OddError(all[message.what]!()));
        break;
      case "work":
        turn.run("make", message.what);
        break;
      case "work with":
        turn.run("make", all[message.what]!());
        break;
      default:
        message satisfies never;
    }
    return { n: n + 1, heard };
  },
  signal({ n, heard }, signal) {
    if (signal.type === "orgtree.failed") return { n, heard: [...heard, `${signal.failure.name}: ${signal.failure.message}`] };
    if (signal.type === "orgtree.ask-failed") return { n, heard: [...heard, `${signal.error.name}: ${signal.error.message}`] };
    return { n, heard: [...heard, signal.type] };
  },
});

function refusalOf(send: () => void): string {
  try {
    send();
    return "sent";
  } catch (error) {
    return (error as Error).name;
  }
}

const tree = supervisor({
  intensity: { maxRestarts: 0, periodMs: 1_000 },
  children: [
    { id: "a", logic: clerk, onFailure: { crash: "resume" } },
    { id: "b", logic: clerk },
  ],
});

async function startTree(): Promise<World> {
  const world = new World();
  await world.start({ id: "top", logic: tree });
  await world.tell("/top/b", { do: "add" });
  return world;
}

function failuresIn(world: World): readonly Failure[] {
  return world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure] : []));
}

describe("a message that cannot be stored", () => {
  test.each(everything)("is refused to whoever sends it from outside, and its recipient goes on: %s", async (what) => {
    const world = await startTree();
    const make = all[what]!;
    expect(() => world.system.tell("/top/b", make())).toThrow(MessageRefusedError);
    await expect(world.system.ask("/top/b", make())).rejects.toMatchObject({ name: "MessageRefusedError", reason: "malformed" });
    expect(await world.ask("/top/b", { do: "get" })).toMatchObject({ n: 1 });
    expect([failuresIn(world), world.system.deadLetters.counts()]).toEqual([[], {}]);
  });

  test.each(Object.keys(ways).flatMap((how) => everything.map((what) => ({ how: how as How, what }))))(
    "is refused to the actor that sends it, and its recipient goes on: $how of $what",
    async ({ how, what }) => {
      const world = await startTree();
      await world.tell("/top/a", { do: "try", how, what });
      expect(await world.ask("/top/a", { do: "get" })).toEqual({ n: 1, heard: ["MessageRefusedError"] });
      expect(await world.ask("/top/b", { do: "get" })).toEqual({ n: 1, heard: [] });
      expect(failuresIn(world)).toEqual([]);
    },
  );

  test("is named with its place and the remedy", async () => {
    const world = await startTree();
    expect(() => world.system.tell("/top/b", { jobs: [new Map()] })).toThrow(
      "message to /top/b refused: it cannot be stored: jobs[0] is a Map; use a plain object or an array",
    );
  });

  test("is none where nothing is stored", async () => {
    const { createActorSystem } = await import("@orgtree/runtime");
    await using system = createActorSystem();
    await system.start({
      id: "echo",
      logic: plain<null, unknown>({ init: () => null, receive: (_state, message, turn) => (turn.reply(message), null) }),
    });
    expect(await system.ask("/echo", new Map([[1, 2]]))).toEqual(new Map([[1, 2]]));
  });

  test("stays what it was when it was sent: whoever sent it cannot change it any more", async () => {
    const world = await startTree();
    const message = { do: "add", more: [1] };
    world.system.tell("/top/b", message);
    expect(() => message.more.push(2)).toThrow(TypeError);
    await world.clock.settle();
  });

  test("is none with as many levels as may be, whoever has it and however often it is sent on", async () => {
    const world = await startTree();
    await world.tell("/top/a", { do: "pass on", message: { do: "add", more: nested(498) } });
    await world.crash();
    await world.start({ id: "top", logic: tree });
    expect([failuresIn(world), await world.ask("/top/b", { do: "get" })]).toMatchObject([[], { n: 2 }]);
  });

  test("is no array of another realm", async () => {
    const world = await startTree();
    await world.tell("/top/b", { do: "add", more: runInNewContext("[1, 2]") as unknown });
    expect(await world.ask("/top/b", { do: "get" })).toMatchObject({ n: 2 });
  });
});

describe("an answer that cannot be stored", () => {
  test.each(Object.keys(unstorable))("fails the turn that gives it, by name: %s", async (what) => {
    const world = await startTree();
    const asked = world.system.ask("/top/a", { do: "reply", what });
    await Promise.all([world.clock.settle(), expect(asked).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done" })]);
    expect(failuresIn(world)).toMatchObject([
      { name: "NotStorableError", message: expect.stringContaining("the answer of /top/a cannot be stored") as string },
    ]);
    expect(await world.ask("/top/a", { do: "get" })).toMatchObject({ n: 0 });
  });

  test("fails the turn of a machine that gives it, by name", async () => {
    const world = new World();
    const machine = setup({ actions: { answer: reply(() => new Map() as never) } }).createMachine({
      initial: "a",
      states: { a: { on: { GO: { actions: "answer" }, END: "b" } }, b: { type: "final" } },
    });
    await world.start({ id: "m", logic: machine, restart: "temporary" });
    const asked = world.system.ask("/m", { type: "GO" });
    await Promise.all([world.clock.settle(), expect(asked).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done" })]);
    expect(failuresIn(world)).toMatchObject([{ name: "NotStorableError" }]);
  });

  test.each(everything)("is none when it is an error, of which what can be stored is kept: %s", async (what) => {
    const world = await startTree();
    const asked = world.system.ask("/top/a", { do: "refuse", what });
    await Promise.all([world.clock.settle(), expect(asked).rejects.toThrow("odd")]);
    expect([failuresIn(world), await world.ask("/top/a", { do: "get" })]).toMatchObject([[], { n: 1 }]);
  });
});

describe("work", () => {
  test.each(everything)("whose result cannot be stored has failed, and its actor hears of it: %s", async (what) => {
    const world = await startTree();
    await world.tell("/top/a", { do: "work", what });
    const { n, heard } = (await world.ask("/top/a", { do: "get" })) as State;
    expect([n, heard, failuresIn(world)]).toEqual([
      1,
      [expect.stringMatching(what in unstorable ? /^NotStorableError: the result of work "make"/ : /no|proxy/)],
      [],
    ]);
  });

  test.each(Object.keys(unstorable))("with an input that cannot be stored fails the turn that begins it, by name: %s", async (what) => {
    const world = await startTree();
    await world.tell("/top/a", { do: "work with", what });
    expect(failuresIn(world)).toMatchObject([
      { name: "NotStorableError", message: expect.stringContaining('the input of work "make"') as string },
    ]);
  });

  const makers = {
    promise: fromPromise(async ({ input }: { input: string }) => all[input]!()),
    declared: fromWork({ kind: "pure", run: async (input: string) => all[input]!() }),
    rejected: fromPromise(async ({ input }: { input: string }) => Promise.reject(all[input]!() as Error)),
  };

  test.each(Object.keys(makers).flatMap((maker) => everything.map((what) => ({ maker: maker as keyof typeof makers, what }))))(
    "of a machine whose result cannot be stored has failed, and the machine goes on: $maker of $what",
    async ({ maker, what }) => {
      const world = new World();
      const machine = setup({ types: {} as { context: { error: string } }, actors: { make: makers[maker] } }).createMachine({
        context: { error: "" },
        initial: "making",
        states: {
          making: {
            invoke: {
              src: "make",
              input: what,
              onDone: "end",
              onError: { target: "failed", actions: assign({ error: ({ event }) => (event.error as Error).name }) },
            },
            after: { 60_000: "end" },
          },
          failed: { on: { END: "end", GET: { actions: reply(({ context }) => context.error) } } },
          end: { type: "final" },
        },
      });
      await world.start({ id: "m", logic: machine });
      expect(await world.ask("/m", { type: "GET" })).toMatch(what in unstorable ? /^NotStorableError$/ : /Error$/);
      expect(failuresIn(world)).toEqual([]);
    },
  );
});

describe("a state that grows by a level in each turn", () => {
  test("fails the turn in which it is too deep, by name, and comes back as it was before", async () => {
    const chain = plain<{ readonly length: number; readonly rest?: unknown }, "add" | "get">({
      init: () => ({ length: 0 }),
      receive(state, message, turn) {
        if (message === "add") return { length: state.length + 1, rest: state };
        turn.reply(state.length);
        return state;
      },
    });
    const world = new World();
    await world.start({ id: "m", logic: chain, onFailure: { crash: "resume" } });
    for (let n = 0; n < 600; n++) await world.tell("/m", "add");
    const length = (await world.ask("/m", "get")) as number;
    expect(length).toBeGreaterThanOrEqual(500);
    expect(length).toBeLessThan(600);
    expect(failuresIn(world).map(({ name }) => name)).toEqual(Array.from({ length: 600 - length }, () => "NotStorableError"));
    await world.crash();
    await world.start({ id: "m", logic: chain, onFailure: { crash: "resume" } });
    expect(await world.ask("/m", "get")).toBe(length);
  });
});

describe("an input that cannot be stored", () => {
  test.each(everything)("is refused to whoever starts with it, and the supervisor goes on: %s", async (what) => {
    const world = new World();
    await world.start({ id: "pool", logic: supervisor({ strategy: "dynamic", template: { logic: clerk }, maxChildren: 10 }) });
    const input = all[what]!();
    await expect(world.system.start({ id: "a", logic: clerk, input })).rejects.toBeInstanceOf(MessageRefusedError);
    await expect(world.system.supervisor("/pool").startChild({ id: "a", input })).rejects.toBeInstanceOf(MessageRefusedError);
    const [started] = await Promise.all([world.system.supervisor("/pool").startChild({ id: "b", input: { n: 1 } }), world.clock.settle()]);
    expect([started, failuresIn(world)]).toMatchObject([{ address: "/pool/b" }, []]);
  });
});
