/**
 * Durable turns: asked from outside, each answer waits until the turn is in the journal (SQLite, synchronous FULL). Against the fsync
 * limit of the same disk and LangGraph with its SQLite saver at FULL, in the same run; both take a text of 256 bytes in each step and
 * keep the newest. Then what is stored of a conversation that grows by 1 KB of random text in each step, at several ages.
 */
import { DatabaseSync } from "node:sqlite";
import { openSqliteJournal } from "@orgtree/journal";
import { createActorSystem, reply, type Logic } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import { node, perSecond, plainly, timed, type Bench, type Comparison, type Job, type Measure } from "./harness/bench.ts";
import { askAll, countTurns, desk, randomText, startDesks, type Desk, type Say } from "./subjects/asked-desks.ts";
import { fsyncLimit, inDirectory } from "./subjects/disk.ts";
import { openSteps, type Steps } from "./subjects/langgraph.ts";

/** The same as a machine. */
const types = {} as { context: Desk; events: Say | { readonly type: "END" } };
const deskMachine = setup({
  types,
  actions: { answer: reply(({ context }) => context.count) },
}).createMachine({
  id: "desk",
  context: { count: 0, texts: [] },
  initial: "open",
  states: {
    open: {
      on: {
        SAY: { actions: [assign({ count: ({ context }) => context.count + 1, texts: ({ event }) => [event.text] }), "answer"] },
        END: "closed",
      },
    },
    closed: { type: "final" },
  },
});

/**
 * Turns before those that are timed. Each journal has a thread of its own, with a compiler of its own that knows nothing yet; the code
 * of the peers is warm from the rounds before.
 */
const warmUpTurns = 1_600;

function ours(actors: number, logic: Logic = desk({ grows: false })): Job {
  return inDirectory(async (path, size) => {
    await using journal = await openSqliteJournal(path);
    await using system = createActorSystem({ journal });
    await startDesks(system, actors, logic);
    await askAll({ system, actors, size: warmUpTurns, textBytes: 256 });
    const before = process.cpuUsage();
    const sample = await askAll({ system, actors, size, textBytes: 256 });
    const { user, system: inKernel } = process.cpuUsage(before);
    const done = Math.min(sample.done, await countTurns(journal, actors)) - warmUpTurns;
    return { ...sample, done, cpu: (user + inKernel) / 1_000 };
  });
}

async function takeAll(steps: Steps, actors: number, size: number): Promise<number> {
  const counts = await Promise.all(Array.from({ length: actors }, (_, n) => steps.take(`desk-${n}`, size / actors)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function langGraph(actors: number): Job {
  return inDirectory(async (path, size) => {
    const steps = openSteps(path, { text: () => randomText(256), grows: false });
    try {
      return await timed(() => takeAll(steps, actors, size));
    } finally {
      steps.close();
    }
  });
}

/** What the file of a journal grows by: an empty one has a page for each of its tables and indexes. */
function storedByOurs(actors: number): Job {
  return inDirectory(async (path, size) => {
    await using journal = await openSqliteJournal(path);
    await using system = createActorSystem({ journal });
    await startDesks(system, actors, desk({ grows: true }));
    const before = fileBytes(path);
    const { done } = await askAll({ system, actors, size, textBytes: 1_024 });
    return { done, stored: fileBytes(path) - before };
  });
}

/** Bytes of the database with what is still in its log. */
function fileBytes(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()![name]);
  const bytes = pragma("page_count") * pragma("page_size");
  database.close();
  return bytes;
}

function storedByLangGraph(actors: number): Job {
  return inDirectory(async (path, size) => {
    const steps = openSteps(path, { text: () => randomText(1_024), grows: true });
    const before = steps.bytes();
    const done = await takeAll(steps, actors, size);
    const stored = steps.bytes() - before;
    steps.close();
    return { done, stored };
  });
}

function turns(actors: number, marks: { readonly floor: number; readonly goal: number }): Comparison {
  const who = actors === 1 ? "one actor" : `${actors} actors`;
  const limit = "append and fdatasync";
  const peer = "LangGraph, SQLite at FULL";
  return {
    name: who,
    size: 100 * actors * (actors === 1 ? 10 : 1),
    rounds: 5,
    warmUps: 1,
    contenders: { ours: node(() => ours(actors)), [limit]: node(() => fsyncLimit), [peer]: node(() => langGraph(actors)) },
    rows: [
      { what: `durable turns, SQLite, ${who}`, measure: perSecond, peer: limit, ...marks },
      { what: `durable turns, SQLite, ${who}`, measure: perSecond, peer, floor: 4 },
      { what: "… p50", measure: plainly("p50", "ms"), peer: limit },
      { what: "… p99", measure: plainly("p99", "ms"), peer: limit },
    ],
  };
}

const storedEach: Measure = { unit: "B", better: "less", of: ({ done, stored }) => stored! / done };

/** Many young ones together: of one alone the last page, mostly empty, would weigh most. */
function stored(age: number, actors: number): Comparison {
  const peer = "LangGraph, SQLite";
  const what = `stored per step of 1 KB, ${age.toLocaleString("en")} steps old`;
  const hasPeer = age <= 500;
  return {
    name: `stored at ${age}`,
    size: age * actors,
    rounds: 1,
    warmUps: 0,
    contenders: {
      ours: node(() => storedByOurs(actors)),
      ...(hasPeer ? { [peer]: node(() => storedByLangGraph(actors)) } : {}),
    },
    rows: [
      { what, measure: storedEach, floor: 3_072, goal: 1_536 },
      ...(hasPeer ? [{ what: "… and by LangGraph, whose checkpoints hold the whole state", measure: storedEach, by: peer }] : []),
    ],
  };
}

const cpuEach: Measure = { unit: "µs", better: "less", of: ({ done, cpu }) => (cpu! / done) * 1_000 };

export const bench: Bench = {
  name: "durable",
  comparisons: [
    turns(1, { floor: 0.4, goal: 0.7 }),
    turns(16, { floor: 1, goal: 3 }),
    {
      name: "CPU of a turn",
      size: 3_200,
      rounds: 5,
      warmUps: 2,
      contenders: { machine: node(() => ours(16, deskMachine)), plain: node(() => ours(16)) },
      rows: [{ what: "CPU of a durable machine turn, all threads", measure: cpuEach, peer: "plain" }],
    },
    stored(10, 100),
    stored(100, 10),
    stored(500, 1),
    stored(1_000, 1),
    stored(10_000, 1),
  ],
};
