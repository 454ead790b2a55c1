import { type Address, checkSegment, type Endpoint, type Journal, type JournalReader } from "@orgtree/core";
import { ScopedJournal, ScopedReader } from "@orgtree/journal";
import { type NatsLink, openJetStreamJournal, openJetStreamReader } from "@orgtree/nats";
import { actorsScope, journalName, runScope } from "../scopes.ts";

/** Whose past is looked at, and where. */
export interface JobPastOptions {
  readonly link: NatsLink;
  readonly namespace: string;
  /** Who hosts an address. */
  readonly endpointOf: (address: Address) => Endpoint;
  /** How long the servers may take to answer, in milliseconds. */
  readonly answerMs: number;
}

/** What is stored of a job. */
export interface JobPast {
  readonly kind: "run" | "actor";
  /** Of the partition in whose journal it is. */
  readonly endpoint: Endpoint;
  /** As it was when it was opened. Of a run what it has stored; of an actor what all actors of its partition have. */
  readonly journal: JournalReader;
}

/**
 * Opens what is stored of a job, beside the node that hosts it, which does not notice; undefined where nothing is. Rejects as
 * `openJetStreamReader` does.
 */
export async function openJobPast(id: string, { link, namespace, endpointOf, answerMs }: JobPastOptions): Promise<JobPast | undefined> {
  const endpoint = endpointOf(`/${checkSegment(id)}`);
  const whole = await openJetStreamReader(link, { name: journalName(namespace, endpoint), answerMs, outageMs: answerMs });
  if (whole === undefined) return undefined;
  const run = new ScopedReader(whole, runScope(id));
  if ((await run.lastSeqs()).size > 0) return { kind: "run", endpoint, journal: run };
  const actors = new ScopedReader(whole, actorsScope);
  return (await actors.lastSeqs()).has(`/${id}`) ? { kind: "actor", endpoint, journal: actors } : undefined;
}

/** A journal that is written to by hand. */
export interface HandJournal extends AsyncDisposable {
  readonly journal: Journal;
}

/**
 * Takes what is stored of a run from whoever may have it, to write to it: a node that hosts it can store nothing any more until it has opened it again.
 * Rejects as `openJetStreamJournal` does.
 */
export async function takeRunPast(id: string, { link, namespace, endpointOf, answerMs }: JobPastOptions): Promise<HandJournal> {
  const name = journalName(namespace, endpointOf(`/${checkSegment(id)}`));
  const whole = await openJetStreamJournal(link, { name, answerMs, outageMs: answerMs });
  return { journal: new ScopedJournal(whole, runScope(id)), [Symbol.asyncDispose]: () => whole.close() };
}
