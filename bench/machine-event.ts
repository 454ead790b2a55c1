/** Events to an XState machine through mailbox and supervision, against `send` of a bare XState actor on the caller's stack. */
import { createActorSystem, type ActorSystem } from "@orgtree/runtime";
import { createActor, type Actor, type AnyStateMachine, type EventObject } from "xstate";
import { node, perSecond, timed, type Bench, type Comparison, type Job } from "./harness/bench.ts";
import { agentDay, agentLike, threeStates } from "./subjects/machines.ts";

/** Who gets which events, and how the machine's own word shows that it took them. */
interface Subject {
  readonly make: (under: "orgtree" | "xstate") => AnyStateMachine;
  readonly events: readonly EventObject[];
  /** Events before each question; with it they fit into the default mailbox of 1,000. */
  readonly batch: number;
  /** How far it is, which grows by one with each event, modulo `modulus`. */
  readonly progressUnder: (system: ActorSystem, reported: unknown) => number;
  readonly progressOf: (actor: Actor<AnyStateMachine>) => number;
  readonly modulus: number;
}

const ring: Subject = {
  make: threeStates,
  events: [{ type: "NEXT" }],
  batch: 998, // No multiple of three: a batch that was lost shows.
  progressUnder: (system) => "abc".indexOf(system.tree().children[0]!.label!),
  progressOf: (actor) => "abc".indexOf(actor.getSnapshot().value as string),
  modulus: 3,
};

const agent: Subject = {
  make: agentLike,
  events: agentDay,
  batch: 995,
  progressUnder: (_, reported) => reported as number,
  progressOf: (actor) => actor.getSnapshot().context.taken as number,
  modulus: Infinity,
};

async function ours(subject: Subject): Promise<Job> {
  const system = createActorSystem();
  const address = await system.start({ id: "machine", logic: subject.make("orgtree") });
  const report = { type: "report" };
  return inBatches(subject, {
    send: (event) => system.tell(address, event),
    progress: async () => {
      const reported = await system.ask(address, report);
      const lost = Object.keys(system.deadLetters.counts());
      return lost.length === 0 ? subject.progressUnder(system, reported) : Number.NaN;
    },
  });
}

function bare(subject: Subject): Promise<Job> {
  const actor = createActor(subject.make("xstate")).start();
  const report = { type: "report" };
  return inBatches(subject, {
    send: (event) => actor.send(event),
    progress: () => {
      actor.send(report);
      return subject.progressOf(actor);
    },
  });
}

async function inBatches(
  subject: Subject,
  machine: { send(event: EventObject): void; progress(): number | Promise<number> },
): Promise<Job> {
  const { events, batch, modulus } = subject;
  let before = await machine.progress();
  const sendBatch = async (count: number): Promise<number> => {
    for (let sent = 0; sent < count; sent++) machine.send(events[sent % events.length]!);
    const after = await machine.progress();
    const arrived = (after - before - count) % modulus === 0 ? count : 0;
    before = after;
    return arrived;
  };
  return (size) =>
    timed(async () => {
      let arrived = 0;
      for (let left = size; left > 0; left -= batch) arrived += await sendBatch(Math.min(batch, left));
      return arrived;
    });
}

function comparison(name: string, subject: Subject): Comparison {
  const what = `machine event, ${name}`;
  return {
    name,
    size: subject.batch * 50,
    contenders: { ours: node(() => ours(subject)), "bare XState": node(() => bare(subject)) },
    rows: [{ what, measure: perSecond, peer: "bare XState", floor: 0.8, goal: 1 }],
  };
}

export const bench: Bench = {
  name: "machine-event",
  comparisons: [comparison("three states", ring), comparison("agent-like", agent)],
};
