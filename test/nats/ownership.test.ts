/** Who hosts what, over real servers. */
import { Ownership, type OwnershipEvent, type PartitionHost } from "@orgtree/cluster";
import { NatsLink, type NatsLeases, openNatsLeases } from "@orgtree/nats";
import { LocalCluster, LocalServer } from "@orgtree/nats/server";
import { systemClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const partitions = { main: 12 };
const endpoints = Array.from({ length: partitions.main }, (_, n) => `main-${n}`);
const patience = { timeout: 20_000, interval: 5 };

/** A node with a connection of its own, which can be cut. */
class Node implements PartitionHost, AsyncDisposable {
  readonly running = new Set<string>();
  readonly events: (OwnershipEvent & { readonly atMs: number })[] = [];
  readonly ownership: Ownership;
  readonly link: NatsLink;
  readonly #leases: NatsLeases;
  readonly #proxy: TcpProxy;

  private constructor(name: string, parts: { readonly proxy: TcpProxy; readonly link: NatsLink; readonly leases: NatsLeases }) {
    this.#proxy = parts.proxy;
    this.#leases = parts.leases;
    this.link = parts.link;
    this.ownership = new Ownership({
      leases: parts.leases,
      clock: systemClock,
      random: { next: Math.random },
      logger: silent,
      host: this,
      name,
      partitions,
      facts: { host: "here", pid: process.pid, version: "1" },
    });
    this.ownership.listen((event) => void this.events.push({ ...event, atMs: performance.now() }));
  }

  static async join(name: string, port: number, replicas = 1): Promise<Node> {
    const proxy = await TcpProxy.start({ host: "127.0.0.1", port });
    const servers = `127.0.0.1:${proxy.port}`;
    const link = await NatsLink.connect({ servers, reconnectTimeWait: 50, reconnectJitter: 10, ignoreClusterUpdates: true });
    const node = new Node(name, { proxy, link, leases: await openNatsLeases(link, { namespace: "n", replicas }) });
    await node.ownership.start();
    return node;
  }

  begin(partition: string): Promise<void> {
    this.running.add(partition);
    return Promise.resolve();
  }

  end(partition: string): Promise<void> {
    this.running.delete(partition);
    return Promise.resolve();
  }

  /** What it may work in now. */
  get works(): readonly string[] {
    return endpoints.filter((partition) => this.running.has(partition) && this.ownership.mayBegin(partition));
  }

  /** As a crash looks to others. */
  cut(): void {
    this.#proxy.cut();
  }

  mend(): void {
    this.#proxy.mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ownership.close();
    this.#leases.close();
    await this.link.close();
    await this.#proxy[Symbol.asyncDispose]();
  }
}

/** How many each works in; throws where two work in the same. */
function loads(nodes: readonly Node[]): readonly number[] {
  const all = nodes.flatMap(({ works }) => works);
  if (new Set(all).size < all.length) throw new Error("two nodes work in one partition");
  return nodes.map(({ works }) => works.length).toSorted((one, other) => other - one);
}

async function until(nodes: readonly Node[], wanted: readonly number[]): Promise<number> {
  const from = performance.now();
  await expect.poll(() => loads(nodes), patience).toEqual(wanted);
  return performance.now() - from;
}

function report(what: string, ms: number): void {
  if (process.env["FIGURES"] !== undefined) console.log(`${what}: ${ms.toFixed(0)} ms`);
}

describe("ownership over NATS", () => {
  test("shares out, hands over, takes over from who is silent, and takes him back", { timeout: 60_000 }, async () => {
    await using server = await LocalServer.start();
    await using one = await Node.join("one", server.port);
    report("the first node has everything after its start", await until([one], [12]));
    let from = performance.now();
    await using two = await Node.join("two", server.port);
    await until([one, two], [6, 6]);
    report("a second joins, from its start", performance.now() - from);
    from = performance.now();
    await using three = await Node.join("three", server.port);
    await until([one, two, three], [4, 4, 4]);
    report("a third joins, from its start", performance.now() - from);

    from = performance.now();
    await three.ownership.drain();
    report("a node drains", performance.now() - from);
    await until([one, two], [6, 6]);
    report("until others work in what it had", performance.now() - from);
    expect(three.running.size).toBe(0);

    from = performance.now();
    two.cut();
    await until([one, two], [12, 0]);
    report("a node is silent, until others work in what it had", performance.now() - from);
    two.mend();
    await until([one, two], [6, 6]);
    expect(two.events.map(({ type }) => type)).toContain("buried");
  });

  test("loses nothing and buries nobody when who leads the bucket is killed", { timeout: 90_000 }, async () => {
    await using cluster = await LocalCluster.start();
    const info = async (link: NatsLink): Promise<string> => {
      const answer = await link.connection.request("$JS.API.STREAM.INFO.KV_orgtree_n", undefined, { timeout: 2_000 });
      return answer.json<{ cluster: { leader: string } }>().cluster.leader;
    };
    const port = cluster.servers[0]!.port;
    await using first = await Node.join("first", port, 3);
    const leader = await info(first.link);
    // The nodes talk to the other servers: theirs stays, and the bucket has nobody who leads it.
    const others = cluster.servers.filter(({ name }) => name !== leader);
    await using one = await Node.join("one", others[0]!.port, 3);
    await using two = await Node.join("two", others[1]!.port, 3);
    await first.ownership.drain();
    await using three = await Node.join("three", others[0]!.port, 3);
    const nodes = [one, two, three];
    await until(nodes, [4, 4, 4]);
    const before = nodes.map(({ works }) => works);
    const from = performance.now();
    await cluster.servers.find(({ name }) => name === leader)!.kill();
    let shortest = 12;
    let backAt = 0;
    let lostAt = 0;
    while (performance.now() - from < 30_000) {
      const [least, most] = [loads(nodes).reduce((sum, load) => sum + load, 0), 12];
      shortest = Math.min(shortest, least);
      if (least < most && lostAt === 0) lostAt = performance.now();
      if (least < most) backAt = 0;
      else backAt ||= performance.now();
      if (backAt > 0 && performance.now() - backAt > 4_000) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    report("may begin nothing while the servers choose, at most", lostAt === 0 ? 0 : backAt - lostAt);
    expect(nodes.map(({ works }) => works)).toEqual(before);
    expect(nodes.flatMap(({ events }) => events).filter(({ type }) => type === "buries" || type === "buried")).toEqual([]);
  });
});
