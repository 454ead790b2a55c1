import { type Environment, Variables, type WholeNumber } from "@orgtree/node";
import { parseTokens, type Token } from "./tokens.ts";

/** How a gateway is set up. */
export interface Config {
  readonly nats: {
    readonly servers: readonly string[];
    readonly user: string | undefined;
    readonly password: string | undefined;
  };
  readonly namespace: string;
  /** How many partitions each pool has; the same as for the nodes. */
  readonly partitions: Readonly<Record<string, number>>;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly tokens: readonly Token[];
  readonly limits: GatewayLimits;
}

/** What a gateway takes, and how long. */
export interface GatewayLimits {
  /** Bytes of a body. */
  readonly bodyBytes: number;
  /** Requests a second of one token; twice as many at once. */
  readonly requestsPerSecond: number;
  /** Connections at the same time. */
  readonly connections: number;
  /** Streams of events at the same time: of all, and of one token. */
  readonly streams: number;
  readonly streamsPerToken: number;
  /** How long a call to the cluster is tried, in milliseconds. */
  readonly callMs: number;
  /** A stream in which nothing happens has a comment this often, in milliseconds. Whoever reads nothing for four times as long is cut off. */
  readonly heartbeatMs: number;
  /** How long a stream goes on without its partition, and how long it lives at most, in milliseconds. */
  readonly patienceMs: number;
  readonly streamMs: number;
  /** How long requests may take to end when the gateway does, in milliseconds. */
  readonly drainMs: number;
}

const numbers = {
  port: { name: "PORT", unit: "a port", least: 0, most: 65_535, byDefault: 8_080 },
  bodyBytes: { name: "ORGTREE_BODY_BYTES", unit: "bytes", least: 1_024, most: 16_777_216, byDefault: 1_048_576 },
  requestsPerSecond: { name: "ORGTREE_REQUESTS_PER_SECOND", unit: "requests", least: 1, most: 100_000, byDefault: 50 },
  connections: { name: "ORGTREE_CONNECTIONS", unit: "connections", least: 1, most: 1_000_000, byDefault: 10_000 },
  streams: { name: "ORGTREE_STREAMS", unit: "streams", least: 1, most: 100_000, byDefault: 1_000 },
  streamsPerToken: { name: "ORGTREE_STREAMS_PER_TOKEN", unit: "streams", least: 1, most: 100_000, byDefault: 200 },
  callMs: { name: "ORGTREE_CALL_MS", unit: "milliseconds", least: 100, most: 600_000, byDefault: 10_000 },
  heartbeatMs: { name: "ORGTREE_HEARTBEAT_MS", unit: "milliseconds", least: 10, most: 60_000, byDefault: 15_000 },
  patienceMs: { name: "ORGTREE_STREAM_PATIENCE_MS", unit: "milliseconds", least: 100, most: 3_600_000, byDefault: 60_000 },
  streamMs: { name: "ORGTREE_STREAM_MS", unit: "milliseconds", least: 1_000, most: 86_400_000, byDefault: 3_600_000 },
  drainMs: { name: "ORGTREE_DRAIN_MS", unit: "milliseconds", least: 0, most: 600_000, byDefault: 10_000 },
} as const satisfies Readonly<Record<string, WholeNumber>>;

/** Reads the configuration of a gateway. Throws `ConfigError` with everything that is wrong. */
export function readConfig(environment: Environment, readFile: (path: string) => string): Config {
  const variables = new Variables(environment);
  const { problems } = variables;
  const text = (name: string): string | undefined => variables.text(name);
  const whole = (number: WholeNumber): number => variables.whole(number);
  const config: Config = {
    nats: {
      servers: (text("NATS_URL") ?? "nats://127.0.0.1:4222").split(",").map((one) => checkUrl(one.trim(), problems)),
      user: text("NATS_USER"),
      password: text("NATS_PASSWORD"),
    },
    namespace: variables.matching("ORGTREE_NAMESPACE", {
      pattern: /^[A-Za-z0-9_-]{1,64}$/,
      remedy: "write 1 to 64 letters, digits, _ and -, the same as for the nodes",
      byDefault: "main",
    }),
    host: variables.matching("HOST", {
      pattern: /^\S+$/,
      remedy: "write an address of this machine, such as 127.0.0.1 or 0.0.0.0",
      byDefault: "127.0.0.1",
    }),
    logLevel: variables.logLevel("LOG_LEVEL"),
    port: whole(numbers.port),
    partitions: variables.partitions("ORGTREE_PARTITIONS"),
    tokens: readTokens({ own: text("ORGTREE_TOKENS"), path: text("ORGTREE_TOKENS_FILE") }, readFile, problems),
    limits: {
      bodyBytes: whole(numbers.bodyBytes),
      requestsPerSecond: whole(numbers.requestsPerSecond),
      connections: whole(numbers.connections),
      streams: whole(numbers.streams),
      streamsPerToken: whole(numbers.streamsPerToken),
      callMs: whole(numbers.callMs),
      heartbeatMs: whole(numbers.heartbeatMs),
      patienceMs: whole(numbers.patienceMs),
      streamMs: whole(numbers.streamMs),
      drainMs: whole(numbers.drainMs),
    },
  };
  if ((config.nats.user === undefined) !== (config.nats.password === undefined))
    problems.push("NATS_USER and NATS_PASSWORD go together: set both, or neither");
  variables.check();
  return config;
}

/** What a gateway is set up as, for people: a line each, and no secret. */
export function describeConfig({ nats, namespace, partitions, tokens, limits }: Config): readonly string[] {
  const access = nats.user === undefined ? "" : `, user ${nats.user}`;
  const pools = Object.entries(partitions).map(([pool, count]) => `${pool}=${count}`);
  return [
    `NATS ${nats.servers.join(", ")}${access}`,
    `namespace ${namespace}, partitions ${pools.join(", ")}`,
    `tokens ${tokens.map(({ name, ids }) => (ids === "" ? name : `${name} (ids ${ids}…)`)).join(", ")}`,
    `limits ${Object.entries(limits)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}`,
  ];
}

function checkUrl(url: string, problems: string[]): string {
  if (/@/.test(url)) problems.push("NATS_URL has a user in it: write that in NATS_USER and NATS_PASSWORD, so that it is shown nowhere");
  else if (!/^((nats|tls):\/\/)?[^\s/:]+(:\d{1,5})?$/.test(url) && !/^((nats|tls):\/\/)?\[[0-9a-fA-F:]+\](:\d{1,5})?$/.test(url))
    problems.push(`NATS_URL is "${url}": write nats://host:port, several with commas between them`);
  return url;
}

function readTokens(
  { own, path }: { readonly own: string | undefined; readonly path: string | undefined },
  readFile: (path: string) => string,
  problems: string[],
): readonly Token[] {
  const texts = own === undefined ? [] : [{ where: "ORGTREE_TOKENS", text: own }];
  if (path !== undefined) {
    try {
      texts.push({ where: path, text: readFile(path) });
    } catch (error) {
      problems.push(`ORGTREE_TOKENS_FILE cannot be read (${(error as Error).message}): name a file that this user may read`);
      return [];
    }
  }
  return parseTokens(texts, problems);
}
