/** Nodes of a cluster as processes of their own, on one nats-server, with a crowd of counters in each partition. */
import { fileURLToPath } from "node:url";
import type { Address } from "@orgtree/core";
import { NatsLink } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { connectClient, endpointsOf, type ClusterClient } from "@orgtree/node";
import { ServiceProcess } from "../../services/local-cluster/src/service-process.ts";

const partitions = { main: 8 };
const namespace = "bench";
const crowdModule = fileURLToPath(new URL("crowd.ts", import.meta.url));
const noLog = (): void => undefined;
const silent = { level: "silent", trace: noLog, debug: noLog, info: noLog, warn: noLog, error: noLog, fatal: noLog, child: () => silent };

/** How a node is lost: it hands over and leaves; its process is gone; its process stands still. */
export type Loss = "drain" | "kill -9" | "SIGSTOP";

/** What a counter answered. */
interface Counted {
  readonly count: number;
  readonly pid: number;
}

/** Longest that somebody waits for an answer before he asks again, and for a cluster to come to rest, in milliseconds. */
const attemptMs = 250;
const patienceMs = 900_000;

/** A cluster of some nodes, with so many actors. */
export class Nodes {
  readonly #server: LocalServer;
  readonly #client: ClusterClient;
  /** One in each partition. */
  readonly #crowds: readonly string[];
  readonly #crowdSize: number;
  readonly #processes: ServiceProcess[] = [];
  #started = 0;

  private constructor(parts: { server: LocalServer; client: ClusterClient; crowds: readonly string[]; crowdSize: number }) {
    this.#server = parts.server;
    this.#client = parts.client;
    this.#crowds = parts.crowds;
    this.#crowdSize = parts.crowdSize;
  }

  static async start({ nodes, actors }: { readonly nodes: number; readonly actors: number }): Promise<Nodes> {
    const server = await LocalServer.start();
    const link = await NatsLink.connect({ servers: server.url });
    const { client } = connectClient({ link, namespace, partitions, logger: silent });
    const crowds = crowdNames();
    const all = new Nodes({ server, client, crowds, crowdSize: Math.ceil(actors / crowds.length) });
    for (let n = 0; n < nodes; n++) await all.#startNode();
    for (const id of crowds) await client.submit({ id, kind: "actor", what: "crowd", input: all.#crowdSize });
    for (const crowd of crowds) await all.#ask(all.#lastOf(crowd));
    return all;
  }

  /** How long the actors of one node cannot be asked when it is lost: from then until the last of each of its crowds counts elsewhere. */
  async lose(loss: Loss): Promise<number> {
    const before = new Map<string, Counted>();
    for (const crowd of this.#crowds) before.set(crowd, await this.#ask(this.#lastOf(crowd)));
    const victim = this.#processes.find(({ pid }) => pid === before.get(this.#crowds[0]!)!.pid)!;
    const lost = this.#crowds.filter((crowd) => before.get(crowd)!.pid === victim.pid);
    const begin = performance.now();
    if (loss === "drain") void victim.stop();
    else process.kill(victim.pid, loss === "SIGSTOP" ? "SIGSTOP" : "SIGKILL");
    await Promise.all(lost.map((crowd) => this.#elsewhere(crowd, before.get(crowd)!)));
    const ms = performance.now() - begin;
    if (loss === "SIGSTOP") await victim.kill();
    else await victim.stop();
    this.#processes.splice(this.#processes.indexOf(victim), 1);
    await this.#startNode();
    return ms;
  }

  /** Turns in all partitions, so many at a time; gives back how many were done. */
  async count(turns: number, atATime: number): Promise<number> {
    let next = 0;
    let done = 0;
    const one = async (): Promise<void> => {
      for (let n = next++; n < turns; n = next++) {
        const crowd = this.#crowds[n % this.#crowds.length]!;
        await this.#client.system.ask(`/${crowd}/child-${Math.floor(n / this.#crowds.length) % this.#crowdSize}`, "count");
        done++;
      }
    };
    await Promise.all(Array.from({ length: atATime }, one));
    return done;
  }

  async #startNode(): Promise<void> {
    const name = `node-${++this.#started}`;
    const environment = {
      NATS_URL: this.#server.url,
      ORGTREE_NODE: name,
      ORGTREE_NAMESPACE: namespace,
      ORGTREE_PARTITIONS: `main=${partitions.main}`,
      ORGTREE_MODULES: crowdModule,
      PORT: "0",
    };
    const node = new ServiceProcess({ name, service: "node", environment });
    this.#processes.push(node);
    await node.line(({ msg }) => msg === "partition begun", patienceMs);
  }

  #lastOf(crowd: string): Address {
    return `/${crowd}/child-${this.#crowdSize - 1}`;
  }

  async #elsewhere(crowd: string, { count, pid }: Counted): Promise<void> {
    let now: Counted;
    do now = await this.#ask(this.#lastOf(crowd));
    while (now.pid === pid);
    if (now.count <= count) throw new Error(`${crowd} has lost a turn: ${now.count} after ${count}`);
  }

  async #ask(address: Address): Promise<Counted> {
    for (const giveUpAt = performance.now() + patienceMs; ;) {
      try {
        return (await this.#client.system.ask(address, "count", { timeoutMs: attemptMs })) as Counted;
      } catch (error) {
        if (performance.now() > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
}

/** A name for each partition whose actor lives there. */
function crowdNames(): readonly string[] {
  const endpointOf = endpointsOf(partitions);
  const names = new Map<string, string>();
  for (let n = 0; names.size < partitions.main; n++) {
    const endpoint = endpointOf(`/crowd-${n}`);
    if (!names.has(endpoint)) names.set(endpoint, `crowd-${n}`);
  }
  return [...names.values()];
}
