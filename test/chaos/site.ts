import { NatsLink } from "@orgtree/nats";
import { LocalCluster, type LocalServer } from "@orgtree/nats/server";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Endpoint } from "@orgtree/core";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { NodeProcess } from "./node-process.ts";

/** What a site is made of. */
export interface SiteOptions {
  readonly nodes: number;
  readonly partitions: number;
  readonly leaseMs: number;
  /** Milliseconds that the model of a run thinks. */
  readonly thinkMs: number;
  /** The name of a mistake that is planted in the nodes. */
  readonly mutant?: string | undefined;
}

/** The place of a node: its ways to the servers stay, the processes come and go. */
export interface Slot {
  readonly name: string;
  /** One for each server. */
  readonly proxies: readonly TcpProxy[];
  node: NodeProcess;
}

export const namespace = "chaos";
const modules = ["workload.ts", "../crash/ledgered-crew.ts"].map((file) => fileURLToPath(new URL(file, import.meta.url)));

/** Servers of NATS, nodes, and the proxies between them. All of it ends with our process, however that ends. */
export class Site implements AsyncDisposable {
  readonly directory: string;
  readonly cluster: LocalCluster;
  readonly slots: readonly Slot[];
  /** All nodes that ever were. */
  readonly nodes: NodeProcess[] = [];
  readonly #options: SiteOptions;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: Pick<Site, "directory" | "cluster"> & { readonly ways: readonly (readonly TcpProxy[])[] }, rest: Rest) {
    this.directory = parts.directory;
    this.cluster = parts.cluster;
    this.#options = rest.options;
    this.#stack = rest.stack;
    this.slots = parts.ways.map((proxies, at) => {
      const name = `node-${at}`;
      return { name, proxies, node: this.#newNode(name, { proxies, version: 1 }) };
    });
  }

  static async start(options: SiteOptions): Promise<Site> {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "orgtree-chaos-"));
    stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    for (const name of ["marks", "tmp"]) await mkdir(join(directory, name));
    const cluster = stack.use(await LocalCluster.start());
    const way = async (server: LocalServer): Promise<TcpProxy> => stack.use(await TcpProxy.start({ host: "127.0.0.1", port: server.port }));
    const ways = await Promise.all(Array.from({ length: options.nodes }, () => Promise.all(cluster.servers.map(way))));
    return new Site({ directory, cluster, ways }, { options, stack: stack.move() });
  }

  get leaseMs(): number {
    return this.#options.leaseMs;
  }

  get ledger(): string {
    return join(this.directory, "ledger");
  }

  get partitions(): Readonly<Record<string, number>> {
    return { main: this.#options.partitions };
  }

  get endpoints(): readonly Endpoint[] {
    return Array.from({ length: this.#options.partitions }, (_, at) => `main-${at}`);
  }

  /** A connection of our own, past the proxies. */
  async link(name: string): Promise<NatsLink> {
    const link = await NatsLink.connect({ servers: [...this.cluster.urls], name, ignoreClusterUpdates: true });
    this.#stack.defer(() => link.close());
    return link;
  }

  /** Another process at a place whose node has ended. */
  startNode(slot: Slot, version: number): NodeProcess {
    slot.node = this.#newNode(slot.name, { proxies: slot.proxies, version });
    return slot.node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.#stack.disposeAsync();
  }

  #newNode(name: string, { proxies, version }: { readonly proxies: readonly TcpProxy[]; readonly version: number }): NodeProcess {
    const { partitions, leaseMs, thinkMs, mutant } = this.#options;
    const env = {
      NATS_URL: proxies.map(({ port }) => `nats://127.0.0.1:${port}`).join(","),
      ORGTREE_NAMESPACE: namespace,
      ORGTREE_NODE: name,
      ORGTREE_MODULES: modules.join(","),
      ORGTREE_PARTITIONS: `main=${partitions}`,
      ORGTREE_REPLICAS: String(this.cluster.servers.length),
      ORGTREE_LEASE_MS: String(leaseMs),
      ORGTREE_THINK_MS: String(thinkMs),
      ORGTREE_SCRIPTED: "1",
      ORGTREE_MARKS: join(this.directory, "marks"),
      PORT: "0",
      TMPDIR: join(this.directory, "tmp"),
      LEDGER: this.ledger,
      CHAOS_VERSION: String(version),
      ...(mutant === undefined ? {} : { CHAOS_MUTANT: mutant }),
    };
    const log = join(process.env["CHAOS_LOGS"] ?? this.directory, `${name}.${this.nodes.length}.log`);
    const node = new NodeProcess(name, { env, log });
    this.nodes.push(node);
    return node;
  }
}

interface Rest {
  readonly options: SiteOptions;
  readonly stack: AsyncDisposableStack;
}
