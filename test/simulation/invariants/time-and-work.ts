/** Timers and work. */
import type { Address } from "@orgtree/core";
import { lastLife, type Facts } from "../facts.ts";
import { turnName } from "../history.ts";
import { epochAtStartMs } from "../life-line.ts";
import type { JournaledTurn } from "../stored-history.ts";
import type { Invariant } from "./invariant.ts";

/** How late a timer may be: its process may be down, and its turn may wait for the disk. */
const mostLateMs = 5_000;

export const timersFireOnce: Invariant = {
  name: "a timer fires once, not early and not late",
  check(facts) {
    for (const [address, turns] of facts.timelines) {
      const kind = facts.members.get(address)?.kind;
      if (kind === "press" || kind === "team") continue;
      const problem = checkTimers(facts, address, turns);
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
};

function checkTimers({ reports, endMs }: Facts, address: Address, turns: readonly JournaledTurn[]): string | undefined {
  const dueMs = new Map<string, number>();
  for (const { cause, message, effects, atMs } of turns) {
    if (cause === "init" || cause === "end") dueMs.clear();
    if (cause === "orgtree.timer") {
      const { name } = message as { name: string };
      const due = dueMs.get(name);
      if (due === undefined) return `${address}: timer ${name} fired, and was not set`;
      if (atMs < due) return `${address}: timer ${name} fired ${due - atMs} ms early`;
      if (atMs > due + mostLateMs) return `${address}: timer ${name} fired ${atMs - due} ms late`;
      dueMs.delete(name);
    }
    for (const { kind, detail } of effects) {
      if (kind === "timer") dueMs.set(detail["name"] as string, atMs + (detail["delayMs"] as number));
      if (kind === "cancel-timer") dueMs.delete(detail["name"] as string);
    }
  }
  if (reports.get(address) === undefined) return undefined;
  for (const [name, due] of dueMs)
    if (due + mostLateMs < epochAtStartMs + endMs) return `${address}: timer ${name} was due at ${due - epochAtStartMs}, and never fired`;
  return undefined;
}

export const irreversibleStartsOnce: Invariant = {
  name: "an irreversible effect starts at most once",
  check({ history }) {
    const started = new Set<string>();
    for (const { key, id, does } of history.of("work")) {
      if (does === "irreversible" && started.has(key)) return `${id} (${key}) was started twice`;
      started.add(key);
    }
    return undefined;
  },
};

export const resultsAreNotRecomputed: Invariant = {
  name: "a stored result is never computed again",
  check({ history, turns, rollbacks }) {
    const results = new Map<string, string>();
    for (const turn of turns) {
      const { cause, message } = turn;
      const { tag, output } = (message ?? {}) as { tag?: string; output?: string };
      if (cause === "orgtree.done") results.set(turnName(turn), tag!);
      else if (cause.startsWith("xstate.done.actor")) results.set(turnName(turn), String(output).slice("result of ".length));
    }
    const keys = new Map<string, Set<string>>();
    const over = new Set<string>();
    for (const happening of history.all) {
      if (happening.what === "appended") {
        for (const entry of happening.entries) {
          const id = results.get(turnName(entry));
          for (const key of keys.get(`${entry.address} ${id}`) ?? []) over.add(key);
        }
      } else if (happening.what === "work") {
        const { key, id, address, does } = happening;
        // A machine that goes back does again what may be done twice.
        const wentBack = does !== "irreversible" && rollbacks.some(({ records }) => records.some((record) => record.address === address));
        if (over.has(key) && !wentBack) return `${id} (${key}) was started again, and its result was stored`;
        const name = `${address} ${id}`;
        keys.set(name, (keys.get(name) ?? new Set()).add(key));
      }
    }
    return undefined;
  },
};

export const workComesToAnEnd: Invariant = {
  name: "what was begun comes to an end",
  isStuck: true,
  check({ timelines, reports, members }) {
    for (const [address, report] of reports) {
      if (report === undefined) continue;
      const ends = new Set(report.log.filter((entry) => /^(done|failed|paused|orgtree.done|orgtree.failed) /.test(entry)).map(lastWord));
      const begun = report.log.filter((entry) => /^(job|pause|work|spend) /.test(entry)).map(lastWord);
      const open = begun.filter((id) => !ends.has(id));
      const life = lastLife(timelines.get(address));
      if (open.length > 0) return `${address}, a ${members.get(address)?.kind} of ${life.length} turns, never ended ${open.join(", ")}`;
    }
    return undefined;
  },
};

const lastWord = (entry: string): string => entry.slice(entry.indexOf(" ") + 1);
