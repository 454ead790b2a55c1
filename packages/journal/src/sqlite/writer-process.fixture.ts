/** A process that writes a journal, for the tests that end it: `node writer-process.fixture.ts <path> <what to do>`. */
import { createInterface } from "node:readline";
import { once } from "node:events";
import type { Address, NewEntry } from "@orgtree/core";
import { openSqliteJournal } from "./sqlite-journal.ts";

const [path, what] = process.argv.slice(2) as [string, string];

switch (what) {
  case "write":
    await write();
    break;
  case "hold":
    await hold();
    break;
  case "forget":
    await forget();
    break;
  case "close":
    await (await openSqliteJournal(path)).close();
    console.log("closed");
    break;
  default:
    throw new Error(`nobody knows how to "${what}"`);
}

/** Appends without end from eight callers, with compactions in between; a line for each append that was acknowledged. */
async function write(): Promise<void> {
  const journal = await openSqliteJournal(path);
  const last = await journal.lastSeqs();
  const caller = async (n: number): Promise<void> => {
    const address: Address = `/caller-${n}`;
    for (let seq = (last.get(address) ?? -1) + 1; ; seq++) {
      const data = new Uint8Array(seq % 23 === 0 ? 20_000 : 200).fill(seq);
      const kind = seq % 10 === 0 ? "whole" : "part";
      const twin: NewEntry = { address: `${address}/twin`, seq, kind, data };
      await journal.append([{ address, seq, kind, data }, twin]);
      // A pipe is written to at once.
      process.stdout.write(`${address} ${seq}\n`);
      if (seq % 50 === 49) await journal.compact();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, n) => caller(n)));
}

/** Appends, waits for a line, appends again, several at once; says what became of these. */
async function hold(): Promise<void> {
  const journal = await openSqliteJournal(path);
  await journal.append([{ address: "/held", seq: 0, kind: "whole", data: new Uint8Array(1) }]);
  console.log("ready");
  const lines = createInterface({ input: process.stdin });
  await once(lines, "line");
  const late = [1, 2, 3].map((seq) => journal.append([{ address: "/held", seq, kind: "part", data: new Uint8Array(1) }]));
  for (const result of await Promise.allSettled(late)) {
    console.log(result.status === "fulfilled" ? "stored" : (result.reason as Error).name);
  }
  lines.close();
  await journal.close();
}

/** Leaves an append waiting and the journal open, and does nothing more. */
async function forget(): Promise<void> {
  const journal = await openSqliteJournal(path);
  void journal.append([{ address: "/a", seq: 0, kind: "whole", data: new Uint8Array(1) }]).then(() => console.log("stored"));
}
