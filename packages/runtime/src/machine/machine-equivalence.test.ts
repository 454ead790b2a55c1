import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createActor, SimulatedClock, type AnyMachineSnapshot } from "xstate";
import { kernelOf } from "../actor-system.ts";
import { startWorld, type WorldOptions } from "./machine.fixture.ts";
import type { StoredMachine } from "./stored-machine.ts";
import type { TimerQueue } from "../time/timer-queue.ts";
import { outsideEvents, randomStatechart, type Context, type Side } from "./random-statechart.fixture.ts";

/** A message from outside, or a while in which nothing comes. */
type Step = "GO" | "END" | (typeof outsideEvents)[number] | number;

/** All that can be seen of a machine after a step. */
interface View {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output?: unknown;
  readonly error?: string;
  readonly notes: readonly string[];
  readonly emitted: readonly string[];
  readonly logged: readonly string[];
}

const contextView = ({ n, log, kids }: Context): object => ({ n, log, kids });

function taken(seen: Record<"notes" | "emitted" | "logged", string[]>): Pick<View, "notes" | "emitted" | "logged"> {
  return { notes: seen.notes.splice(0), emitted: [...seen.emitted], logged: [...seen.logged] };
}

async function settle(): Promise<void> {
  for (let round = 0; round < 4; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** What XState itself makes of it. */
async function runBare(numbers: readonly number[], steps: readonly Step[]): Promise<readonly View[]> {
  const clock = new SimulatedClock();
  const seen: { notes: string[]; emitted: string[]; logged: string[] } = { notes: [], emitted: [], logged: [] };
  const side: Side = {
    note: (what) => void seen.notes.push(what),
    wait: (ms) => new Promise((resolve) => clock.setTimeout(() => resolve(), ms)),
  };
  const actor = createActor(randomStatechart(numbers, side), { clock, logger: (text) => void seen.logged.push(String(text)) });
  actor.subscribe({ error: () => {} });
  actor.on("*" as never, ((event: { type: string }) => void seen.emitted.push(event.type)) as never);
  actor.start();
  await settle();
  const view = (): View => {
    const { status, value, context, output, error } = actor.getSnapshot() as AnyMachineSnapshot;
    return {
      status,
      value,
      context: contextView(context as Context),
      output,
      error: (error as Error | undefined)?.message ?? "",
      ...taken(seen),
    };
  };
  const views = [view()];
  for (const step of steps) {
    // What XState does with an event for a stopped actor is none of our business.
    if (actor.getSnapshot().status !== "active") break;
    if (typeof step === "string") actor.send({ type: step });
    await settle();
    if (typeof step === "number") await pass(clock, step);
    views.push(view());
  }
  actor.stop();
  return views;
}

/** Lets time pass as VirtualClock does: timer by timer, and all that comes of one before the next. */
async function pass(clock: SimulatedClock, ms: number): Promise<void> {
  const until = clock.now() + ms;
  const { timeouts } = clock as unknown as { timeouts: Map<unknown, { start: number; timeout: number }> };
  for (;;) {
    const next = Math.min(...[...timeouts.values()].map(({ start, timeout }) => start + timeout));
    if (next > until) break;
    clock.set(next);
    await settle();
  }
  clock.set(until);
}

function waitOn(timers: TimerQueue, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = timers.set(ms, resolve);
  signal.addEventListener("abort", () => timers.cancel(timer), { once: true });
  return promise;
}

/** The same under orgtree. */
async function runHosted(numbers: readonly number[], steps: readonly Step[], options: WorldOptions): Promise<readonly View[]> {
  await using world = startWorld(options);
  const notes: string[] = [];
  const { clock, system } = world;
  // The queue of the machine's own timers, so that what is due at the same moment comes in the order it was asked for.
  const { timers } = kernelOf(system);
  const side: Side = { note: (what) => void notes.push(what), wait: (ms, signal) => waitOn(timers, { ms, signal }) };
  const states: { value: unknown; context: Context }[] = [];
  const look = (): void => {
    const stored = kernelOf(system).cells.get("/m")?.life?.body?.state() as StoredMachine | undefined;
    if (stored !== undefined) states.push(stored.snapshot as { value: unknown; context: Context });
  };
  const view = (): View => {
    look();
    const exit = world.exits()[0];
    const { value, context } = states.at(-1) ?? { value: undefined, context: { n: 0, log: [], kids: 0, kid: undefined } };
    return {
      status: exit === undefined ? "active" : exit.kind === "normal" ? "done" : "error",
      value,
      context: contextView(context),
      output: exit?.kind === "normal" ? exit.output : undefined,
      error: exit?.kind === "failure" ? exit.failure.message : "",
      notes: notes.splice(0),
      emitted: world.of("emitted").map(({ event }) => event.type),
      logged: world.log.filter(({ message }) => message.startsWith("L")).map(({ message }) => message),
    };
  };
  await world.start(randomStatechart(numbers, side)).catch(() => undefined);
  const views = [view()];
  for (const step of steps) {
    if (typeof step === "string") system.tell("/m", { type: step });
    await clock.advance(typeof step === "number" ? step : 0);
    views.push(view());
  }
  return views;
}

const numRuns = Number(process.env["RUNS"] ?? 100);
const numbers = fc.array(fc.nat(1_000_000), { minLength: 40, maxLength: 400 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...outsideEvents) },
  { weight: 10, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constant("END" as const) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 12 });

describe("a machine under orgtree", () => {
  test.each([
    ["its turns count at once", () => ({})],
    ["its turns count after a commit", () => ({ store: { store: () => Promise.resolve() } })],
    ["it goes on from what was stored after each turn", () => ({ restores: true })],
  ] as const)(
    "goes through the same states, contexts and effects as a bare actor when %s",
    async (_, options) => {
      const ends = { active: 0, done: 0, error: 0 };
      await fc.assert(
        fc.asyncProperty(numbers, steps, async (given, script) => {
          const bare = await runBare(given, ["GO", ...script]);
          const hosted = await runHosted(given, ["GO", ...script], options());
          for (const [at, expected] of bare.entries()) {
            if (expected.status === "error") {
              // A bare actor has already done part of what the failed step wanted; that is mended.
              expect(hosted[at]).toMatchObject({ status: "error", error: expected.error });
              break;
            }
            if (expected.status === "done") {
              const { value: _value, context: _context, ...rest } = expected;
              expect(hosted[at]).toMatchObject(rest);
              break;
            }
            expect(hosted[at]).toEqual(expected);
          }
          ends[bare.at(-1)!.status as keyof typeof ends]++;
        }),
        { numRuns },
      );
      // The comparison is worth something only when the machines do something.
      expect(Math.min(ends.active, ends.done, ends.error)).toBeGreaterThan(5);
    },
    Math.max(60_000, numRuns * 60),
  );

  test("goes on from what was stored in a chart that depends on the order in which its states were entered", async () => {
    const script: readonly Step[] = ["GO", "B", "A", "A", 3];
    expect(await runHosted(orderedChart, script, { restores: true })).toEqual(await runBare(orderedChart, script));
  });
});

const orderedChart =
  "207027,56755,759524,0,980365,0,0,657262,179599,226978,0,221110,189307,307469,0,274982,303243,848150,0,0,402824,841265,0,883355,0,503484,131605,0,692274,0,925870,0,207940,670425,201451,215468,737279,348082,474855,189271"
    .split(",")
    .map(Number);
