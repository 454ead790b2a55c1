import type { Address, Endpoint } from "@orgtree/core";
import { accountCount, type Clients, type FinalStates, openingBalance } from "./clients.ts";
import type { Stopped } from "./faults.ts";
import type { LedgerLine } from "./ledger.ts";
import type { StoredRecord } from "./stored.ts";
import { chores, lastWords, mostTokens } from "./workload.ts";

/** All that is known in the end. */
export interface History {
  readonly clients: Pick<Clients, "told" | "jobs" | "wrong" | "counters" | "feeders" | "accounts">;
  readonly states: FinalStates;
  readonly ledger: readonly LedgerLine[];
  readonly stopped: readonly Stopped[];
  readonly journals: ReadonlyMap<Endpoint, readonly StoredRecord[]>;
}

/** Most violations of one kind that are told. */
const mostTold = 8;

/** What should not have happened; nothing where all is well. */
export function checkHistory(history: History): readonly string[] {
  const checks = [
    checkAnswers,
    checkAcknowledged,
    checkDelivered,
    checkMoney,
    checkJobs,
    checkJournals,
    checkLedger,
    checkCompensations,
    checkBudgets,
  ];
  return checks.flatMap((check) => {
    const found = Array.from(check(history));
    return found.length > mostTold ? found.slice(0, mostTold).concat(`… and ${found.length - mostTold} more of these`) : found;
  });
}

function* checkAnswers({ clients, states }: History): Generator<string> {
  yield* clients.wrong;
  yield* clients.jobs.wrong;
  for (const actors of [states.counters, states.feeders, states.accounts]) for (const { wrong } of actors.values()) yield* wrong;
}

/** What was acknowledged is there, and nothing more than one call that was not answered. */
function* checkAcknowledged({ clients, states }: History): Generator<string> {
  for (const [address, lanes] of clients.told) {
    const there = states.counters.get(address)?.lanes ?? states.accounts.get(address)?.lanes;
    if (there === undefined) {
      yield `nobody can say what ${address} has`;
      continue;
    }
    for (const [client, { n, value }] of lanes) {
      const { last, value: stored } = there[client] ?? { last: 0, value: 0 };
      if (last < n) yield `lost: ${address} had acknowledged number ${n} of ${client}, and has ${last}`;
      else if (last > n) yield `${address} has ${last} of ${client}, who was told of ${n}`;
      else if (stored !== value) yield `${address} has answered ${value} to number ${n} of ${client}, and has stored ${stored}`;
    }
  }
}

/** What was delivered was taken once and in order: in the end as much is there as was sent, and a counter has counted nothing else. */
function* checkDelivered({ states }: History): Generator<string> {
  for (const [feeder, { sent, taken }] of states.feeders) {
    for (const to of Object.keys(sent) as Address[]) {
      const got = states.counters.get(to)?.lanes[`feed ${feeder}`]?.last ?? 0;
      if (got !== sent[to] || taken[to] !== sent[to])
        yield `${feeder} has sent ${sent[to]} to ${to}, which has ${got}; it heard of ${taken[to]}`;
    }
  }
  for (const [address, { sum, total, lanes }] of states.counters) {
    const numbers = Object.entries(lanes).filter(([sender]) => !sender.startsWith("question"));
    const least = numbers.reduce((all, [, { last }]) => all + last, 0);
    const questions = Object.entries(lanes).reduce((all, [sender, { last }]) => all + (sender.startsWith("question") ? last : 0), 0);
    const counted = sum ?? total ?? 0;
    if (counted < least || counted > least + questions)
      yield `${address} has counted ${counted}, and took ${least} numbers and at most ${questions} questions`;
  }
}

function* checkMoney({ states }: History): Generator<string> {
  const sum = Array.from(states.accounts.values()).reduce((all, { balance }) => all + balance, 0);
  if (sum !== accountCount * openingBalance) yield `there is ${sum} of ${accountCount * openingBalance} in the accounts`;
  for (const [address, { balance }] of states.accounts) if (balance < 0) yield `${address} has ${balance}`;
  for (const [from, { put }] of states.accounts) {
    for (const [to, n] of Object.entries(put)) {
      const got = states.accounts.get(to as Address)?.got[from] ?? 0;
      if (got !== n) yield `${from} has sent ${n} deposits to ${to}, which has ${got}`;
    }
  }
}

/** Each job that was taken has ended, as it should have: but where an irreversible tool was cut off, which has to be told. */
function* checkJobs({ clients }: History): Generator<string> {
  for (const { id, what, job } of clients.jobs.known.values()) {
    if (job?.status === "running" || job === undefined) yield `${id} has not ended`;
    else if (job.status === "done") {
      // What the crew has done is looked at by itself.
      if (what !== chores) continue;
      const { output } = job.output as { readonly output: unknown };
      if (output !== lastWords) yield `${id} ended with ${JSON.stringify(output)}`;
    } else if (!isCutOff(job.failure)) yield `${id} has ${job.status}: ${JSON.stringify(job.failure)}`;
  }
}

/** True where somebody has to look whether an irreversible tool was done. */
function isCutOff(failure: unknown): boolean {
  return /"unknown-outcome"/.test(JSON.stringify(failure)) && /the tool irreversible/.test(JSON.stringify(failure));
}

/** Nobody writes behind whoever opened the journal after him: positions and numbers have no gap and no repetition, incarnations only rise. */
function* checkJournals({ journals }: History): Generator<string> {
  for (const [endpoint, records] of journals) {
    let last = 0;
    const newest = new Map<Address, { readonly seq: number; readonly incarnation: number }>();
    for (const record of records) {
      if (record.type !== "entries") continue;
      if (record.first <= last) yield `${endpoint}: message ${record.message} writes position ${record.first} behind ${last}: a zombie's`;
      for (const { address, seq, incarnation, position } of record.turns) {
        last = Math.max(last, position);
        const before = newest.get(address);
        if (before !== undefined && seq <= before.seq)
          yield `${endpoint}: message ${record.message} has turn ${seq} of ${address} behind ${before.seq}`;
        if (before !== undefined && incarnation < before.incarnation)
          yield `${endpoint}: message ${record.message} is of incarnation ${incarnation} of ${address}, which is at ${before.incarnation}`;
        newest.set(address, { seq, incarnation: Math.max(incarnation, before?.incarnation ?? 0) });
      }
    }
  }
}

interface Note {
  readonly kind: string;
  readonly key: string;
  readonly tokens?: number;
  readonly tool?: string;
  /** Of a tool: false where it failed, or was taken back. */
  readonly ok?: boolean;
}

/** Results of models and tools that are stored, by key: when, and what they cost. */
function resultsIn(journals: History["journals"]): ReadonlyMap<string, { readonly atMs: number; readonly tokens: number }> {
  const results = new Map<string, { readonly atMs: number; readonly tokens: number }>();
  for (const record of Array.from(journals.values()).flat()) {
    if (record.type !== "entries") continue;
    for (const { effects } of record.turns) {
      for (const { kind, detail } of effects) {
        if (kind !== "orgtree.note") continue;
        const { kind: what, key, tokens = 0, ok = true, tool } = detail as Note;
        // That one is the organization's own, and is in no ledger.
        if (tool === "run_check") continue;
        if ((what === "model" || (what === "tool" && ok)) && !results.has(key)) results.set(key, { atMs: record.atMs, tokens });
      }
    }
  }
  return results;
}

/** How long after it wakes a process may come to what it was about to begin when it was stopped: only promises are in between. */
const wakeMs = 250;

/**
 * Whether a process was stopped between its look at its lease and the first step of what it begins, and something happened meanwhile: nobody
 * can keep a process from that, as `docs/semantics.md` says. It can only be what comes first when it wakes.
 */
function wasStoppedAt({ pid, atMs }: LedgerLine, happenedMs: number, stopped: readonly Stopped[]): boolean {
  return stopped.some((each) => each.pid === pid && each.fromMs < happenedMs && each.toMs < atMs && atMs < each.toMs + wakeMs);
}

/** What is stored, or was taken back, is never done again, and what is not simply repeated is begun once at most under its key. */
function* checkLedger({ ledger, journals, stopped }: History): Generator<string> {
  const results = resultsIn(journals);
  const begun = new Map<string, number>();
  const undone = new Map<string, number>();
  for (const line of ledger) {
    const { step, what, key, atMs, pid } = line;
    if (step === "undo-begin") undone.set(key, Math.min(atMs, undone.get(key) ?? Infinity));
    if (step !== "begin") continue;
    begun.set(`${what} ${key}`, (begun.get(`${what} ${key}`) ?? 0) + 1);
    for (const [how, endMs] of [
      ["its result was stored", results.get(key)?.atMs],
      ["it was being taken back", undone.get(`${key}/undo`)],
    ] as const) {
      if (endMs !== undefined && atMs > endMs && !wasStoppedAt(line, endMs, stopped))
        yield `${what} ${key} was begun by ${pid} ${(atMs - endMs).toFixed(1)} ms after ${how}`;
    }
  }
  for (const [what, times] of begun) {
    if (/^(irreversible|compensable) /.test(what) && times > 1) yield `${what} was begun ${times} times`;
  }
  const ended = new Set(ledger.filter(({ step }) => step === "end").map(({ key }) => key));
  for (const [key] of results) if (begun.size > 0 && !ended.has(key)) yield `there is a result of ${key}, which has never ended`;
}

/** What can be taken back, and has no result, was taken back. */
function* checkCompensations({ ledger, journals }: History): Generator<string> {
  const results = resultsIn(journals);
  const undone = new Set(ledger.filter(({ step }) => step === "undo-end").map(({ key }) => key));
  for (const { step, what, key } of ledger) {
    if (step === "begin" && what === "compensable" && !results.has(key) && !undone.has(`${key}/undo`))
      yield `${key} has no result, and was not taken back`;
  }
  for (const key of undone) if (results.has(key.replace(/\/undo$/, ""))) yield `${key} was taken back, and its result is stored`;
}

/** No run has spent more than it may, and its report says what it has spent. */
function* checkBudgets({ clients, ledger, journals }: History): Generator<string> {
  const results = resultsIn(journals);
  const [spent, stored] = [new Map<string, number>(), new Map<string, number>()];
  for (const { what, step, key, tokens = 0 } of ledger) {
    const run = key.split("/")[0]!;
    if (what === "model" && step === "end") spent.set(run, (spent.get(run) ?? 0) + tokens);
  }
  for (const [key, { tokens }] of results) {
    const run = key.split("/")[0]!;
    stored.set(run, (stored.get(run) ?? 0) + tokens);
  }
  for (const [run, tokens] of spent) if (tokens > mostTokens) yield `run ${run} has spent ${tokens} tokens, of ${mostTokens} at most`;
  const sums = Array.from(stored.values()).toSorted((one, other) => one - other);
  const reported = Array.from(clients.jobs.known.values()).flatMap(({ job }) => {
    const report = (job?.output as { report?: { tokens?: number } } | undefined)?.report;
    return report?.tokens === undefined ? [] : [report.tokens];
  });
  reported.sort((one, other) => one - other);
  if (reported.join(" ") !== sums.join(" ")) yield `runs report ${summary(reported)} tokens, and journals have ${summary(sums)}`;
}

function summary(sums: readonly number[]): string {
  return `${sums.reduce((all, each) => all + each, 0)} in ${sums.length}`;
}
