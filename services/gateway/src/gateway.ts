import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { WireTransport } from "@orgtree/cluster";
import type { Address, Clock, Endpoint, Random } from "@orgtree/core";
import { NatsLink, type NatsLinkOptions, NatsWire } from "@orgtree/nats";
import { ClusterClient, ClusterNews, DeskLooks } from "@orgtree/node";
import { createActorSystem } from "@orgtree/runtime";
import type { FastifyBaseLogger } from "fastify";
import { checkNamespace } from "./check-namespace.ts";
import type { Config } from "./config.ts";
import { makeServer } from "./server.ts";

/** What a gateway needs beside its configuration. */
export interface GatewayParts {
  readonly config: Config;
  /** How to connect to NATS. Default: as the configuration says. */
  readonly connect?: NatsLinkOptions | undefined;
  /** All partitions, and in which of them an address is. */
  readonly endpoints: readonly Endpoint[];
  readonly endpointOf: (address: Address) => Endpoint;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: FastifyBaseLogger;
}

/** Of this program; in the document. */
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };

/** A gateway that listens. */
export interface Gateway {
  readonly url: string;
  /** Takes nothing new, ends the streams, waits for the requests under way as long as it may, and leaves. A second call waits for the first. */
  close(): Promise<void>;
}

/** Connects to NATS and listens. Rejects with `NatsError`, with `ClusterError` for a namespace with other partitions, or as listening does; nothing is left behind then. */
export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, clock, random, logger, endpoints, endpointOf } = parts;
  await using opened = new AsyncDisposableStack();
  const link = opened.use(await NatsLink.connect({ ...(parts.connect ?? natsOptions(config)), name: "orgtree gateway" }));
  await checkNamespace(link, config, logger);
  link.listen((event) => logger.warn({ event }, "the connection to NATS"));
  // Nobody else has its name: answers come to this process.
  const endpoint = `gateway-${Math.floor(random.next() * 2 ** 48).toString(36)}`;
  const wire = new NatsWire(link, { namespace: config.namespace });
  opened.defer(() => wire.close());
  const isPartition = new Set(endpoints);
  const outlives = (at: Endpoint): boolean => isPartition.has(at);
  const transport = new WireTransport({ wire, clock, random, logger, endpoint, endpointOf, outlives });
  const system = createActorSystem({ clock, random, logger, transport });
  opened.defer(() => system.close());
  const { callMs, drainMs } = config.limits;
  const client = new ClusterClient({
    system,
    clock,
    endpoints,
    endpointOf,
    callMs,
    looks: new DeskLooks({ link, namespace: config.namespace }),
  });
  const news = new ClusterNews({ link, namespace: config.namespace, endpointOf });
  const { tokens, limits } = config;
  const server = makeServer({ client, news, isConnected: () => link.isConnected, clock, logger, tokens, limits, version });
  opened.defer(async () => {
    const cancel = clock.setTimer(drainMs, () => server.server.closeAllConnections());
    await server.close();
    cancel();
  });
  await server.listen({ host: config.host, port: config.port });
  const { address, family, port } = server.server.address() as AddressInfo;
  const all = opened.move();
  let closing: Promise<void> | undefined;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close: () => (closing ??= all.disposeAsync()),
  };
}

function natsOptions({ nats: { servers, user, password } }: Config): NatsLinkOptions {
  return {
    servers: [...servers],
    ...(user !== undefined && password !== undefined && { user, pass: password }),
  };
}
