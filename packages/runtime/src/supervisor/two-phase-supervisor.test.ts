import { JournalFencedError, type StoredSupervision } from "@orgtree/core";
import { assign } from "xstate";
import { describe, expect, test } from "vitest";
import { Commits } from "../actor/commits.fixture.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import { machineOf, startWorld } from "../machine/machine.fixture.ts";
import { supervisor } from "./supervisor.ts";

const fail = assign((): never => {
  throw new Error("boom");
});
const worker = machineOf({ a: { on: { BAD: { actions: fail } } } });
const desk = supervisor({
  strategy: "one-for-one",
  children: [
    { id: "one", logic: worker },
    { id: "two", logic: worker },
  ],
});

/** Starts of actors below the desk, in order. */
const starts = (world: ReturnType<typeof startWorld>): readonly string[] =>
  world
    .of("actor-started")
    .map(({ address, incarnation }) => `${address} ${incarnation}`)
    .filter((start) => start.startsWith("/desk/"));

describe("a supervisor", () => {
  test("starts no child before its decision to do so is committed", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    commits.holds = "/desk";
    const starting = world.system.start({ id: "desk", logic: desk });
    await world.clock.advance(1_000);
    expect(starts(world)).toEqual([]);
    commits.last.accept();
    await world.clock.settle();
    expect(starts(world)).toEqual(["/desk/one 1"]);
    commits.holds = undefined;
    commits.last.accept();
    await starting;
    expect(starts(world)).toEqual(["/desk/one 1", "/desk/two 1"]);
  });

  test("restarts no child before its decision to do so is committed, and hears meanwhile what else happens", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(desk, { id: "desk" });
    commits.holds = "/desk";
    await world.tell({ type: "BAD" }, "/desk/one");
    await world.tell({ type: "END" }, "/desk/two");
    expect(starts(world)).toHaveLength(2);
    expect(world.of("report")).toEqual([]);
    const listing = world.system.supervisor("/desk").listChildren();
    commits.holds = undefined;
    commits.last.accept();
    await world.clock.settle();
    expect(starts(world).slice(2)).toEqual(["/desk/one 2"]);
    expect(await listing).toHaveLength(2);
  });

  test("writes what it decided, under keys of its own, one record after the other", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(desk, { id: "desk" });
    await world.tell({ type: "BAD" }, "/desk/one");
    const records = commits.of("/desk");
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => records[0]!.seq + at));
    const { seq } = records.at(-1)!;
    expect(records.map(({ cause }) => cause.type)).toEqual(["begin", "started", "started", "exited"]);
    expect(records.at(-1)!.effects).toMatchObject([
      { kind: "report", key: `/desk#${seq}.0`, detail: { report: { context: "child-terminated", child: "one" } } },
      { kind: "start", key: `/desk#${seq}.1`, detail: { id: "one" } },
    ]);
    expect(Object.values((records.at(-1)!.state as StoredSupervision).rows).flatMap(Object.keys)).toEqual([":one", ":two"]);
  });

  test("whose commit is refused has done nothing of it and ends as fenced, with its children", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(desk, { id: "desk" });
    commits.holds = "/desk";
    await world.tell({ type: "BAD" }, "/desk/one");
    commits.holds = undefined;
    commits.last.refuse();
    await world.clock.settle();
    expect(starts(world)).toHaveLength(2);
    expect(world.exits("/desk")).toMatchObject([{ kind: "failure", failure: { class: "fenced" } }]);
    expect(world.exits("/desk/two")).toEqual([{ kind: "killed" }]);
    expect(world.node("/desk")).toBeUndefined();
  });

  test("whose commit throws at once is refused like any other", async () => {
    let isOver = false;
    const commit = (record: TurnRecord): Promise<void> => {
      if (isOver && record.address === "/desk") throw new JournalFencedError("memory", { own: 7, current: 8 });
      return Promise.resolve();
    };
    await using world = startWorld({ store: { store: commit } });
    await world.start(desk, { id: "desk" });
    isOver = true;
    await world.tell({ type: "BAD" }, "/desk/one");
    expect(world.exits("/desk")).toMatchObject([{ kind: "failure", failure: { class: "fenced" } }]);
  });

  test("that ends starts nobody any more, whatever was asked while its end was being stored", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const children = [{ id: "one", logic: worker, restart: "transient" as const, significant: true }];
    await world.start(supervisor({ autoShutdown: "any-significant", children }), { id: "desk", restart: "temporary" });
    commits.holds = "/desk";
    await world.tell({ type: "END" }, "/desk/one");
    const late = world.system.supervisor("/desk").startChild({ id: "late", logic: worker });
    const refused = expect(late).rejects.toThrow();
    await world.clock.settle();
    commits.release();
    await Promise.all([refused, world.clock.settle()]);
    expect(starts(world)).toHaveLength(1);
    expect(world.system.open.actors).toBe(1); // The root.
  });

  test("that is killed while it commits does not carry out what it decided", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(desk, { id: "desk", shutdownMs: "brutal-kill" });
    commits.holds = "/desk";
    await world.tell({ type: "BAD" }, "/desk/one");
    await world.system.stop("/desk");
    commits.last.accept();
    await world.clock.settle();
    expect(starts(world)).toHaveLength(2);
    expect(world.exits("/desk")).toEqual([{ kind: "killed" }]);
  });
});
