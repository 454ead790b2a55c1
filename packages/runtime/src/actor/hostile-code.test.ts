// oxlint-disable unicorn/no-thenable -- that is what some of this is about
/** Code of users that does what nobody would do on purpose: it is the actor's own affair, and nobody else's. */
import { FailureError, type Address, type Exit } from "@orgtree/core";
import { createMachine, fromCallback } from "xstate";
import { afterEach, describe, expect, test } from "vitest";
import { kernelOf } from "../actor-system.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "./plain.ts";
import { makePuppet, restarted, type Order } from "./plain.fixture.ts";

const boom = (): never => {
  throw new Error("boom");
};

/** An object one of whose fields throws from the second look on. */
function readOnce(field: string, value: unknown, rest: object): object {
  let looks = 0;
  return Object.defineProperty({ ...rest }, field, { enumerable: true, get: () => (looks++ === 0 ? value : boom()) });
}

const odd = Symbol("odd") as unknown as Address;
const circle: Record<string, unknown> = { class: "crash", message: "round" };
circle["cause"] = circle;

describe.each([
  ["without a store", {}],
  ["with a store", { store: { store: () => Promise.resolve() } }],
])("an exit that is hostile to read, %s,", (_, options) => {
  test.each([
    ["whose kind can be read once", readOnce("kind", "normal", {})],
    ["whose failure has a symbol for an address", { kind: "failure", failure: { class: "crash", message: "m", address: odd } }],
    ["whose failure's name throws as a text", { kind: "failure", failure: { class: "crash", message: "m", name: { toString: boom } } }],
    ["whose failure is its own cause", { kind: "failure", failure: circle }],
    ["whose state is a symbol", { kind: "normal", state: odd }],
    ["that can be awaited", { kind: "normal", then: boom }],
  ])("%s, ends its actor, whom everybody hears of, and nobody else", async (_what, exit) => {
    await using world = startWorld(options);
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(makePuppet().logic, { ...restarted, id: "m" });
    const ended = world.system.watch("/m");
    await world.tell(((turn) => turn.exit(exit as Exit)) satisfies Order);
    expect(await ended).toHaveProperty("kind");
    expect(world.node()).toMatchObject({ incarnation: 2, status: "running" });
    expect(world.node("/other")).toMatchObject({ incarnation: 1, status: "running" });
    await world.start(makePuppet().logic, { id: "late" });
  });

  test("thrown as the failure of an initial step refuses the start, and the root hears on", async () => {
    await using world = startWorld(options);
    const failure = new FailureError({ class: "crash", message: "m", address: odd });
    const bad = plain<null, unknown>({ init: () => Promise.reject(failure), receive: (state) => state });
    const starting = world.system.start({ id: "m", logic: bad }).catch((error: unknown) => error);
    await world.clock.settle();
    expect(await starting).toMatchObject({ code: "start-failed", failure: { class: "crash", message: "m" } });
    await world.start(makePuppet().logic, { id: "late" });
  });

  test("by a state whose getter throws when it is frozen fails the turn", async () => {
    await using world = startWorld({ ...options, freeze: true });
    const logic = plain<unknown, string>({
      init: () => 0,
      receive: () => ({
        get now(): never {
          return boom();
        },
      }),
    });
    await world.start(logic);
    await world.tell("go");
    expect(world.failures()).toMatchObject([{ class: "crash", message: "boom" }]);
    expect(world.letters()).toHaveLength(1);
  });
});

describe("an answer", () => {
  test("that is a function with a then is a promise too", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const answer = Object.assign(() => 1, { then: () => {} });
    const asked = world.system.ask("/m", ((turn) => turn.reply(answer)) satisfies Order).catch((error: unknown) => error);
    await world.clock.settle();
    expect(await asked).toMatchObject({ name: "AskFailedError", outcome: "not-done" });
  });

  test("that becomes a promise on its way is none", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const answer: Record<string, unknown> = {};
    const order: Order = (turn) => {
      turn.reply(answer);
      turn.emit({ type: "done" });
    };
    world.system.observe(() => Object.assign(answer, { then: () => {} }));
    const asked = world.system
      .ask("/m", ((turn) => (turn.emit({ type: "first" }), order(turn))) satisfies Order)
      .catch((error: unknown) => error);
    await world.clock.settle();
    expect(await asked).toMatchObject({ name: "AskFailedError", message: "/m did not answer: its answer is a promise" });
  });
});

test("A recipient that is no text fails the turn, and its message is one dead letter", async () => {
  await using world = startWorld();
  await world.start(makePuppet().logic);
  await world.tell(((turn) => turn.ask(odd, "x", { tag: "t" })) satisfies Order);
  expect(world.failures()).toMatchObject([{ name: "AddressError", message: '"a symbol" is not an address: it is no text' }]);
  expect(world.of("dead-letter").map(({ letter }) => letter.reason)).toEqual(["failed"]);
});

test("Whoever joins a group while a turn is committed does not get what the charter forbids", async () => {
  let release = (): void => {};
  const commit = ({ address }: { readonly address: string }): Promise<void> =>
    address === "/m" ? new Promise((resolve) => (release = resolve)) : Promise.resolve();
  await using world = startWorld({ store: { store: commit } });
  const starting = world.start(makePuppet().logic, { recipients: [] });
  await world.clock.settle();
  release();
  await starting;
  const stranger = makePuppet();
  await world.start(stranger.logic, { id: "stranger" });
  await world.tell(((turn) => turn.publish("news", "psst")) satisfies Order);
  await world.tell(((turn) => turn.join("news")) satisfies Order, "/stranger");
  release();
  await world.clock.settle();
  expect(stranger.got).toEqual([]);
  expect(world.letters()).toEqual([]);
});

describe("those who watch from outside", () => {
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  afterEach(() => void process.off("unhandledRejection", note));

  test("may reject or throw: they are logged, and disturb nobody", async () => {
    process.on("unhandledRejection", note);
    await using world = startWorld();
    world.system.observe((() => Promise.reject(new Error("boom"))) as () => void);
    await world.start(makePuppet().logic);
    await world.clock.settle();
    expect(escaped).toEqual([]);
    expect(world.log.filter(({ message }) => message === "an observer rejected").length).toBeGreaterThan(0);
  });

  test("may have a log that throws", async () => {
    const logger = { debug: boom, info: boom, warn: boom, error: boom };
    await using world = startWorld({ logger });
    await world.start(makePuppet().logic, restarted);
    await world.tell(((turn) => turn.exit({ kind: "failure", failure: { class: "crash", name: "x", message: "y" } })) satisfies Order);
    expect(world.node()).toMatchObject({ incarnation: 2 });
    await world.start(makePuppet().logic, { id: "late" });
  });
});

test("A step of a supervisor that throws does not make it deaf", async () => {
  await using world = startWorld();
  await world.start(makePuppet().logic, { id: "good" });
  const { cells } = kernelOf(world.system);
  const set = cells.set.bind(cells);
  cells.set = boom;
  const starting = world.system.start({ id: "bad", logic: makePuppet().logic }).catch((error: unknown) => error);
  await world.clock.settle();
  cells.set = set;
  expect(await starting).toMatchObject({ code: "start-failed", failure: { message: "boom" } });
  await world.start(makePuppet().logic, { id: "late" });
});

test("The children of a child are stopped newest first, however it ends", async () => {
  const order: string[] = [];
  const ear = (id: string) => ({ id, src: fromCallback(() => () => void order.push(id)) });
  const child = createMachine({
    id: "c",
    initial: "a",
    invoke: [ear("i1"), ear("i2"), ear("i3")],
    states: { a: { on: { GO: { actions: boom } } } },
  });
  const parent = createMachine({
    id: "p",
    initial: "a",
    states: {
      a: { invoke: { id: "child", src: child, onError: "b" }, on: { END: "end" } },
      b: { on: { END: "end" } },
      end: { type: "final" },
    },
  });
  await using world = startWorld();
  await world.start(parent);
  await world.tell({ type: "END" });
  expect(order).toEqual(["i3", "i2", "i1"]);
});

describe("a store that is out of reach", () => {
  test("does not cost the root its children, and lets the system close in order", async () => {
    let isDown = false;
    const commit = (): Promise<void> => (isDown ? Promise.reject(new Error("no space left")) : Promise.resolve());
    const ends: string[] = [];
    const world = startWorld({ store: { store: commit }, commitMs: 1_000 });
    await world.start(makePuppet({ terminate: () => void ends.push("in order") }).logic, { id: "good" });
    isDown = true;
    const starting = world.system.start({ id: "late", logic: makePuppet().logic });
    await world.clock.advance(60_000);
    expect(world.node("/good")).toMatchObject({ status: "running", incarnation: 1 });
    isDown = false;
    await Promise.all([starting, world.clock.advance(1_000)]);
    isDown = true;
    const doomed = world.system.start({ id: "doomed", logic: makePuppet().logic }).catch((error: unknown) => error);
    await world.clock.advance(100);
    const closing = world.system.close();
    await world.clock.advance(10_000);
    await closing;
    await doomed;
    expect(ends).toEqual(["in order"]);
    await world[Symbol.asyncDispose]();
  });
});
