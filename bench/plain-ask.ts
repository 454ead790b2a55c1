/** Questions to a plain actor, one after the other and 100 in flight; every answer is looked at. */
import { createActorSystem, plain } from "@orgtree/runtime";
import nact from "nact";
import { erlang, node, perSecond, timed, type Bench, type Job } from "./harness/bench.ts";

type Ask = () => Promise<unknown>;

/** How many of `size` questions were answered with 1. */
async function oneByOne(ask: Ask, size: number): Promise<number> {
  let answered = 0;
  for (let asked = 0; asked < size; asked++) if ((await ask()) === 1) answered++;
  return answered;
}

async function hundredInFlight(ask: Ask, size: number): Promise<number> {
  const askers = Array.from({ length: 100 }, () => oneByOne(ask, size / 100));
  return (await Promise.all(askers)).reduce((sum, answered) => sum + answered, 0);
}

async function ours(): Promise<Ask> {
  const system = createActorSystem();
  const logic = plain<number, { readonly ask: number }>({
    init: () => 0,
    receive(state, message, turn) {
      turn.reply(message.ask);
      return state + message.ask;
    },
  });
  const server = await system.start({ id: "server", logic });
  const message = { ask: 1 };
  return () => system.ask(server, message);
}

interface NactMessage {
  readonly ask: number;
  readonly asker: object;
}

function nactQuery(): Ask {
  const system = nact.start();
  const receive = (state: number, message: NactMessage): number => {
    nact.dispatch(message.asker, message.ask);
    return state + message.ask;
  };
  const actor = nact.spawn(system, receive, "server", { initialState: 0 });
  return () => nact.query(actor, (asker: object): NactMessage => ({ ask: 1, asker }), 5_000);
}

async function oursOneByOne(): Promise<Job> {
  const ask = await ours();
  return (size) => timed(() => oneByOne(ask, size));
}

async function oursInFlight(): Promise<Job> {
  const ask = await ours();
  return (size) => timed(() => hundredInFlight(ask, size));
}

function nactOneByOne(): Job {
  const ask = nactQuery();
  return (size) => timed(() => oneByOne(ask, size));
}

function nactInFlight(): Job {
  const ask = nactQuery();
  return (size) => timed(() => hundredInFlight(ask, size));
}

export const bench: Bench = {
  name: "plain-ask",
  comparisons: [
    {
      name: "one by one",
      size: 50_000,
      contenders: { ours: node(oursOneByOne), nact: node(nactOneByOne), Erlang: erlang("ask") },
      rows: [
        { what: "plain ask, one after the other", measure: perSecond, peer: "nact", floor: 2 },
        { what: "plain ask, one after the other", measure: perSecond, peer: "Erlang", goal: 0.5 },
      ],
    },
    {
      name: "100 in flight",
      size: 100_000,
      contenders: { ours: node(oursInFlight), nact: node(nactInFlight), Erlang: erlang("ask_100") },
      rows: [
        { what: "plain ask, 100 in flight", measure: perSecond, peer: "nact", floor: 2 },
        { what: "plain ask, 100 in flight", measure: perSecond, peer: "Erlang", goal: 0.5 },
      ],
    },
  ],
};
