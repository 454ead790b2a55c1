/**
 * The same supervisors with a journal: each decision is committed before it is carried out, and the world does not wait.
 */
import { JournalFencedError, type NewEntry } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { readTurn, supervisor, VirtualClock } from "@orgtree/runtime";
import { expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { startTree, TestSystem, type Tree } from "../support/start-tree.ts";
import { die, exit, lateWorker, worker } from "../support/workers.ts";

/** Each commit takes 10 ms, and those that `refuses` names are refused. */
class SlowJournal extends MemoryJournal {
  readonly #clock: VirtualClock;
  readonly #refuses: (entry: NewEntry) => boolean;

  constructor(clock: VirtualClock, refuses: (entry: NewEntry) => boolean = () => false) {
    super();
    this.#clock = clock;
    this.#refuses = refuses;
  }

  override async append(entries: readonly NewEntry[]): Promise<number> {
    await new Promise<void>((resolve) => void this.#clock.setTimer(10, resolve));
    if (entries.some(this.#refuses)) throw new JournalFencedError("memory", { own: 1, current: 2 });
    return super.append(entries);
  }
}

/** Waits for something that needs virtual time. */
async function after<T>(clock: VirtualClock, ms: number, work: Promise<T>): Promise<T> {
  const settled = work.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  await clock.advance(ms);
  return (await settled)();
}

async function startDurable(spec: Parameters<typeof startTree>[0], refuses?: (entry: NewEntry) => boolean): Promise<Tree> {
  const clock = new VirtualClock();
  return after(clock, 1_000, startTree(spec, { clock, journal: new SlowJournal(clock, refuses) }));
}

const ab = ["a", "b"].map((id) => ({ id, logic: worker }));

test("a child whose start fails while its termination is on its way to the journal is gone, and the call is answered", async () => {
  await using tree = await startDurable({});
  const { clock, sup } = tree;
  const started = expect(sup.startChild({ id: "a", logic: lateWorker(clock, 45, true) })).rejects.toMatchObject({ code: "start-failed" });
  await clock.advance(50); // Committed at 10, started then, and fails at 55.
  const terminated = sup.terminateChild("a");
  await clock.advance(100);
  await Promise.all([started, terminated]);
  expect(tree.trace.lives()).toEqual(["!a failure"]);
  expect(await tree.list()).toEqual([]);
});

test("a child that dies while the decision to stop it is on its way to the journal takes part in the restart of its group", async () => {
  await using tree = await startDurable({ strategy: "one-for-all", children: ab });
  await tree.order(["a", die]);
  await tree.order(["b", die]);
  await tree.clock.advance(1_000);
  expect(tree.trace.lives()).toEqual(["-a failure", "-b failure", "+a", "+b"]);
  expect(await tree.list()).toEqual(["b running", "a running"]);
});

test("a stop that comes while decisions are on their way ends everything", async () => {
  await using tree = await startDurable({ strategy: "rest-for-one", intensity: { maxRestarts: 9, periodMs: 1_000 }, children: ab });
  await tree.order(["a", die], ["b", exit("normal")]);
  await tree.clock.advance(5);
  await tree.stop(1_000);
  expect(tree.exit).toEqual({ kind: "shutdown" });
  expect(tree.system.open.actors).toBe(1);
});

test.skipIf(isElsewhere)("a supervisor whose decision to give a place up is refused leaves the place free for its next life", async () => {
  let refusals = 1;
  const isLast = (entry: NewEntry): boolean =>
    entry.address === "/sup/team" && readTurn({ ...entry, position: 0 }).cause.type === "exited" && refusals-- > 0;
  const team = supervisor({ children: [{ id: "x", restart: "temporary", logic: worker }] });
  await using tree = await startDurable({ children: [{ id: "team", logic: team }] }, isLast);
  const call = expect(tree.supervisor("/sup/team").terminateChild("x")).rejects.toMatchObject({
    name: "AskFailedError",
    outcome: "unknown",
  });
  await tree.clock.advance(1_000);
  await call;
  expect(tree.trace.lives()).toEqual(["-team/x shutdown", "-team failure", "+team/x", "+team"]);
});

test("a supervisor that gives up while it commits that it is up ends right after it came up", async () => {
  const clock = new VirtualClock();
  await using host = new TestSystem({ clock, journal: new SlowJournal(clock) });
  const children = [
    { id: "a", logic: worker },
    { id: "b", logic: lateWorker(clock, 100) },
  ];
  const started = host.system.start({
    id: "sup",
    restart: "temporary",
    logic: supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children }),
  });
  await clock.advance(60);
  host.system.tell("/sup/a", die);
  await after(clock, 1_000, started);
  expect(host.system.open.actors).toBe(1);
});
