import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { NatsLink } from "../connection/nats-link.ts";
import { answerIn, explainAnswer, isPassing, JetStreamJournalError } from "./journal-problem.ts";
import { persist } from "./persist.ts";
import { encodeRecord } from "./record.ts";
import { checkSettings, runOf, settingsOf, type StreamNames, type StreamWishes } from "./stream-settings.ts";

/** What opening a journal's stream gives. */
export interface OpenedStream {
  readonly manager: JetStreamManager;
  /** Sequence of the message that says that we opened it. Nobody else's writes come behind it. */
  readonly epoch: number;
  readonly run: string;
}

export const streamNotFound = 10_059;
const streamNameTaken = 10_058;

/** Finds or makes the stream of a journal, looks at its settings, and says in it that we opened it. Rejects with `JournalError`. */
export async function openStream(
  journal: string,
  link: NatsLink,
  limits: { readonly names: StreamNames; readonly wishes: StreamWishes; readonly answerMs: number; readonly outageMs: number },
): Promise<OpenedStream> {
  const { names, wishes, answerMs, outageMs } = limits;
  const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: answerMs });
  const config = await persist({ journal, link, outageMs }, () => findOrMake(manager, { names, wishes }));
  checkSettings(journal, config, { names, wishes });
  const owner = `${hostname()} ${process.pid}`;
  const data = encodeRecord({ type: "opening", owner });
  const head = headers();
  // Sent again under the same name it is stored once.
  head.set("Nats-Msg-Id", randomUUID());
  const epoch = await persist({ journal, link, outageMs }, async () => {
    const reply = await link.connection.request(names.opening, data, { timeout: answerMs, headers: head });
    const answer = reply.json<{ seq: number; error?: { err_code?: number; code: number; description: string } }>();
    if (answer.error === undefined) return answer.seq;
    const problem = { code: answer.error.err_code ?? answer.error.code, description: answer.error.description };
    if (isPassing(problem)) throw new Error(problem.description);
    throw new JetStreamJournalError(journal, explainAnswer(problem));
  });
  return { manager, epoch, run: runOf(config)! };
}

async function findOrMake(manager: JetStreamManager, { names, wishes }: { names: StreamNames; wishes: StreamWishes }) {
  try {
    return (await manager.streams.info(names.stream)).config;
  } catch (error) {
    if (answerIn(error)?.code !== streamNotFound) throw error;
  }
  try {
    return (await manager.streams.add(settingsOf(names, wishes))).config;
  } catch (error) {
    if (answerIn(error)?.code !== streamNameTaken) throw error;
    return (await manager.streams.info(names.stream)).config;
  }
}
