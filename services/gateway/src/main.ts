// The HTTP door of a cluster. The only file that reads the environment and hears signals.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { natsSettings } from "@orgtree/nats";
import { ConfigError } from "@orgtree/node";
import { systemClock, systemRandom } from "@orgtree/runtime";
import { describeConfig, readConfig } from "./config.ts";
import { openGateway } from "./gateway.ts";
import { makeLogger } from "./logger.ts";

try {
  const config = readConfig(process.env, (path) => readFileSync(path, "utf8"));
  const logger = makeLogger(config);
  for (const line of describeConfig(config)) logger.info(line);
  const connect = natsSettings({ variables: process.env, home: homedir() });
  const gateway = await openGateway({ config, connect, clock: systemClock, random: systemRandom, logger });
  logger.info({ url: gateway.url }, "the gateway listens");
  let isEnding = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    logger.info({ signal }, "the gateway ends");
    await gateway.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (name) => void end(name));
} catch (error) {
  const lines = error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`orgtree gateway: ${line}\n`);
  process.exit(1);
}
