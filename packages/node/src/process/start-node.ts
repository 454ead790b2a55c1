import type { Logger } from "@orgtree/core";
import { NatsLink, type NatsLinkOptions } from "@orgtree/nats";
import { ClusterNode } from "../cluster-node.ts";
import { loadModules } from "./load-modules.ts";
import type { NodeConfig } from "./node-config.ts";
import { nodeStatus } from "./node-status.ts";
import { serveStatus } from "./status-server.ts";

/** What a process that is a node needs beside its configuration. */
export interface StartNodeOptions {
  readonly connect: NatsLinkOptions;
  /** Of the program. */
  readonly version: string;
  readonly logger: Logger;
}

/** A process that is a node. */
export interface StartedNode {
  readonly node: ClusterNode;
  /** Where health and metrics are served; undefined where they are not. */
  readonly status: string | undefined;
  /** What it knows how to do, by name. */
  readonly organizations: readonly string[];
  readonly actors: readonly string[];
  /** Resolves when it has left the cluster and nothing of it runs any more, whoever asked it to leave. */
  readonly left: Promise<void>;
}

/**
 * Loads what is hosted, connects, and joins. `node.drain()` ends it, as does `orgtree drain` from anywhere. Rejects with `ModuleError`,
 * `NatsError`, and as `ClusterNode.start` does; nothing of it runs then.
 */
export async function startNode(config: NodeConfig, { connect, version, logger }: StartNodeOptions): Promise<StartedNode> {
  const catalog = await loadModules(config);
  const { namespace, name, partitions, pools, replicas, marks, leaseMs } = config;
  const link = await NatsLink.connect({ ...connect, name: `orgtree node ${name}` });
  try {
    const parts = { link, namespace, name, version, catalog, partitions, pools, replicas, marks, logger };
    const node = await ClusterNode.start({ ...parts, ownership: { leaseMs } });
    const { host, port } = config;
    const server =
      port === undefined
        ? undefined
        : await serveStatus(nodeStatus(node, link), { host, port }).catch(async (error: unknown) => {
            await node.close();
            throw error;
          });
    const leave = async (): Promise<void> => {
      await node.left;
      server?.close();
      await link.close();
    };
    return {
      node,
      status: server === undefined ? undefined : `http://${host}:${server.port}`,
      organizations: Object.keys(catalog.organizations),
      actors: Object.keys(catalog.actors),
      left: leave(),
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}
