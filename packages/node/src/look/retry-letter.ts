import { ExpectedError, type Clock } from "@orgtree/core";
import type { ActorSystem } from "@orgtree/runtime";
import type { LetterBook, LostLetter } from "./letter-book.ts";
import { type Retried, valueText } from "./letter-page.ts";

/** Until a message that was told counts as taken, in milliseconds. */
const lostSoonMs = 1_000;
/** How long an answer is waited for, in milliseconds. */
const answerMs = 5_000;
const longestAnswer = 4_000;

/** Where a message is sent again. */
export interface RetryPlace {
  /** Of the partition in which it was lost. */
  readonly system: ActorSystem;
  readonly book: LetterBook;
  readonly clock: Clock;
}

/** Sends a lost message once more, from outside. A question is asked again, and its answer is told. */
export async function retryLetter({ letter }: LostLetter, { system, book, clock }: RetryPlace): Promise<Retried> {
  const { to, message, replyTo } = letter.envelope;
  const lost = Promise.withResolvers<Retried>();
  const stop = book.listen((again) => {
    if (again.envelope.message === message && again.envelope.to === to) lost.resolve({ outcome: "lost", reason: again.reason });
  });
  const cancel = clock.setTimer(replyTo === undefined ? lostSoonMs : answerMs * 2, () => lost.resolve({ outcome: "sent" }));
  try {
    if (replyTo === undefined) {
      system.tell(to, message);
      return await lost.promise;
    }
    const answer = await system.ask(to, message, { timeoutMs: answerMs });
    return { outcome: "answered", answer: valueText(answer, longestAnswer) };
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    return { outcome: "refused", problem: error.message };
  } finally {
    cancel();
    stop();
  }
}
