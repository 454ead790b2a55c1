/** Supervisors keep their rules, and nobody is left behind. */
import { childAddress, isWithin, type Address, type SupervisorReport } from "@orgtree/core";
import type { Facts } from "../facts.ts";
import { turnName } from "../history.ts";
import type { TeamPlan } from "../plan.ts";
import type { JournaledTurn } from "../stored-history.ts";
import type { Invariant } from "./invariant.ts";

export const intensityIsKept: Invariant = {
  name: "a supervisor restarts no more often than its intensity allows",
  check({ members, turnsOf }) {
    for (const [address, member] of members) {
      const problem = member.kind === "team" ? checkIntensity(address, member, turnsOf.get(address) ?? []) : undefined;
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
};

function checkIntensity(address: Address, team: TeamPlan, turns: readonly JournaledTurn[]): string | undefined {
  const { maxRestarts, periodMs } = team;
  let attempts: number[] = [];
  for (const turn of turns) {
    if (turn.cause === "begin" || turn.kind === "end") attempts = [];
    for (let count = attemptsIn(turn, team); count > 0; count--) attempts.push(turn.atMs);
    const recent = attempts.filter((attempt) => attempt >= turn.atMs - periodMs + 0.01);
    if (recent.length > maxRestarts) return `${address} restarted ${recent.length} times in ${periodMs} ms; ${maxRestarts} are allowed`;
  }
  return undefined;
}

/** The restarts that were granted in a turn: those after a backoff when their time comes, others at once. */
function attemptsIn({ cause, effects }: JournaledTurn, { members }: TeamPlan): number {
  let count = cause === "retry" && effects.some(({ kind }) => kind === "start" || kind === "stop") ? 1 : 0;
  for (const { kind, detail } of effects) {
    if (kind !== "report") continue;
    const { context, child, directive, decision } = detail["report"] as SupervisorReport;
    const waits = members.find(({ id }) => id === child)?.backoffMs !== undefined;
    const isRestart = directive === "restart" || directive === "resume" || decision.startsWith("permanent");
    if (context === "child-terminated" && ((isRestart && !waits) || directive === "rollback")) count++;
    if (context === "gave-up" && decision.startsWith("restart refused")) count--;
  }
  return count;
}

export const everybodyAnswers: Invariant = {
  name: "no actor is stuck for ever",
  isStuck: true,
  check({ reports, living, isBusy, endMs, members }) {
    if (isBusy) return `something still goes on at ${endMs}`;
    for (const [address, node] of living) {
      if (node.status !== "running") {
        if (node.status !== "stopped") return `${address} is still ${node.status} at ${endMs}`;
      } else if (reports.has(address) && reports.get(address) === undefined && !isLimited(members, address)) {
        return `${address} runs, and does not answer`;
      }
    }
    return undefined;
  },
};

/** An answer is a turn, for which there may be no budget. */
function isLimited(members: Facts["members"], address: Address): boolean {
  return [...members].some(([top, { budget }]) => budget?.turns !== undefined && isWithin(address, top));
}

export const permanentChildrenRun: Invariant = {
  name: "a permanent child runs, unless somebody gave it up",
  isStuck: true,
  check(facts) {
    const { members, living, history } = facts;
    const givenUp = new Set<Address>();
    for (const { event } of history.events("escalated-to-root")) givenUp.add(event.address);
    for (const { event } of history.events("report")) {
      const { supervisor, context, directive, child, decision } = event.report;
      if (context === "gave-up" || context === "auto-shutdown") givenUp.add(supervisor);
      const isOver = directive === "stop" || decision.endsWith("it is stopped") || decision === "told to the caller";
      if (isOver) givenUp.add(childAddress(supervisor, child));
    }
    for (const [address, { restart }] of members) {
      if (restart !== "permanent" || living.get(address)?.status === "running") continue;
      const isUnder = [...givenUp].some((place) => isWithin(address, place));
      const mayGo = [...members].some(([place, each]) => each.restart !== "permanent" && isWithin(address, place));
      if (isUnder || mayGo || wasTerminated(facts, address)) continue;
      return `${address} is ${living.get(address)?.status ?? "gone"}, and nobody gave it up`;
    }
    return undefined;
  },
};

/** Somebody asked for its end, or for that of somebody above it. */
function wasTerminated({ history, plan }: Facts, address: Address): boolean {
  const arrived = new Set(history.of("arrived").map(({ operation }) => operation));
  return plan.operations.some(({ id, to, order }) => {
    if (!arrived.has(id)) return false;
    if (order.type === "manage") {
      const child = childAddress(order.to, order.child);
      // Who cannot be put back by hand is stopped; who asks for his own rollback is refused.
      const isGranted = order.call === "terminate-child" || (order.call === "rollback-child" && !isWithin(to, child));
      return isGranted && isWithin(address, child);
    }
    return (
      order.type === "admin" &&
      ["terminate", "rollback", "rollback-consenting"].includes(order.call) &&
      isWithin(address, childAddress(to, order.child))
    );
  });
}

export const watchersHearOnce: Invariant = {
  name: "a watcher hears once of each end that it watches for",
  check({ timelines }) {
    for (const [address, turns] of timelines) {
      let watched: string[] = [];
      for (const { cause, message, effects } of turns) {
        if (cause === "init") watched = [];
        if (cause === "orgtree.down") {
          const target = (message as { address: string }).address;
          const at = watched.indexOf(target);
          if (at < 0) return `${address} heard of the end of ${target} once too often`;
          watched.splice(at, 1);
        }
        for (const { kind, detail } of effects) if (kind === "watch") watched.push(detail["address"] as string);
      }
    }
    return undefined;
  },
};

export const oneWriterAtATime: Invariant = {
  name: "nobody writes after another process has opened the journal",
  check({ history }) {
    let newest = 0;
    for (const { epoch, entries } of history.of("appended")) {
      if (epoch < newest) return `${entries.map(turnName).join(", ")} was written in epoch ${epoch}, after epoch ${newest} began`;
      newest = epoch;
    }
    return undefined;
  },
};

export const numbersAreUsedOnce: Invariant = {
  name: "the number of a turn is used once",
  check({ history }) {
    const taken = history.of("appended").find(({ how }) => how === "conflict");
    return taken === undefined
      ? undefined
      : `at ${taken.atMs} ${taken.entries.map(turnName).join(", ")} was to be stored under a number that is taken`;
  },
};

export const everythingIsGivenBack: Invariant = {
  name: "a closed system has nothing open",
  isStuck: true,
  check({ open }) {
    if (open === undefined) return "the system did not close";
    const { actors, timers, asks } = open;
    return actors + timers + asks === 0 ? undefined : `open after the end: ${actors} actors, ${timers} timers, ${asks} asks`;
  },
};
