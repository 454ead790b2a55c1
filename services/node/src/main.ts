// A process of a cluster that hosts actors and runs: joins the others, takes its share of the partitions, and hands it over when it is told to end.
import { NatsLink, natsSettings } from "@orgtree/nats";
import { ClusterNode } from "@orgtree/node";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { pino } from "pino";
import { readConfig } from "./config.ts";
import { loadModules } from "./load-modules.ts";
import { nodeStatus } from "./node-status.ts";
import { serveStatus } from "./status-server.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };

try {
  const config = readConfig(process.env);
  const logger = pino({ level: config.logLevel, base: { node: config.name } });
  logger.info(config, `orgtree node ${version}`);
  const catalog = await loadModules(config);
  const link = await NatsLink.connect({
    ...natsSettings({ variables: process.env, home: homedir() }),
    name: `orgtree node ${config.name}`,
  });
  const { namespace, name, partitions, pools, replicas, marks, leaseMs } = config;
  const node = await ClusterNode.start({
    link,
    namespace,
    name,
    version,
    catalog,
    partitions,
    pools,
    replicas,
    marks,
    logger,
    ownership: { leaseMs },
  });
  node.listen((event) => logger.info({ event }, `partition ${event.type}`));
  const status = await serveStatus(nodeStatus(node, link), config);
  logger.info({ node: node.ownership.node, status: `http://${config.host}:${status.port}` }, "the node has joined");

  let isEnding = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    logger.info({ signal }, "the node hands over what it hosts");
    await node.drain();
    status.close();
    await link.close();
    logger.info("the node has left");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (name) => void end(name));
} catch (error) {
  // What is wrong with the environment, a module or the servers is said in a line; what is ours with its stack.
  const isExpected = error instanceof Error && error.constructor !== Error && error.constructor !== TypeError;
  process.stderr.write(`orgtree node: ${isExpected ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exit(1);
}
