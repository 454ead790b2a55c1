import type { Permissions } from "./permissions.ts";

/** A user of a server, known by the public part of a key. */
export interface ServerUser {
  readonly name: string;
  readonly nkey: string;
  readonly permissions: Permissions;
}

/** A tenant: what is in one account is not there for another one, subjects and streams included. */
export interface ServerAccount {
  readonly name: string;
  readonly users: readonly ServerUser[];
  /** What it may store, in bytes: in files, which journals and leases need, and in memory, which consumers of leases need. */
  readonly fileBytes: number;
  readonly memoryBytes: number;
  /** Streams: one for each partition, and one for the leases. */
  readonly streams: number;
}

/** How servers are to be. */
export interface ServerConfig {
  readonly listen: string;
  /** Where journals are stored. */
  readonly store: string;
  readonly accounts: readonly ServerAccount[];
  /** The public key of who may look at the servers themselves, and end connections. */
  readonly system: string;
  readonly tls?: ServerTls | undefined;
  /** The file of `writeClusterConfig`, named from where the configuration is. */
  readonly clusterFile?: string | undefined;
}

/** Files with certificates. With `ca` clients and other servers have to show one as well. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

/** How servers find each other. */
export interface ServerCluster {
  readonly name: string;
  readonly listen: string;
  /** `host:port` of each server. */
  readonly routes: readonly string[];
  /** Who knows it is a server of the cluster. Letters, digits, `_` and `-`. */
  readonly password: string;
  readonly tls: ServerTls | undefined;
}

/** Each node and each command that looks has one, of the leases. */
const consumers = 1_000;

/** As long as a question waits for news, and a little. */
const answerTime = "90s";

/** The configuration file of a nats-server. It has no secret in it. `SERVER_NAME` of the environment is the name of the server. */
export function writeServerConfig({ listen, store, accounts, system, tls, clusterFile }: ServerConfig): string {
  const stored = accounts.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  const kept = accounts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return [
    "# Made by `orgtree server-config`: make it anew rather than change it. Who may do what follows from what each process does.",
    "server_name: $SERVER_NAME",
    `listen: ${text(listen)}`,
    "max_payload: 1MB",
    ...block("jetstream", [
      `store_dir: ${text(store)}`,
      `max_file_store: ${stored}`,
      `max_memory_store: ${kept}`,
      "# What was acknowledged survives the loss of power at all servers at once. Appends are grouped, so it costs little.",
      "sync_interval: always",
    ]),
    ...(tls === undefined ? [] : tlsBlock(tls)),
    ...(clusterFile === undefined ? [] : [`include ${text(clusterFile)}`]),
    ...block("accounts", [
      ...accounts.flatMap(accountBlock),
      ...block("SYS", ["users: [", `  { nkey: ${system} } # looks at the servers: nats server …`, "]"]),
    ]),
    "system_account: SYS",
    "",
  ].join("\n");
}

/** The part of the configuration by which servers find each other. It is secret: a server is told the password with the address of the others. */
export function writeClusterConfig({ name, listen, routes, password, tls }: ServerCluster): string {
  return [
    ...block("cluster", [
      `name: ${text(name)}`,
      `listen: ${text(listen)}`,
      `authorization: { user: route, password: ${text(password)} }`,
      "routes: [",
      ...routes.map((route) => indented(text(`nats://route:${password}@${route}`))),
      "]",
      ...(tls === undefined ? [] : tlsBlock(tls)),
    ]),
    "",
  ].join("\n");
}

function accountBlock({ name, users, fileBytes, memoryBytes, streams }: ServerAccount): readonly string[] {
  return block(name, [
    ...block("jetstream", [
      `max_file: ${fileBytes}`,
      `max_memory: ${memoryBytes}`,
      `max_streams: ${streams}`,
      `max_consumers: ${consumers}`,
    ]),
    "users: [",
    ...users.flatMap((user) => userBlock(user).map(indented)),
    "]",
  ]);
}

function userBlock({ name, nkey, permissions: { publish, subscribe, answers } }: ServerUser): readonly string[] {
  return [
    `{ # ${name}`,
    ...[
      `nkey: ${nkey}`,
      ...block("permissions", [
        ...list("publish", publish),
        ...list("subscribe", subscribe),
        ...(answers ? [`allow_responses: { max: 1, expires: ${text(answerTime)} }`] : []),
      ]),
    ].map(indented),
    "}",
  ];
}

/** Without an entry nothing is allowed: an empty list would allow everything. */
function list(name: string, subjects: readonly string[]): readonly string[] {
  if (subjects.length === 0) return [`${name}: { deny: [">"] }`];
  return [`${name}: { allow: [`, ...subjects.map((subject) => indented(text(subject))), "] }"];
}

function tlsBlock({ cert, key, ca }: ServerTls): readonly string[] {
  const files = [`cert_file: ${text(cert)}`, `key_file: ${text(key)}`];
  return block("tls", ca === undefined ? files : [...files, `ca_file: ${text(ca)}`, "verify: true"]);
}

function block(name: string, lines: readonly string[]): readonly string[] {
  return [`${name} {`, ...lines.map(indented), "}"];
}

function indented(line: string): string {
  return `  ${line}`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
