/**
 * Nodes of a cluster as processes of their own on one nats-server, with eight partitions. How long the actors of one of them cannot be asked
 * when it is lost, until the last of each partition counts in another process, with the right count; and how many durable turns all nodes do.
 */
import { node, perSecond, plainly, timed, type Bench, type Comparison, type Job } from "./harness/bench.ts";
import { Nodes, type Loss } from "./subjects/nodes.ts";

const ms = plainly("ms", "ms");

async function losing(loss: Loss, cluster: { readonly nodes: number; readonly actors: number }): Promise<Job> {
  const nodes = await Nodes.start(cluster);
  return async (size) => ({ done: size, ms: await nodes.lose(loss) });
}

async function counting(cluster: { readonly nodes: number; readonly actors: number }): Promise<Job> {
  const nodes = await Nodes.start(cluster);
  return (size) => timed(() => nodes.count(size, 64));
}

function takeover(loss: Loss, { nodes, actors }: { readonly nodes: number; readonly actors: number }): Comparison {
  const what = `${loss} of one of ${nodes} nodes, ${actors.toLocaleString("en")} actors in all, to the turn of its last elsewhere`;
  const owed = loss === "kill -9" && actors <= 1_000;
  return {
    name: what,
    size: 1,
    rounds: actors <= 1_000 ? 9 : 3,
    warmUps: 0,
    contenders: { ours: node(() => losing(loss, { nodes, actors })) },
    rows: [{ what, measure: ms, ...(owed ? { floor: 5_000, goal: 2_000 } : {}) }],
  };
}

function throughput(nodes: number): Comparison {
  const what = `durable turns in a cluster, ${nodes === 1 ? "1 node" : `${nodes} nodes`}, 64 at a time`;
  return {
    name: what,
    size: 8_000,
    rounds: 5,
    warmUps: 1,
    contenders: { ours: node(() => counting({ nodes, actors: 1_000 })) },
    rows: [{ what, measure: perSecond }],
  };
}

export const bench: Bench = {
  name: "takeover",
  comparisons: [
    takeover("drain", { nodes: 3, actors: 1_000 }),
    takeover("kill -9", { nodes: 3, actors: 1_000 }),
    takeover("SIGSTOP", { nodes: 3, actors: 1_000 }),
    takeover("kill -9", { nodes: 2, actors: 1_000 }),
    takeover("kill -9", { nodes: 4, actors: 1_000 }),
    takeover("kill -9", { nodes: 3, actors: 10_000 }),
    throughput(1),
    throughput(2),
    throughput(4),
  ],
};
