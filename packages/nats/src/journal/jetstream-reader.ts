import { jetstreamManager } from "@nats-io/jetstream";
import { JournalError, type JournalReader, Pins } from "@orgtree/core";
import type { NatsLink } from "../connection/nats-link.ts";
import { BlockReader } from "./block-reader.ts";
import { EntryIndex } from "./entry-index.ts";
import { answerIn, JetStreamJournalError } from "./journal-problem.ts";
import { streamNotFound } from "./open-stream.ts";
import { persist } from "./persist.ts";
import { scanStream } from "./scan.ts";
import { StoredView } from "./stored-view.ts";
import { namesOf, runOf } from "./stream-settings.ts";
import type { JetStreamJournalOptions } from "./jetstream-journal.ts";

/** Which journal is looked at, and how long that may take. */
export type JetStreamReaderOptions = Pick<JetStreamJournalOptions, "name" | "answerMs" | "outageMs">;

/**
 * Opens a journal in JetStream to look at it, beside its writer where one lives, who does not notice. It shows what was stored when it was opened;
 * undefined where there is no such journal.
 *
 * Reads the whole stream once. Rejects with `JetStreamJournalError`, or `JournalDamagedError`; reading does where a compaction has removed meanwhile what is
 * to be read.
 */
export async function openJetStreamReader(
  link: NatsLink,
  { name, answerMs = 5_000, outageMs = 20_000 }: JetStreamReaderOptions,
): Promise<JournalReader | undefined> {
  const { stream } = namesOf(name);
  const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: answerMs });
  const info = await persist({ journal: name, link, outageMs }, async () => {
    try {
      return await manager.streams.info(stream);
    } catch (error) {
      if (answerIn(error)?.code !== streamNotFound) throw error;
      return undefined;
    }
  });
  if (info === undefined) return undefined;
  const run = runOf(info.config);
  if (run === undefined) {
    const message = `the stream ${stream} is no journal of orgtree: its metadata names no run`;
    throw new JetStreamJournalError(name, { problem: "settings", message });
  }
  const index = new EntryIndex();
  await scanStream(index, { journal: name, manager, stream, upTo: info.state.last_seq, withinMs: outageMs });
  const missing = (): JournalError => new JournalError(name, "it was compacted while it was read; read it again", { retryable: true });
  const reader = new BlockReader(name, { manager, stream, missing, persist: (work) => persist({ journal: name, link, outageMs }, work) });
  // Nothing here holds back who writes it.
  return new StoredView(name, { run, index, reader, pins: new Pins() });
}
