// Counters and their clients over a journal in a file: each client adds one, with a number, and goes on when that was acknowledged.
// It is killed again and again: node --conditions=@orgtree/source test/crash/counter-process.ts JOURNAL LEDGER CLIENTS NUMBERS
import { appendFile } from "node:fs/promises";
import type { Address } from "@orgtree/core";
import { createActorSystem, plain, supervisor, work, type Logic } from "@orgtree/runtime";
import { openSqliteJournal } from "@orgtree/journal";

const [journalFile = "", ledger = "", clients = "8", numbers = "10"] = process.argv.slice(2);
const last = Number(numbers);

/** What a counter keeps: how often each number of each client was added. */
export interface CounterState {
  readonly added: Readonly<Record<string, readonly number[]>>;
}

interface Add {
  readonly client: Address;
  readonly number: number;
}

const counter: Logic = plain<CounterState, Add>({
  init: () => ({ added: {} }),
  receive({ added }, { client, number }, turn) {
    turn.deliver(client, { acknowledged: number });
    return { added: { ...added, [client]: [...(added[client] ?? []), number] } };
  },
});

/** Outside of the journal, in a file that survives the process: what was acknowledged is written there before the client goes on. */
const keep = work<{ readonly client: Address; readonly number: number }, null>({
  kind: "idempotent",
  run: async ({ client, number }) => {
    await appendFile(ledger, `${client} ${number}\n`);
    process.stdout.write(`acknowledged ${Math.round(performance.now())}\n`);
    return null;
  },
});

const client = (of: Address): Logic =>
  plain<{ readonly next: number }, { readonly acknowledged: number }>({
    works: { keep },
    init: (_input, turn) => {
      turn.deliver(of, { client: turn.address, number: 1 } satisfies Add);
      return { next: 1 };
    },
    receive({ next }, message, turn) {
      if (message.acknowledged !== next) throw new Error(`acknowledged ${message.acknowledged}, waits for ${next}`);
      turn.run("keep", { client: turn.address, number: next });
      return { next: next + 1 };
    },
    signal(state, signal, turn) {
      if (signal.type !== "orgtree.done") return state;
      if (state.next <= last) turn.deliver(of, { client: turn.address, number: state.next } satisfies Add);
      return state;
    },
  });

// Never closed: it lives until it is killed.
const journal = await openSqliteJournal(journalFile);
const system = createActorSystem({ journal });
const names = Array.from({ length: Number(clients) }, (_, at) => at);
// Two clients share a counter.
const counterOf = (at: number): Address => `/desk/counter-${Math.floor(at / 2)}`;
await system.start({
  id: "desk",
  logic: supervisor({
    children: [
      ...names.filter((at) => at % 2 === 0).map((at) => ({ id: counterOf(at).split("/").at(-1)!, logic: counter })),
      ...names.map((at) => ({ id: `client-${at}`, logic: client(counterOf(at)) })),
    ],
  }),
});
process.stdout.write(`up ${Math.round(performance.now())}\n`);
setInterval(() => {}, 60_000);
