import type { NatsLink } from "../connection/nats-link.ts";
import { answerIn, isPassing, JetStreamJournalError, toJournalError } from "./journal-problem.ts";

const pauseMs = 100;

/** Tries again while nobody answers or nobody leads, up to the longest outage. */
export async function persist<T>(
  { journal, link, outageMs }: { readonly journal: string; readonly link: NatsLink; readonly outageMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + outageMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const answer = answerIn(error);
      if (isNoResponders(error) && link.connection.info?.jetstream !== true) {
        const message = `the server at ${link.server} runs without JetStream: start it with nats-server -js`;
        throw new JetStreamJournalError(journal, { problem: "no-jetstream", message }, { cause: error });
      }
      const failure = toJournalError(journal, error);
      const isOver = failure instanceof JetStreamJournalError && failure.problem !== "unavailable";
      if (isOver || (answer !== undefined && !isPassing(answer)) || performance.now() + pauseMs > giveUpAt || link.connection.isClosed())
        throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function isNoResponders(error: unknown): boolean {
  if (answerIn(error)?.code === 503) return true;
  return error instanceof Error && (/no responders/i.test(error.message) || isNoResponders(error.cause));
}
