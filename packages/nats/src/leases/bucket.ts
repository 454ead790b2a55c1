import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { LeaseError } from "@orgtree/core";
import type { NatsLink } from "../connection/nats-link.ts";
import { violationIn } from "../connection/violation.ts";
import { answerIn, type ApiProblem, explainAnswer, isPassing, notPermitted } from "../journal/journal-problem.ts";

/** The bucket of a namespace: a stream as `nats kv` knows it, with one message for each record. */
export interface Bucket {
  /** As people and `nats kv` know it. */
  readonly name: string;
  readonly stream: string;
  /** What the subject of a record begins with. */
  readonly prefix: string;
}

/** How a bucket is to be. */
export interface BucketWishes {
  readonly replicas: number;
  /** How long to try while nobody answers or nobody leads. */
  readonly outageMs: number;
  /** Makes none. */
  readonly mustExist: boolean;
}

const streamNotFound = 10_059;
const streamNameTaken = 10_058;
const pauseMs = 100;

/** The bucket of a namespace. Throws `LeaseError` for a name that cannot be part of a subject. */
export function bucketOf(namespace: string): Bucket {
  const name = `orgtree_${namespace}`;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(namespace)) {
    throw new LeaseError(name, `a namespace is 1 to 64 letters, digits, _ and -, not "${namespace}"`, { retryable: false });
  }
  return { name, stream: `KV_${name}`, prefix: `$KV.${name}.` };
}

/** Finds or makes a bucket, and looks at its settings; false where there is none and none is to be made. Rejects with `LeaseError`. */
export async function openBucket(
  { link, manager }: { readonly link: NatsLink; readonly manager: JetStreamManager },
  bucket: Bucket,
  { replicas, outageMs, mustExist }: BucketWishes,
): Promise<boolean> {
  const giveUpAt = performance.now() + outageMs;
  for (;;) {
    try {
      const config = (await find(manager, bucket)) ?? (mustExist ? undefined : await make(manager, bucket, replicas));
      if (config !== undefined) checkBucket(bucket, config, replicas);
      return config !== undefined;
    } catch (error) {
      if (link.isConnected && link.connection.info?.jetstream !== true) {
        const problem = `the server at ${link.server} runs without JetStream: start it with nats-server -js`;
        throw new LeaseError(bucket.name, problem, { retryable: false, cause: error });
      }
      const failure = toLeaseError(bucket.name, error);
      if (!failure.retryable || performance.now() + pauseMs > giveUpAt) throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** What a call to the server threw, as an error of leases. */
export function toLeaseError(store: string, error: unknown): LeaseError {
  if (error instanceof LeaseError) return error;
  const answer = answerIn(error);
  if (answer !== undefined) return refusalOf(store, answer, error);
  const refused = violationIn(error);
  if (refused !== undefined) return new LeaseError(store, notPermitted(refused.subject).message, { retryable: false, cause: error });
  const said = error instanceof Error ? error.message : String(error);
  return new LeaseError(store, `the server does not answer (${said}): try again in a moment`, { outcome: "unknown", cause: error });
}

/** An answer of JetStream that is an error, as one of leases. */
export function refusalOf(store: string, answer: ApiProblem, cause?: unknown): LeaseError {
  const isOver = !isPassing(answer);
  const { message, problem } = explainAnswer(answer);
  return new LeaseError(store, message, { retryable: !isOver || problem === "full", outcome: isOver ? "not-done" : "unknown", cause });
}

async function find(manager: JetStreamManager, { stream }: Bucket): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    if (answerIn(error)?.code === streamNotFound) return undefined;
    throw error;
  }
}

async function make(manager: JetStreamManager, { stream, prefix }: Bucket, replicas: number): Promise<StreamConfig> {
  try {
    const made = await manager.streams.add({
      name: stream,
      description: "who hosts what in a cluster of orgtree",
      subjects: [`${prefix}>`],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      storage: StorageType.File,
      num_replicas: replicas,
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
      // What is removed leaves a mark, which goes after a while.
      allow_msg_ttl: true,
    });
    return made.config;
  } catch (error) {
    if (answerIn(error)?.code !== streamNameTaken) throw error;
    return (await manager.streams.info(stream)).config;
  }
}

/** Looks whether a bucket that is there would lose records; throws `LeaseError` with all that is wrong with it. */
function checkBucket({ name, prefix }: Bucket, config: StreamConfig, replicas: number): void {
  const wrong: readonly (readonly [boolean, string])[] = [
    [config.subjects.length !== 1 || config.subjects[0] !== `${prefix}>`, `its subjects are not ${prefix}>`],
    [config.retention !== RetentionPolicy.Limits, `retention is ${config.retention}, not limits: records go when somebody reads them`],
    [
      config.discard !== DiscardPolicy.New && (config.max_bytes > 0 || config.max_msgs > 0),
      "records go when it is full: set discard to new",
    ],
    [config.max_age > 0, "max_age is set: records go with age"],
    [config.storage !== StorageType.File, "storage is memory: records go when the servers stop"],
    [config.num_replicas < replicas, `it has ${config.num_replicas} replicas, not ${replicas}`],
    [config.allow_msg_ttl !== true, "allow_msg_ttl is off: what is removed would stay for ever"],
    [config.no_ack === true, "no_ack is set: nobody says when a record is stored"],
    [config.sealed, "it is sealed"],
    [config.mirror !== undefined || (config.sources?.length ?? 0) > 0, "it is a mirror, or has sources: others write to it"],
  ];
  const problems = wrong.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
  if (problems.length === 0) return;
  throw new LeaseError(name, `the bucket is not fit for leases: ${problems.join("; ")}; change that, or let orgtree make it`, {
    retryable: false,
  });
}
