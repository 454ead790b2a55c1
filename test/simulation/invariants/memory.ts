/** What was acknowledged stays, and states are what the turns made of them. */
import { isWithin } from "@orgtree/core";
import type { Turn } from "@orgtree/runtime";
import { makeClerk, reportOf, type ClerkState, type Report } from "../clerk.ts";
import { lastLife } from "../facts.ts";
import type { JournaledTurn } from "../stored-history.ts";
import type { Invariant } from "./invariant.ts";

export const acknowledgedIsStored: Invariant = {
  name: "what was acknowledged is stored",
  check({ history, plan, turnsOf }) {
    const operations = new Map(plan.operations.map((operation) => [operation.id, operation]));
    for (const { operation, atMs } of history.of("answered")) {
      const { to, order } = operations.get(operation)!;
      if (order.type === "admin") continue;
      const isStored = turnsOf.get(to)?.some(({ message }) => (message as { id?: string } | undefined)?.id === operation);
      if (isStored !== true) return `${operation} was acknowledged at ${atMs}, and ${to} has no turn of it in the journal`;
    }
    return undefined;
  },
};

export const acknowledgedIsRemembered: Invariant = {
  name: "what was acknowledged is remembered by the life that acknowledged it",
  check({ history, plan, reports }) {
    const operations = new Map(plan.operations.map((operation) => [operation.id, operation]));
    for (const { operation, value } of history.of("answered")) {
      const { to, order } = operations.get(operation)!;
      const born = (value as { born?: number } | undefined)?.born;
      const report = reports.get(to);
      if (born === undefined || report === undefined || report.born !== born) continue;
      if (!report.log.includes(`${order.type} ${operation}`)) return `${to} acknowledged ${operation}, and does not remember it`;
    }
    return undefined;
  },
};

export const statesFollowFromTurns: Invariant = {
  name: "a state is what its turns made of it",
  check({ reports, timelines }) {
    for (const [address, report] of reports) {
      if (report?.kind !== "clerk") continue;
      const expected = JSON.stringify({ ...replay(lastLife(timelines.get(address))), born: report.born });
      if (expected !== JSON.stringify({ ...report, born: report.born }))
        return `${address} says ${JSON.stringify(report)}, its turns say ${expected}`;
    }
    return undefined;
  },
};

const clerk = makeClerk({ doWork: () => new Promise(() => {}), nextBirth: () => 0 });

/** What a clerk that took these turns says of itself. */
function replay(turns: readonly JournaledTurn[]): Report | undefined {
  let state: ClerkState | undefined;
  for (const turn of turns) {
    // What somebody fails at changes nothing, nor does a note of what was spent, or a rollback.
    if (turn.took === "internal" || turn.took === "rollback" || turn.effects.some(({ kind }) => kind === "dead-letter")) continue;
    const stub = makeStub(turn);
    if (turn.cause === "init") state = clerk.init(undefined, stub) as ClerkState;
    else if (turn.cause.startsWith("orgtree.")) state = clerk.signal!(state, turn.message as never, stub) as ClerkState;
    else state = clerk.receive(state, turn.message, stub) as ClerkState;
  }
  return state === undefined ? undefined : reportOf(state);
}

/** A turn in which everything is allowed and nothing happens. */
function makeStub({ from }: JournaledTurn): Turn {
  const facts: Record<string, unknown> = { from, replyTo: undefined };
  return new Proxy({} as Turn, { get: (_, name) => (name in facts ? facts[name as string] : () => {}) });
}

export const livesBeginAfterAnEnd: Invariant = {
  name: "a life begins afresh only where the one before ended",
  check({ history, turnsOf, members, turns }) {
    for (const address of turnsOf.keys()) {
      if (members.get(address)?.kind === "team") continue;
      const begun = turnsOf.get(address)?.filter(({ cause }) => cause === "init").length ?? 0;
      const ended = history.events("actor-exited").filter(({ event }) => event.address === address).length;
      // A restart, or a stop, that was decided may be carried out by the next process, and the life before ended with the last one.
      const decided = turns.filter(
        (turn) => isWithin(address, turn.address) && turn.effects.some(({ kind }) => kind === "report" || kind === "stop"),
      ).length;
      if (begun > ended + 1 + decided) return `${address} began afresh ${begun} times, and ended ${ended} times`;
    }
    return undefined;
  },
};
