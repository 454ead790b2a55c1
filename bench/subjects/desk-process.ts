/**
 * A process with a durable desk, for the benches that end it: `node desk-process.ts <journal> <children> <way>`.
 *
 * `work` asks all children in turn, without end, and writes a line for each answer: who, and how many turns he has done in all
 * his lives. `last` asks the last child once and ends; so does `fill`, which asks each child twice, and closes in order.
 */
import { openSqliteJournal } from "@orgtree/journal";
import { createActorSystem, plain } from "@orgtree/runtime";
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

const journal = await openSqliteJournal(path);
const system = createActorSystem({ journal });
await system.start(deskOf(children, desk));

async function step(child: number): Promise<string> {
  const turns = await system.ask(`/desk/child-${child}`, "what a child of an ordinary size would keep of a day's work");
  return `${child} ${String(turns)}\n`;
}

switch (way) {
  case "work":
    // A pipe is written to at once.
    for (let n = 0; ; n = (n + 1) % children) process.stdout.write(await step(n));
  case "last":
    process.stdout.write(await step(children - 1));
    process.exit();
  case "fill":
    for (let time = 0; time < 2; time++) await Promise.all(Array.from({ length: children }, (_, n) => step(n)));
    await system.close();
    await journal.close();
    break;
  default:
    way satisfies never;
}
