/** Messages to a plain actor that counts them, with a question as the barrier: what it answers is what arrived. */
import { createActorSystem, plain, type ActorSystem } from "@orgtree/runtime";
import type { Address } from "@orgtree/core";
import nact from "nact";
import { createActor, createMachine, assign, fromTransition } from "xstate";
import { erlang, node, perSecond, timed, type Bench, type Job } from "./harness/bench.ts";

/** The default mailbox holds 1,000: this many and the question. */
const batch = 999;
const add = { type: "add", by: 1 } as const;
const count = { type: "count" } as const;
type Message = typeof add | typeof count;

const counter = plain<number, Message>({
  init: () => 0,
  receive(state, message, turn) {
    if (message.type === "add") return state + message.by;
    turn.reply(state);
    return 0;
  },
});

/** Sends in batches, and adds up what the actor says that it got. */
async function inBatches(size: number, sendBatch: (count: number) => number | Promise<number>): Promise<number> {
  let arrived = 0;
  for (let left = size; left > 0; left -= batch) arrived += await sendBatch(Math.min(batch, left));
  return arrived;
}

async function ours(mailbox?: number): Promise<{ system: ActorSystem; counterAt: Address }> {
  const system = createActorSystem();
  const counterAt = await system.start({ id: "counter", logic: counter, ...(mailbox === undefined ? {} : { mailbox }) });
  return { system, counterAt };
}

async function oursTold(mailbox?: number): Promise<(count: number) => Promise<number>> {
  const { system, counterAt } = await ours(mailbox);
  return async (messages) => {
    for (let sent = 0; sent < messages; sent++) system.tell(counterAt, add);
    return (await system.ask(counterAt, count)) as number;
  };
}

async function oursInBatches(): Promise<Job> {
  const tell = await oursTold();
  return (size) => timed(() => inBatches(size, tell));
}

async function oursInOneBurst(): Promise<Job> {
  const tell = await oursTold(100_000);
  return (size) => timed(() => tell(size));
}

/** An actor that tells another within its turn, and passes its asker's question on. */
async function oursFromActor(): Promise<Job> {
  const { system, counterAt } = await ours();
  const driver = plain<undefined, { readonly send: number }>({
    init: () => undefined,
    receive(state, { send }, turn) {
      for (let sent = 0; sent < send; sent++) turn.tell(counterAt, add);
      turn.reply(send);
      return state;
    },
  });
  const driverAt = await system.start({ id: "driver", logic: driver });
  const drive = async (send: number): Promise<number> => {
    await system.ask(driverAt, { send });
    return (await system.ask(counterAt, count)) as number;
  };
  return (size) => timed(() => inBatches(size, drive));
}

type NactMessage = typeof add | { readonly type: "count"; readonly asker: object };

function nactTold(): (count: number) => Promise<number> {
  const system = nact.start();
  const receive = (state: number, message: NactMessage): number => {
    if (message.type === "add") return state + message.by;
    nact.dispatch(message.asker, state);
    return 0;
  };
  const actor = nact.spawn(system, receive, "counter", { initialState: 0 });
  return async (messages) => {
    for (let sent = 0; sent < messages; sent++) nact.dispatch(actor, add);
    return (await nact.query(actor, (asker: object): NactMessage => ({ type: "count", asker }), 30_000)) as number;
  };
}

function nactInBatches(): Job {
  const tell = nactTold();
  return (size) => timed(() => inBatches(size, tell));
}

function nactInOneBurst(): Job {
  const tell = nactTold();
  return (size) => timed(() => tell(size));
}

/** On the caller's stack: no mailbox, no bound, no supervision. */
function xstateTransition(): Job {
  const logic = fromTransition(
    (state: { count: number }, event: Message) => (event.type === "add" ? { count: state.count + event.by } : { count: 0 }),
    { count: 0 },
  );
  const actor = createActor(logic).start();
  return bare(
    (event) => actor.send(event),
    () => actor.getSnapshot().context.count,
  );
}

function xstateMachine(): Job {
  const machine = createMachine({
    types: {} as { context: { count: number }; events: Message },
    context: { count: 0 },
    on: {
      add: { actions: assign({ count: ({ context, event }) => context.count + event.by }) },
      count: { actions: assign({ count: 0 }) },
    },
  });
  const actor = createActor(machine).start();
  return bare(
    (event) => actor.send(event),
    () => actor.getSnapshot().context.count,
  );
}

function bare(send: (event: Message) => void, look: () => number): Job {
  const sendBatch = (messages: number): number => {
    for (let sent = 0; sent < messages; sent++) send(add);
    const arrived = look();
    send(count);
    return arrived;
  };
  return (size) => timed(() => inBatches(size, sendBatch));
}

export const bench: Bench = {
  name: "plain-tell",
  comparisons: [
    {
      name: "batches",
      size: 299_700,
      contenders: {
        ours: node(oursInBatches),
        nact: node(nactInBatches),
        "XState fromTransition": node(xstateTransition),
        "XState machine": node(xstateMachine),
        Erlang: erlang("tell_batches"),
      },
      rows: [
        { what: "plain tell, batches of 1,000", measure: perSecond, floor: 3e6 },
        { what: "plain tell, batches of 1,000", measure: perSecond, peer: "nact", floor: 6 },
        { what: "plain tell, batches of 1,000", measure: perSecond, peer: "Erlang", goal: 1 },
        { what: "plain tell, batches of 1,000", measure: perSecond, peer: "XState fromTransition" },
        { what: "plain tell, batches of 1,000", measure: perSecond, peer: "XState machine" },
      ],
    },
    {
      name: "burst",
      size: 99_999,
      contenders: { ours: node(oursInOneBurst), nact: node(nactInOneBurst), Erlang: erlang("tell_burst") },
      rows: [
        { what: "plain tell, burst of 100,000", measure: perSecond, floor: 3e6 },
        { what: "plain tell, burst of 100,000", measure: perSecond, peer: "nact", floor: 6 },
        { what: "plain tell, burst of 100,000", measure: perSecond, peer: "Erlang", goal: 1 },
      ],
    },
    {
      name: "from an actor",
      size: 299_700,
      contenders: { ours: node(oursFromActor), Erlang: erlang("tell_actor") },
      rows: [{ what: "plain tell, from actor to actor", measure: perSecond, peer: "Erlang" }],
    },
  ],
};
