import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { newRun } from "@orgtree/core";
import { JetStreamJournalError } from "./journal-problem.ts";

/** What of a stream is up to whoever opens a journal. */
export interface StreamWishes {
  readonly replicas: number;
  readonly maxBytes: number;
  readonly storage: "file" | "memory";
}

/** The names that belong to a journal: its stream, and its subjects. */
export interface StreamNames {
  readonly stream: string;
  /** Records of entries, and everything else that is not an opening. */
  readonly log: string;
  /** Openings: the newest is the epoch. */
  readonly opening: string;
}

/** Under which the stream knows the name of its run: it belongs to the stream, and stays over each opening. */
const runKey = "orgtree.run";

/** The name of the run that is stored in a stream. */
export function runOf(config: StreamConfig): string | undefined {
  return config.metadata?.[runKey];
}

/** The names of a journal. Throws `JetStreamJournalError` when `name` cannot be part of a subject. */
export function namesOf(name: string): StreamNames {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    const message = `a journal's name is 1 to 64 letters, digits, _ and -, not "${name}"`;
    throw new JetStreamJournalError(name, { problem: "settings", message });
  }
  return { stream: `J_${name}`, log: `orgtree.${name}.j.log`, opening: `orgtree.${name}.j.opening` };
}

/** A stream that loses nothing: full means refused, nothing ages, one writer's messages one after the other. */
export function settingsOf({ stream, log, opening }: StreamNames, wishes: StreamWishes): Partial<StreamConfig> & { readonly name: string } {
  return {
    name: stream,
    description: "a journal of orgtree; written by its owner only",
    subjects: [log, opening],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    storage: wishes.storage === "file" ? StorageType.File : StorageType.Memory,
    num_replicas: wishes.replicas,
    max_bytes: wishes.maxBytes,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    allow_direct: true,
    metadata: { [runKey]: newRun() },
  };
}

/** Looks whether a stream that is there would lose entries; throws `JetStreamJournalError` with all that is wrong with it. */
export function checkSettings(
  journal: string,
  config: StreamConfig,
  { names, wishes }: { names: StreamNames; wishes: StreamWishes },
): void {
  const subjects = [names.log, names.opening];
  const missing = subjects.filter((subject) => !config.subjects.includes(subject));
  const isLimited = config.max_bytes > 0 || config.max_msgs > 0;
  const wrong: readonly (readonly [boolean, string])[] = [
    [missing.length > 0, `it does not take ${missing.join(" and ")}`],
    [config.subjects.length > subjects.length, "it takes other subjects too, and a journal counts its messages"],
    [config.retention !== RetentionPolicy.Limits, `retention is ${config.retention}, not limits: entries go when somebody reads them`],
    [isLimited && config.discard !== DiscardPolicy.New, "discard is old with a limit: old entries go when it is full; set it to new"],
    [config.max_age > 0, "max_age is set: entries go with age"],
    [config.max_msgs_per_subject > 0, "max_msgs_per_subject is set: all entries share one subject"],
    [wishes.storage === "file" && config.storage !== StorageType.File, "storage is memory: entries go when the servers stop"],
    [config.num_replicas < wishes.replicas, `it has ${config.num_replicas} replicas, not ${wishes.replicas}`],
    [config.persist_mode === "async", "persist_mode is async: an answer comes before anything is written"],
    [config.no_ack === true, "no_ack is set: nobody says when an entry is stored"],
    [!config.allow_direct, "allow_direct is off: entries cannot be read"],
    [config.deny_delete || config.deny_purge, "deny_delete or deny_purge is set: it cannot be compacted"],
    [runOf(config) === undefined, `its metadata has no ${runKey}: let orgtree make the stream`],
    [config.sealed, "it is sealed"],
    [config.mirror !== undefined || (config.sources?.length ?? 0) > 0, "it is a mirror, or has sources: others write to it"],
  ];
  const problems = wrong.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
  if (problems.length === 0) return;
  const message = `the stream ${config.name} is not fit for a journal: ${problems.join("; ")}`;
  throw new JetStreamJournalError(journal, { problem: "settings", message });
}
