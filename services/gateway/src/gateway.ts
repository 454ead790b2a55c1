import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Clock, Random } from "@orgtree/core";
import { NatsLink, type NatsLinkOptions } from "@orgtree/nats";
import { ClusterNews, connectClient, endpointsOf } from "@orgtree/node";
import type { FastifyBaseLogger } from "fastify";
import { checkNamespace } from "./check-namespace.ts";
import type { Config } from "./config.ts";
import { makeServer } from "./server.ts";

/** What a gateway needs beside its configuration. */
export interface GatewayParts {
  readonly config: Config;
  /** How to connect to NATS. */
  readonly connect: NatsLinkOptions;
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
  const { config, connect, clock, random, logger } = parts;
  const { namespace, partitions } = config;
  await using opened = new AsyncDisposableStack();
  const link = opened.use(await NatsLink.connect({ ...connect, name: "orgtree gateway" }));
  await checkNamespace(link, config, logger);
  link.listen((event) => logger.warn({ event }, "the connection to NATS"));
  const { callMs, drainMs } = config.limits;
  const { client } = opened.use(connectClient({ link, namespace, partitions, clock, random, logger, callMs, as: "gateway" }));
  const news = new ClusterNews({ link, namespace, endpointOf: endpointsOf(partitions) });
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
