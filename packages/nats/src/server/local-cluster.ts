import { createServer } from "node:net";
import { LocalServer, type LocalServerOptions } from "./local-server.ts";

/** Servers of our own that form a cluster on the loopback interface. */
export class LocalCluster implements AsyncDisposable {
  readonly servers: readonly LocalServer[];

  private constructor(servers: readonly LocalServer[]) {
    this.servers = servers;
  }

  /** Starts `size` servers and waits until they have chosen who leads them. */
  static async start({
    size = 3,
    ...options
  }: Omit<LocalServerOptions, "cluster"> & { readonly size?: number } = {}): Promise<LocalCluster> {
    const ports = await freePorts(size);
    const started = await Promise.allSettled(
      ports.map(async (port) => {
        const server = await LocalServer.start({ ...options, cluster: { name: "local", port, peers: ports } });
        if (options.jetStream !== false && !leads.test(server.log)) await server.waitFor(leads, electMs);
        return server;
      }),
    );
    const servers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const cluster = new LocalCluster(servers);
    const failure = started.find((one) => one.status === "rejected");
    if (failure === undefined) return cluster;
    await cluster.stop();
    throw failure.reason;
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Three servers on a machine that is busy with something else may need several rounds. */
const electMs = 30_000;
const leads = /new (JetStream cluster )?metadata leader|new JetStream cluster metadata leader/;

/** Ports that were free a moment ago. Members of a cluster have to know each other's before they start. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = await Promise.all(
    Array.from({ length: count }, async () => {
      const listener = createServer();
      await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
      return listener;
    }),
  );
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}
