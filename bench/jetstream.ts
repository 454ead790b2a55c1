/**
 * Durable turns through a JetStream journal on a real nats-server with file storage, once as it comes and once with every write on the disk
 * before it is answered (`sync_interval: always`); against blocks that are published and acknowledged by the client of NATS alone. Then how
 * long a partition takes to be opened elsewhere, with the turn of its last actor.
 */
import { NatsLink, openJetStreamJournal } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { createActorSystem } from "@orgtree/runtime";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { node, perSecond, plainly, timed, type Bench, type Comparison, type Job } from "./harness/bench.ts";
import { askAll, countTurns, desk, randomText, startDesks } from "./subjects/asked-desks.ts";
import { deskOf } from "./subjects/desks.ts";
import { blockBytes, Latencies } from "./subjects/disk.ts";

type Sync = "default" | "always";

/** A server that ends with this process. */
async function serverWith(sync: Sync): Promise<NatsLink> {
  const server = await LocalServer.start({ jetStream: sync === "always" ? "synced" : true });
  return NatsLink.connect({ servers: server.url });
}

async function ours(actors: number, sync: Sync): Promise<Job> {
  const link = await serverWith(sync);
  let round = 0;
  return async (size) => {
    await using journal = await openJetStreamJournal(link, { name: `round-${round++}` });
    await using system = createActorSystem({ journal });
    await startDesks(system, actors, desk({ grows: false }));
    const sample = await askAll({ system, actors, size, textBytes: 256 });
    return { ...sample, done: Math.min(sample.done, await countTurns(journal, actors)) };
  };
}

async function published(inFlight: number, sync: Sync): Promise<Job> {
  const { connection } = await serverWith(sync);
  const manager = await jetstreamManager(connection);
  const stream = jetstream(connection);
  let round = 0;
  return async (size) => {
    const name = `round-${round++}`;
    await manager.streams.add({ name, subjects: [name] });
    const latencies = new Latencies();
    const publisher = async (): Promise<void> => {
      for (let left = size / inFlight; left > 0; left--) {
        const begin = performance.now();
        await stream.publish(name, new Uint8Array(blockBytes).fill(left));
        latencies.add(begin);
      }
    };
    const { ms } = await timed(async () => (await Promise.all(Array.from({ length: inFlight }, publisher))).length);
    return latencies.with({ done: (await manager.streams.info(name)).state.messages, ms: ms! });
  };
}

function turns(actors: number, sync: Sync): Comparison {
  const who = actors === 1 ? "one actor" : `${actors} actors`;
  const what = `durable turns, JetStream, ${who}, sync ${sync}`;
  const peer = "publish, acknowledged";
  const marks = actors === 32 && sync === "default" ? { floor: 10_000, goal: 20_000 } : {};
  return {
    name: `${who}, sync ${sync}`,
    size: actors === 1 ? 1_000 : 250 * actors,
    rounds: 5,
    warmUps: 1,
    contenders: { ours: node(() => ours(actors, sync)), [peer]: node(() => published(actors, sync)) },
    rows: [
      { what, measure: perSecond, ...marks },
      { what, measure: perSecond, peer },
      { what: "… p50", measure: plainly("p50", "ms"), peer },
      { what: "… p99", measure: plainly("p99", "ms"), peer },
    ],
  };
}

/** Everybody has done a turn in one process; then another opens the journal, and asks the last of them. */
async function activation(): Promise<Job> {
  const link = await serverWith("default");
  let round = 0;
  return async (size) => {
    const name = `round-${round++}`;
    await using first = await openDesk(link, { name, size });
    await Promise.all(Array.from({ length: size }, (_, n) => first.say(n)));
    await first[Symbol.asyncDispose]();
    const begin = performance.now();
    await using second = await openDesk(link, { name, size });
    const turn = await second.say(size - 1);
    return { done: turn === 2 ? size : 0, ms: performance.now() - begin };
  };
}

async function openDesk(link: NatsLink, { name, size }: { readonly name: string; readonly size: number }) {
  const journal = await openJetStreamJournal(link, { name });
  const system = createActorSystem({ journal });
  await system.start(deskOf(size, desk({ grows: false })));
  return {
    say: (n: number): Promise<unknown> => system.ask(`/desk/child-${n}`, { type: "SAY", text: randomText(256) }, { timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: () => system.close(),
  };
}

function activated(size: number): Comparison {
  const what = `a partition of ${size.toLocaleString("en")} actors, opened, to the turn of the last`;
  return {
    name: `${size} activated`,
    size,
    rounds: 3,
    warmUps: 0,
    contenders: { ours: node(activation) },
    rows: [{ what, measure: plainly("ms", "ms") }],
  };
}

export const bench: Bench = {
  name: "jetstream",
  comparisons: [turns(1, "default"), turns(32, "default"), turns(1, "always"), turns(32, "always"), activated(1_000), activated(10_000)],
};
