/** Nodes over real servers, for tests of who hosts what. */
import { Ownership, type OwnershipEvent, type PartitionHost } from "@orgtree/cluster";
import { NatsLink, type NatsLeases, openNatsLeases } from "@orgtree/nats";
import { systemClock } from "@orgtree/runtime";
import { silent } from "../cluster/post.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const partitions = { main: 12 };
const endpoints = Array.from({ length: partitions.main }, (_, n) => `main-${n}`);
const patienceMs = 20_000;

/** A node with a connection of its own, which can be cut. */
export class Node implements PartitionHost, AsyncDisposable {
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
export function loads(nodes: readonly Node[]): readonly number[] {
  const all = nodes.flatMap(({ works }) => works);
  if (new Set(all).size < all.length) throw new Error("two nodes work in one partition");
  return nodes.map(({ works }) => works.length).toSorted((one, other) => other - one);
}

/** Waits until each works in so many, and looks all the while that no two work in the same; gives how long it took. */
export async function until(nodes: readonly Node[], wanted: readonly number[]): Promise<number> {
  const from = performance.now();
  for (let now = loads(nodes); now.join() !== wanted.join(); now = loads(nodes)) {
    if (performance.now() - from > patienceMs) throw new Error(`the loads are ${now.join()}, not ${wanted.join()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - from;
}

/** Tells a figure, where somebody wants them: `FIGURES=1`. */
export function report(what: string, ms: number): void {
  if (process.env["FIGURES"] !== undefined) console.log(`${what}: ${ms.toFixed(0)} ms`);
}
