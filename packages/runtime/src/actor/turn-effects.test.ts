import { assign, fromCallback, raise, sendTo, spawnChild, stopChild } from "xstate";
import { describe, expect, test } from "vitest";
import { Commits } from "./commits.fixture.ts";
import { reply, tell } from "../machine/machine-actions.ts";
import { machineOf, startWorld } from "../machine/machine.fixture.ts";
import { plain } from "./plain.ts";

const boom = (): never => {
  throw new Error("boom");
};

/** What the turn of GO did, seen from outside. */
class Traces {
  readonly seen: string[] = [];
  readonly note = (what: string) => () => void this.seen.push(what);

  readonly listener = plain<null, { type: string }>({
    init: () => null,
    receive: (state, { type }) => {
      this.seen.push(type);
      return state;
    },
  });

  child(name: string): ReturnType<typeof fromCallback> {
    return fromCallback(({ receive }) => {
      this.seen.push(`${name} starts`);
      receive(({ type }) => void this.seen.push(`${name} hears ${type}`));
      return this.note(`${name} stops`);
    });
  }

  /** An action of the user's throws in the middle of GO, after the turn has been committed. */
  machine(): ReturnType<typeof machineOf> {
    const actions = [
      tell("/listener", { type: "BEFORE" }),
      this.note("action before"),
      sendTo("old", { type: "HELLO" }),
      spawnChild("new", { id: "new" }),
      raise({ type: "LATE" }, { delay: 10 }),
      boom,
      this.note("action behind"),
      stopChild("old"),
      tell("/listener", { type: "BEHIND" }),
      reply("answer"),
    ];
    return machineOf({
      a: { entry: spawnChild("old", { id: "old" }), on: { GO: { target: "b", actions } } },
      b: { on: { LATE: { actions: this.note("timer") } } },
    }).provide({ actors: { old: this.child("old"), new: this.child("new") } });
  }
}

describe.each([
  ["without a journal", () => ({})],
  ["with a journal", () => ({ store: new Commits() })],
])("an action that throws once its turn counts, %s", (_, options) => {
  test("takes the managed effects of the turn with it", async () => {
    await using world = startWorld(options());
    const traces = new Traces();
    await world.start(traces.listener, { id: "listener" });
    await world.start(traces.machine());
    const answer = world.system.ask("/m", { type: "GO" }).catch((error: unknown) => error);
    await world.clock.advance(100);
    expect(traces.seen).toEqual(["old starts", "action before", "old stops"]);
    expect(world.failures()).toMatchObject([{ class: "crash", message: "boom" }]);
    expect(world.letters()).toEqual(["turn-aborted: BEFORE", "turn-aborted: BEHIND"]);
    expect(await answer).toMatchObject({ name: "AskFailedError", outcome: "unknown" });
  });

  test("lets them go on with the directive resume, in the state that counts now", async () => {
    await using world = startWorld(options());
    const traces = new Traces();
    await world.start(traces.listener, { id: "listener" });
    await world.start(traces.machine(), { onFailure: { crash: "resume" } });
    const answer = world.system.ask("/m", { type: "GO" });
    await world.clock.settle();
    expect(world.node()).toMatchObject({ label: "b", incarnation: 1, status: "running" });
    expect(traces.seen).toEqual(["old starts", "action before", "old hears HELLO", "new starts", "old stops", "BEFORE", "BEHIND"]);
    await expect(answer).resolves.toBe("answer");
    await world.clock.advance(10);
    expect(traces.seen.at(-1)).toBe("timer");
    expect(world.letters()).toEqual([]);
  });
});

test("a machine that is done ends after a resume too", async () => {
  await using world = startWorld();
  await world.start(machineOf({ a: { on: { GO: { target: "end", actions: boom } } } }), { onFailure: { crash: "resume" } });
  await world.tell({ type: "GO" });
  expect(world.exits()).toMatchObject([{ kind: "normal", state: "end" }]);
});

test("a turn that throws in its first phase leaves nothing, whatever it collected", async () => {
  const commits = new Commits();
  await using world = startWorld({ store: commits });
  const traces = new Traces();
  const actions = [
    tell("/listener", { type: "TOLD" }),
    traces.note("action"),
    spawnChild(traces.child("kid"), { id: "kid", systemId: "clerk" }),
    sendTo("kid", { type: "HELLO" }),
    raise({ type: "LATE" }, { delay: 10 }),
    assign(boom),
  ];
  await world.start(traces.listener, { id: "listener" });
  await world.start(machineOf({ a: { on: { GO: { actions }, LATE: "late" } }, late: {} }), { onFailure: { crash: "resume" } });
  await world.tell({ type: "GO" });
  await world.clock.advance(100);
  expect(traces.seen).toEqual([]);
  expect(world.state()).toBe("a");
  expect(commits.of("/m").map(({ cause }) => cause.type)).toEqual(["init"]);
  expect(world.letters()).toEqual(["failed: GO"]);
});

test("an action that closes the system lets its turn come to an end first", async () => {
  await using world = startWorld();
  const traces = new Traces();
  const closing: Promise<void>[] = [];
  const actions = [
    () => void closing.push(world.system.close()),
    spawnChild(traces.child("kid"), { id: "kid" }),
    tell("/listener", { type: "TOLD" }),
  ];
  await world.start(traces.listener, { id: "listener" });
  await world.start(machineOf({ a: { on: { GO: { actions } } } }));
  await world.tell({ type: "GO" });
  await Promise.all(closing);
  expect(traces.seen).toEqual(["kid starts", "TOLD", "kid stops"]);
  expect(world.letters()).toEqual([]);
});

describe("an async action that rejects while a later turn is being committed", () => {
  const setUp = async (world: ReturnType<typeof startWorld>, spec: object): Promise<(error: Error) => void> => {
    const { promise, reject } = Promise.withResolvers<void>();
    const actions = (() => promise) as () => void;
    await world.start(
      machineOf({ a: { on: { GO: { target: "b", actions } } }, b: { on: { ASK: { target: "c", actions: reply("answer") } } }, c: {} }),
      spec,
    );
    await world.tell({ type: "GO" });
    return reject;
  };

  test("ends the incarnation; of the turn nobody knows whether it counts", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const reject = await setUp(world, {});
    commits.holds = "/m";
    const answer = world.system.ask("/m", { type: "ASK" }).catch((error: unknown) => error);
    await world.clock.settle();
    reject(new Error("late"));
    await world.clock.settle();
    commits.last.accept();
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { message: "late" } }]);
    expect(world.letters()).toEqual(["failed: ASK"]);
    expect(await answer).toMatchObject({ outcome: "unknown" });
  });

  test("lets the turn count with the directive resume", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const reject = await setUp(world, { onFailure: { crash: "resume" } });
    commits.holds = "/m";
    const answer = world.system.ask("/m", { type: "ASK" });
    await world.clock.settle();
    reject(new Error("late"));
    await world.clock.settle();
    commits.holds = undefined;
    commits.last.accept();
    await expect(answer).resolves.toBe("answer");
    expect(world.node()).toMatchObject({ label: "c", incarnation: 1, status: "running" });
  });
});
