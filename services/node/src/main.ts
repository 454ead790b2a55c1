// A process of a cluster that hosts actors and runs: joins the others, takes its share of the partitions, and hands it over when it is told to end.
import { natsSettings } from "@orgtree/nats";
import { readNodeConfig, startNode } from "@orgtree/node";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { pino } from "pino";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };

try {
  const config = readNodeConfig(process.env, { port: 8_081 });
  const logger = pino({ level: config.logLevel, base: { node: config.name } });
  logger.info({ ...config, model: config.model?.model ?? "scripts" }, `orgtree node ${version}`);
  const connect = natsSettings({ variables: process.env, home: homedir() });
  const { node, status, left } = await startNode(config, { connect, version, logger });
  node.listen((event) => logger.info({ event }, `partition ${event.type}`));
  logger.info({ node: node.ownership.node, status }, "the node has joined");
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      logger.info({ signal }, "the node hands over what it hosts");
      void node.drain();
    });
  }
  await left;
  logger.info("the node has left");
  process.exit(0);
} catch (error) {
  // What is wrong with the environment, a module or the servers is said in a line; what is ours with its stack.
  const isExpected = error instanceof Error && "retryable" in error;
  process.stderr.write(`orgtree node: ${isExpected ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exit(1);
}
