/** Looking at the past of actors in a journal: every turn, and what the actor was after it. */
import { encode } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import {
  causeKindOf,
  createActorSystem,
  listPastActors,
  plain,
  supervisor,
  Timeline,
  UnknownTurnError,
  viewMoment,
  VirtualClock,
  type ActorSystem,
  type Logic,
  type Moment,
  type Turn,
} from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { makeDoor } from "../support/door.ts";

interface Count {
  readonly type: "add" | "boom" | "nap" | "hand";
}

const counter = plain<{ count: number }, Count>({
  init: () => ({ count: 0 }),
  receive({ count }, { type }, turn: Turn) {
    if (type === "boom") throw new Error("boom");
    if (type === "nap") turn.setTimer("nap", 60_000);
    if (type === "hand") turn.deliver("/desk/door", { type: "KNOCK" });
    return { count: count + 1 };
  },
  signal: ({ count }) => ({ count: count + 100 }),
});

const door = makeDoor(1_000);

interface Place {
  readonly journal: MemoryJournal;
  readonly clock: VirtualClock;
  readonly system: ActorSystem;
  tell(id: "counter" | "door", type: string): Promise<void>;
}

async function start(): Promise<Place> {
  const journal = new MemoryJournal();
  const clock = new VirtualClock();
  const system = createActorSystem({ journal, clock });
  const logic = supervisor({
    children: [
      { id: "counter", logic: counter as Logic },
      { id: "door", logic: door, restart: "temporary" },
    ],
  });
  await Promise.all([system.start({ id: "desk", logic }), clock.settle()]);
  return {
    journal,
    clock,
    system,
    async tell(id, type) {
      system.tell(`/desk/${id}`, { type });
      await clock.settle();
    },
  };
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

const turnsOf = (items: readonly (Moment | { readonly kind: "end" })[]): Moment[] =>
  items.filter((item): item is Moment => item.kind === "turn");

describe("a timeline", () => {
  test("has each turn: its number, life, cause and effects, and what the actor was after it", async () => {
    const { journal, tell } = await start();
    for (const type of ["add", "hand", "boom", "add"]) await tell("counter", type);
    const moments = turnsOf(await all(new Timeline(journal, "/desk/counter").moments()));
    const told = moments.map((moment) => {
      const { turn, state } = moment;
      return [turn.seq, turn.incarnation, causeKindOf(turn.cause), turn.cause.type, turn.effects.map(({ kind }) => kind).join(), state];
    });
    expect(told).toEqual([
      [0, 1, "begin", "init", "", { count: 0 }],
      [1, 1, "message", "add", "", { count: 1 }],
      [2, 1, "message", "hand", "deliver", { count: 2 }],
      [3, 2, "begin", "init", "", { count: 0 }],
      [4, 2, "message", "add", "", { count: 1 }],
    ]);
    const positions = moments.map(({ turn }) => turn.position);
    expect(positions).toEqual(positions.toSorted((one, other) => one - other));
  });

  test("gives the parts that are asked for, the same as in the whole", async () => {
    const { journal, tell } = await start();
    for (let count = 0; count < 200; count++) await tell("counter", "add");
    const timeline = new Timeline(journal, "/desk/counter");
    const whole = await all(timeline.moments());
    expect(whole).toHaveLength(201);
    expect(turnsOf(whole).filter(({ turn }) => turn.isWhole).length).toBeGreaterThan(1);
    expect(await all(timeline.moments({ last: 3 }))).toEqual(whole.slice(-3));
    expect(await all(timeline.moments({ fromSeq: 60, toSeq: 140 }))).toEqual(whole.slice(60, 141));
    expect(await all(timeline.moments({ toSeq: 70, last: 10 }))).toEqual(whole.slice(61, 71));
    expect(await all(timeline.turns({ fromSeq: 199 }))).toEqual(turnsOf(whole.slice(199)).map(({ turn }) => turn));
    for (const seq of [0, 1, 63, 64, 65, 150, 200]) expect(await timeline.at(seq)).toEqual(whole[seq]);
    expect(await timeline.at()).toEqual(whole[200]);
  });

  test("tells which turn was a timer's, and what was begun and is not over", async () => {
    const { journal, clock, tell } = await start();
    await tell("counter", "nap");
    const timeline = new Timeline(journal, "/desk/counter");
    expect(viewMoment(await timeline.at())).toEqual({
      kind: "plain",
      label: undefined,
      parts: { state: { count: 1 }, timers: { nap: clock.epochMs() + 60_000 }, runtime: { birth: 0 } },
    });
    await clock.advance(60_000);
    const moment = await timeline.at();
    expect([causeKindOf(moment.turn.cause), viewMoment(moment).parts]).toEqual(["timer", { state: { count: 101 }, runtime: { birth: 0 } }]);
  });

  test("shows a machine by its states, and its supervisor by its children and decisions", async () => {
    const { journal, clock, tell } = await start();
    await tell("counter", "hand");
    const timeline = new Timeline(journal, "/desk/door");
    const heard = viewMoment(await timeline.at());
    expect(heard).toMatchObject({ kind: "machine", label: "heard", parts: { value: "heard", context: { knocks: 1 } } });
    expect(Object.values(heard.parts["timers"] as Record<string, number>)).toEqual([clock.epochMs() + 1_000]);
    await clock.advance(1_000);
    expect(causeKindOf((await timeline.at()).turn.cause)).toBe("timer");
    await tell("counter", "boom");
    const decision = await new Timeline(journal, "/desk").at();
    // That it is up decides nothing, and makes no turn of its own.
    expect(viewMoment(decision)).toMatchObject({ kind: "supervisor", label: "1 starting, 1 running" });
    expect(causeKindOf(decision.turn.cause)).toBe("decision");
    const reports = (await all(new Timeline(journal, "/desk").turns())).flatMap(({ effects }) =>
      effects.filter(({ kind }) => kind === "report").map(({ detail }) => (detail as { report: { child: string } }).report.child),
    );
    expect(reports).toEqual(["counter"]);
  });

  test("goes on over the end of a place, and says where it was", async () => {
    const { journal, system, clock, tell } = await start();
    await tell("door", "LOCK");
    const timeline = new Timeline(journal, "/desk/door");
    expect((await all(timeline.moments())).map(({ kind }) => kind)).toEqual(["turn", "turn", "end"]);
    expect(viewMoment(await timeline.at())).toMatchObject({ label: "locked (done)", parts: { status: "done" } });
    const [actors] = await Promise.all([listPastActors(journal), clock.settle()]);
    expect(actors.map(({ address, hasEnded, label, turns }) => ({ address, hasEnded, label, turns }))).toEqual([
      { address: "/", hasEnded: false, label: "1 running", turns: 3 },
      { address: "/desk", hasEnded: false, label: "1 running", turns: 4 },
      { address: "/desk/counter", hasEnded: false, label: undefined, turns: 1 },
      { address: "/desk/door", hasEnded: true, label: undefined, turns: 2 },
    ]);
    void system;
  });

  test("says who has come to an end with those above it, and who goes on with the next process", async () => {
    const { journal, clock, system } = await start();
    const over = async (): Promise<unknown> => {
      const [actors] = await Promise.all([listPastActors(journal), clock.settle()]);
      return actors.filter(({ isOver }) => isOver).map(({ address }) => address);
    };
    expect(await over()).toEqual([]);
    await Promise.all([system.supervisor("/desk").terminateChild("counter"), clock.settle()]);
    expect(await over()).toEqual(["/desk/counter"]);
    await Promise.all([system.stop("/desk"), clock.settle()]);
    expect(await over()).toEqual(["/desk", "/desk/counter", "/desk/door"]);
  });

  test("is shorter after a compaction, and still true", async () => {
    const { journal, tell } = await start();
    for (let count = 0; count < 100; count++) await tell("counter", "add");
    const timeline = new Timeline(journal, "/desk/counter");
    const before = await all(timeline.moments());
    await journal.compact();
    const after = await all(timeline.moments());
    expect(after.length).toBeLessThan(before.length);
    expect(after).toEqual(before.slice(-after.length));
    const [oldest] = turnsOf(after);
    expect(await timeline.at(oldest!.turn.seq)).toEqual(oldest);
    await expect(timeline.at(3)).rejects.toThrow(/^\/desk\/counter has no turn 3; there are \d+ from 6\d to 100$/);
  });
});

describe("what is not there", () => {
  test("is named, with what is there instead", async () => {
    const { journal, tell } = await start();
    await tell("door", "LOCK");
    const at = (address: `/${string}`, seq?: number): Promise<unknown> => new Timeline(journal, address).at(seq);
    await expect(at("/desk/counter", 7)).rejects.toThrow("/desk/counter has no turn 7; there are 1 from 0 to 0");
    await expect(at("/desk/coutner")).rejects.toThrow("nothing is stored of /desk/coutner; did you mean /desk/counter?");
    await expect(at("/elsewhere")).rejects.toThrow(UnknownTurnError);
    await journal.compact();
    await expect(at("/desk/door")).rejects.toThrow("nothing is left of /desk/door: its place was given up, and its past was compacted");
  });

  test("and what is no turn, or one of a newer program, is named too", async () => {
    const journal = new MemoryJournal();
    await journal.append([{ address: "/a", seq: 0, kind: "whole", data: encode({ some: "thing" }) }]);
    await journal.append([{ address: "/b", seq: 0, kind: "whole", data: encode([99, 1]) }]);
    await journal.append([{ address: "/c", seq: 0, kind: "part", data: encode([1]) }]);
    await expect(new Timeline(journal, "/a").at()).rejects.toThrow(
      "turn 0 of /a, at position 1, cannot be read: it was not written by a system of orgtree",
    );
    await expect(new Timeline(journal, "/b").at()).rejects.toThrow("it was written by a newer version of orgtree; update orgtree");
    await expect(new Timeline(journal, "/c").at()).rejects.toThrow("what it builds on is not there; verify the journal");
  });
});
