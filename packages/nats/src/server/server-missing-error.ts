import { ExpectedError } from "@orgtree/core";

const ways = [
  "Debian 14 or newer: apt-get install nats-server",
  "macOS: brew install nats-server",
  "Go: go install github.com/nats-io/nats-server/v2@latest",
  "any other: the archive for your platform from the releases of github.com/nats-io/nats-server",
];

/** No nats-server that is new enough could be found or fetched. The message says how to get one. */
export class NatsServerMissingError extends ExpectedError {
  override readonly name = "NatsServerMissingError";
  readonly retryable = false;

  constructor(wanted: string, tried: readonly string[]) {
    const looked = tried.length === 0 ? "" : `\nlooked at:\n${tried.map((one) => `  ${one}`).join("\n")}`;
    const install = `\ninstall one and put it on the PATH, or name it in NATS_SERVER:\n${ways.map((way) => `  ${way}`).join("\n")}`;
    super(`no nats-server ${wanted} or newer was found${looked}${install}`);
  }
}
