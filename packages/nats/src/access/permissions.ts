import { bucketOf } from "../leases/bucket.ts";
import { namesOf } from "../journal/stream-settings.ts";
import { wireSubject } from "../wire/wire-subject.ts";

/** What a user of a NATS server may do. What is not named is forbidden. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer what it is asked, wherever the answer is to go: once, and for as long as a question waits. */
  readonly answers: boolean;
}

/** Whose permissions are made. */
export interface UserPlace {
  /** Of orgtree; the one that this user may touch. */
  readonly namespace: string;
  /** What the subjects begin with to which its answers come; nobody else may listen there. See `inboxOf`. */
  readonly inbox: string;
}

/** A pool, and how many partitions it has. */
export type Pools = Readonly<Record<string, number>>;

/** Where the answers to a user come: whoever asks has to say so (`NATS_INBOX_PREFIX`). */
export function inboxOf(user: string): string {
  return `_INBOX_${user}`;
}

/**
 * What a node may do that hosts pools: hear what is sent to them, send as they, write their journals, and share the leases with the others.
 * What it hosts is nobody else's to write; but whose lease is over is for every node to say.
 */
export function nodePermissions({ namespace, inbox }: UserPlace, pools: Pools): Permissions {
  const endpoints = endpointsOf(pools);
  const { stream, prefix } = bucketOf(namespace);
  const journals = endpoints.map((endpoint) => namesOf(`${namespace}-${endpoint}`));
  return {
    publish: [
      ...Object.keys(pools).map((pool) => wireSubject(namespace, { to: "*", from: `${pool}-*` })),
      ...leaseReading(stream),
      `$JS.API.STREAM.CREATE.${stream}`,
      `${prefix}meta`,
      `${prefix}node.*`,
      ...endpoints.map((endpoint) => `${prefix}part.${endpoint}`),
      ...journals.flatMap(({ log, opening }) => [log, opening]),
      ...journals.flatMap((journal) => journalCalls(journal.stream)),
    ],
    subscribe: [
      `${inbox}.>`,
      ...Object.keys(pools).map((pool) => wireSubject(namespace, { to: `${pool}-*`, from: "*" })),
      ...endpoints.map((endpoint) => `orgtree.${namespace}.news.${endpoint}`),
      `orgtree.${namespace}.node.*.*`,
      ...["PING", "INFO", "STATS"].flatMap((verb) => [`$SRV.${verb}`, `$SRV.${verb}.>`]),
    ],
    answers: true,
  };
}

/** What a gateway may do: speak to the desks of the pools, ask for the stories of runs, and see what the namespace has. */
export function gatewayPermissions({ namespace, inbox }: UserPlace, pools: Pools): Permissions {
  const { stream } = bucketOf(namespace);
  return {
    publish: [
      ...Object.keys(pools).map((pool) => wireSubject(namespace, { to: `${pool}-*`, from: "gateway-*" })),
      `orgtree.${namespace}.news.*`,
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.MSG.GET.${stream}`,
    ],
    subscribe: [`${inbox}.>`, wireSubject(namespace, { to: "gateway-*", from: "*" })],
    answers: false,
  };
}

/** What `orgtree` may do at the command line: what a gateway may, look at the leases, the nodes and what is stored of jobs, and end nodes. */
export function operatorPermissions({ namespace, inbox }: UserPlace, pools: Pools): Permissions {
  const journals = endpointsOf(pools).map((endpoint) => namesOf(`${namespace}-${endpoint}`));
  return {
    publish: [
      ...Object.keys(pools).map((pool) => wireSubject(namespace, { to: `${pool}-*`, from: "operator-*" })),
      `orgtree.${namespace}.news.*`,
      `orgtree.${namespace}.node.*.*`,
      ...leaseReading(bucketOf(namespace).stream),
      ...journals.flatMap(({ stream }) => journalReading(stream)),
      "$SRV.>",
    ],
    subscribe: [`${inbox}.>`, wireSubject(namespace, { to: "operator-*", from: "*" })],
    answers: false,
  };
}

/** With whom a role has to do, as its charter and those of the others say. */
export interface RoleContacts {
  /** Whom it may tell and ask. */
  readonly tells: readonly string[];
  /** Who may tell and ask it: it has to say that what they sent has arrived, and to answer. */
  readonly answers: readonly string[];
}

/**
 * What a role may do that runs in a process of its own, with a pool that is called as it is: send to whom its charter names, answer who
 * may ask it, and hear what is for it. Others are as good as not there.
 *
 * The server knows packets, not messages: that an answer to somebody is no message to him is for the runtime to see.
 */
export function rolePermissions({ namespace, inbox }: UserPlace, role: string, { tells, answers }: RoleContacts): Permissions {
  const others = Array.from(new Set([...tells, ...answers]));
  return {
    publish: others.map((other) => wireSubject(namespace, { to: `${other}-*`, from: `${role}-*` })),
    subscribe: [`${inbox}.>`, wireSubject(namespace, { to: `${role}-*`, from: "*" })],
    answers: false,
  };
}

function endpointsOf(pools: Pools): readonly string[] {
  return Object.entries(pools).flatMap(([pool, count]) => Array.from({ length: count }, (_, n) => `${pool}-${n}`));
}

/** To read records, and to hear of changes. */
function leaseReading(stream: string): readonly string[] {
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}`];
}

/** To make, read and compact a journal. */
function journalCalls(stream: string): readonly string[] {
  const calls = ["STREAM.CREATE", "STREAM.PURGE", "STREAM.MSG.DELETE"];
  return [...journalReading(stream), ...calls.map((call) => `$JS.API.${call}.${stream}`)];
}

/** To look at a journal. */
function journalReading(stream: string): readonly string[] {
  return ["STREAM.INFO", "STREAM.MSG.GET", "DIRECT.GET"].map((call) => `$JS.API.${call}.${stream}`);
}
