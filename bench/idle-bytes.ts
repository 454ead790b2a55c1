/** Heap bytes of an idle actor: 100,000 of them in a process that has nothing else, measured after a collection. */
import { createActorSystem, plain, type Logic } from "@orgtree/runtime";
import nact from "nact";
import { createActor, fromTransition, type AnyActorLogic } from "xstate";
import { bytesEach, erlang, node, type Bench, type Job, type Sample } from "./harness/bench.ts";
import { deskOf } from "./subjects/desks.ts";
import { agentLike } from "./subjects/machines.ts";

const idle = plain<number, number>({
  init: () => 0,
  receive(state, message, turn) {
    turn.reply(message);
    return state + message;
  },
});

/** What `start` leaves on the heap; `count` looks how many live. The started must be held, or they are collected too. */
async function measured(start: () => unknown, count: (started: unknown) => number): Promise<Sample> {
  const before = await heapBytes();
  const started = await start();
  const bytes = (await heapBytes()) - before;
  return { done: count(started), bytes };
}

/** What is collected in a finalizer or a later turn counts as gone. */
async function heapBytes(): Promise<number> {
  for (let time = 0; time < 3; time++) {
    globalThis.gc!();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function ours(logic: Logic, firstMessage?: unknown): Promise<Job> {
  const system = createActorSystem();
  await system.start({ id: "warm-up", logic });
  return (size) =>
    measured(
      async () => {
        const others = system.open.actors + 1;
        await system.start(deskOf(size, logic));
        if (firstMessage !== undefined) {
          for (let n = 0; n < size; n++) await system.ask(`/desk/child-${n}`, firstMessage);
        }
        return others;
      },
      (others) => system.open.actors - (others as number),
    );
}

function bare(logic: AnyActorLogic): Job {
  createActor(logic).start().stop();
  return (size) =>
    measured(
      () => Array.from({ length: size }, () => createActor(logic).start()),
      (actors) => (actors as ReturnType<typeof createActor>[]).filter((actor) => actor.getSnapshot().status === "active").length,
    );
}

function nactActors(): Job {
  const system = nact.start();
  return (size) =>
    measured(
      () => Array.from({ length: size }, (_, n) => nact.spawn(system, (state: number) => state, `child-${n}`, { initialState: 0 })),
      (actors) => (actors as unknown[]).length,
    );
}

const machine = (): Job => bare(agentLike("xstate"));

export const bench: Bench = {
  name: "idle-bytes",
  comparisons: [
    {
      name: "plain",
      size: 100_000,
      fresh: true,
      rounds: 2,
      contenders: {
        ours: node(() => ours(idle)),
        "ours after a message": node(() => ours(idle, 1)),
        nact: node(nactActors),
        "XState fromTransition": node(() => bare(fromTransition((state: { n: number }) => state, { n: 0 }))),
        "Erlang process": erlang("process_bytes"),
        "Erlang gen_server": erlang("gen_server_bytes"),
      },
      rows: [
        { what: "idle plain actor", measure: bytesEach, floor: 1_536, goal: 1_024 },
        { what: "idle plain actor after a message", measure: bytesEach, by: "ours after a message", floor: 1_536, goal: 1_024 },
        { what: "idle plain actor", measure: bytesEach, peer: "Erlang process" },
        { what: "idle plain actor", measure: bytesEach, peer: "Erlang gen_server" },
        { what: "idle plain actor", measure: bytesEach, peer: "XState fromTransition" },
        { what: "idle plain actor", measure: bytesEach, peer: "nact" },
      ],
    },
    {
      name: "machine",
      size: 100_000,
      fresh: true,
      rounds: 2,
      contenders: {
        ours: node(() => ours(agentLike("orgtree"))),
        "ours after a message": node(() => ours(agentLike("orgtree"), { type: "report" })),
        "bare XState": node(machine),
      },
      rows: [
        { what: "idle machine agent", measure: bytesEach, peer: "bare XState", floor: 1.2, goal: 0.4 },
        {
          what: "idle machine agent after a message",
          measure: bytesEach,
          by: "ours after a message",
          peer: "bare XState",
          floor: 1.2,
          goal: 0.4,
        },
      ],
    },
  ],
};
