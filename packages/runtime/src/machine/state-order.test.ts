import { assign, createActor, forwardTo, setup, type AnyStateMachine, type AnyStateNode } from "xstate";
import { describe, expect, test } from "vitest";
import { kernelOf } from "../actor-system.ts";
import { machineOf, startWorld, type TestWorld } from "./machine.fixture.ts";
import { restoreStateOrder } from "./state-order.ts";
import type { StoredMachine } from "./stored-machine.ts";

interface Context {
  readonly isOpen: boolean;
  readonly log: readonly string[];
}

/** Of what XState persists. */
interface Persisted {
  readonly context: Context;
  readonly children: Readonly<Record<string, { readonly snapshot: Persisted }>>;
}

/** Goes on by itself from `ready`, once both regions may. */
function region(name: string, event: string): object {
  const always = {
    guard: ({ context }: { context: Context }) => context.isOpen,
    target: "gone",
    actions: assign({ log: ({ context }) => [...(context as Context).log, name] }),
  };
  return { initial: "waits", states: { waits: { on: { [event]: "ready" } }, ready: { always }, gone: {} } };
}

const twoRegions = machineOf(
  { run: { type: "parallel", states: { first: region("first", "A"), second: region("second", "B") } } },
  { context: { isOpen: false, log: [] }, on: { OPEN: { actions: assign({ isOpen: true }) } } },
);

/** Passes on what comes. */
function around(child: AnyStateMachine): AnyStateMachine {
  const pass = { actions: forwardTo("child") };
  return setup({ actors: { child } }).createMachine({
    initial: "runs",
    on: { END: ".end" },
    states: { runs: { invoke: { id: "child", src: "child" }, on: { A: pass, B: pass, OPEN: pass } }, end: { type: "final" } },
  });
}

function logOf(snapshot: unknown): readonly string[] {
  const { context, children } = snapshot as Persisted;
  return children["child"] === undefined ? context.log : logOf(children["child"].snapshot);
}

function runBare(machine: AnyStateMachine, events: readonly string[]): readonly string[] {
  const actor = createActor(machine).start();
  for (const type of events) actor.send({ type });
  return logOf(actor.getPersistedSnapshot());
}

async function runRestored(machine: AnyStateMachine, events: readonly string[]): Promise<readonly string[]> {
  await using world = startWorld({ restores: true });
  await world.start(machine);
  for (const type of events) await world.tell({ type });
  return logOf(storedIn(world).snapshot);
}

function storedIn({ system }: TestWorld): StoredMachine {
  return kernelOf(system).cells.get("/m")!.life!.body!.state() as StoredMachine;
}

const places = [
  { place: "of a machine", machine: twoRegions },
  { place: "of a child", machine: around(twoRegions) },
  { place: "of a child's child", machine: around(around(twoRegions)) },
];

describe.each(places)("regions $place that may go on at the same moment", ({ machine }) => {
  test.each([
    { events: ["A", "B", "OPEN"], order: ["first", "second"] },
    { events: ["B", "A", "OPEN"], order: ["second", "first"] },
    { events: ["B", "OPEN", "A"], order: ["second", "first"] },
  ])("go on in the order in which they became ready, also from what was stored: $events", async ({ events, order }) => {
    expect(runBare(machine, events)).toEqual(order);
    expect(await runRestored(machine, events)).toEqual(order);
  });
});

describe("the order of states", () => {
  test("is stored only where XState does not find it again by itself", async () => {
    await using world = startWorld({ restores: true });
    await world.start(twoRegions);
    expect(storedIn(world)).not.toHaveProperty("order");
    await world.tell({ type: "A" });
    expect(storedIn(world)).toHaveProperty("order");
    await world.tell({ type: "B" });
    expect(storedIn(world)).not.toHaveProperty("order");
  });

  test("has those last that were not there when it was stored, as after a migration", () => {
    const snapshot = twoRegions.resolveState({ value: { run: { first: "ready", second: "waits" } }, context: { isOpen: false, log: [] } });
    restoreStateOrder(snapshot, ["(machine).run.first.waits", "(machine).run.second.waits"]);
    const ids = (snapshot._nodes as readonly AnyStateNode[]).map(({ id }) => id);
    expect(ids.indexOf("(machine).run.second.waits")).toBeLessThan(ids.indexOf("(machine).run.first.ready"));
  });
});
