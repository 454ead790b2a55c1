/**
 * A process with a durable desk, for the benches that end it: `node desk-process.ts <journal> <children> <way>`.
 *
 * `work` asks all children in turn, without end, and writes a line for each answer: who, and how many turns he has done in all
 * his lives. `last` asks the last child once. `fill` makes the journal: each child has done two turns.
 */
import type { Entry, Journal } from "@orgtree/core";
import { MemoryJournal, openSqliteJournal } from "@orgtree/journal";
import { createActorSystem, plain, type ActorSystem } from "@orgtree/runtime";
import { deskOf } from "./desks.ts";

const [path, count, way] = process.argv.slice(2) as [string, string, "work" | "last" | "fill"];
const children = Number(count);

const desk = plain<{ readonly turns: number; readonly note: string }, string>({
  init: () => ({ turns: 0, note: "" }),
  receive({ turns }, note, turn) {
    turn.reply(turns + 1);
    return { turns: turns + 1, note };
  },
});

async function startDesk(journal: Journal): Promise<ActorSystem> {
  const system = createActorSystem({ journal });
  await system.start(deskOf(children, desk));
  return system;
}

async function step(system: ActorSystem, child: number): Promise<string> {
  const turns = await system.ask(`/desk/child-${child}`, "what a child of an ordinary size would keep of a day's work");
  return `${child} ${String(turns)}\n`;
}

async function work(): Promise<void> {
  const system = await startDesk(await openSqliteJournal(path));
  // A pipe is written to at once.
  for (let n = 0; ; n = (n + 1) % children) process.stdout.write(await step(system, n));
}

async function last(): Promise<void> {
  const system = await startDesk(await openSqliteJournal(path));
  process.stdout.write(await step(system, children - 1));
  process.exit();
}

/** In memory first: of thousands of turns that wait for the disk one by one, nobody wants to know here. */
async function fill(): Promise<void> {
  const memory = new MemoryJournal();
  const system = await startDesk(memory);
  for (let time = 0; time < 2; time++) for (let n = 0; n < children; n++) await step(system, n);
  await system.close();
  const journal = await openSqliteJournal(path);
  let entries: Entry[] = [];
  for await (const entry of memory.read()) {
    if (entries.push(entry) === 1_000) await journal.append(entries.splice(0));
  }
  await journal.append(entries);
  await journal.close();
}

await { work, last, fill }[way]();
