import type { LocalCluster } from "@orgtree/nats/server";
import { createServer, type AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { readEvents, type ServerEvent } from "./event-source.ts";
import { ServiceProcess } from "./service-process.ts";

const token = randomBytes(16).toString("hex");

/** The processes of a cluster, and how to speak to it. */
export class Topology implements AsyncDisposable {
  readonly gatewayUrl: string;
  readonly #servers: LocalCluster;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #nodes: ServiceProcess[] = [];
  #gateway: ServiceProcess;

  private constructor(servers: LocalCluster, port: number) {
    this.#servers = servers;
    this.gatewayUrl = `http://127.0.0.1:${port}`;
    this.#environment = {
      NATS_URL: servers.urls.join(","),
      ORGTREE_NAMESPACE: "local",
      ORGTREE_PARTITIONS: "main=4",
      ORGTREE_REPLICAS: "3",
      ORGTREE_MODULES: "examples/bugfix/org.ts",
      ORGTREE_TOKENS: `local:${token}`,
      ORGTREE_THINK_MS: "150",
      LOG_LEVEL: "info",
    };
    this.#gateway = this.#startGateway();
  }

  /** Resolves when the gateway reaches desks. */
  static async start(servers: LocalCluster, nodes: number): Promise<Topology> {
    const topology = new Topology(servers, await freePort());
    for (let n = 1; n <= nodes; n++) topology.#nodes.push(topology.#startNode(`node-${n}`));
    await Promise.all(topology.#nodes.map((node) => node.line(({ msg }) => msg === "the node has joined")));
    await topology.#isReady();
    return topology;
  }

  get nodes(): readonly ServiceProcess[] {
    return this.#nodes;
  }

  async submit(job: object): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${this.gatewayUrl}/v1/jobs`, { method: "POST", headers, body: JSON.stringify(job) });
    if (!response.ok) throw new Error(`the gateway refuses the job: ${response.status} ${await response.text()}`);
  }

  /** The story of a job, over the ends of connections, until it has ended. */
  follow(id: string): AsyncGenerator<ServerEvent> {
    return readEvents(`${this.gatewayUrl}/v1/jobs/${id}/events`, { token, isOver: ({ type }) => type === "end" });
  }

  /** Ends a process as a loss of power would, and starts a gateway or a server again. `host`: the node that is meant. Gives back what it ended. */
  async kill(victim: string, host: string): Promise<string> {
    if (victim === "gateway") {
      const { pid } = this.#gateway;
      await this.#gateway.kill();
      this.#gateway = this.#startGateway();
      return `the gateway, process ${pid}`;
    }
    if (victim === "nats") {
      const [server] = this.#servers.servers;
      await server!.kill();
      return `the NATS server at ${server!.url}`;
    }
    const node = this.#nodes.find(({ name }) => name === host) ?? this.#nodes[0]!;
    await node.kill();
    return `${node.name}, process ${node.pid}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes, this.#gateway].map((service) => service.stop()));
  }

  #startNode(name: string): ServiceProcess {
    return new ServiceProcess({ name, service: "node", environment: { ...this.#environment, ORGTREE_NODE: name, PORT: "0" } });
  }

  #startGateway(): ServiceProcess {
    const { port } = new URL(this.gatewayUrl);
    return new ServiceProcess({ name: "gateway", service: "gateway", environment: { ...this.#environment, PORT: port } });
  }

  async #isReady(): Promise<void> {
    for (const giveUpAt = performance.now() + 30_000; performance.now() < giveUpAt && !this.#gateway.isOver;) {
      const response = await fetch(`${this.gatewayUrl}/readyz`).catch(() => undefined);
      if (response?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Says why.
    await this.#gateway.line(() => false, 1);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
