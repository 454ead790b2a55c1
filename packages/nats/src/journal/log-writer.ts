import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import { headers, type Msg } from "@nats-io/transport-node";
import { JournalError } from "@orgtree/core";
import type { LinkEvent, NatsLink } from "../connection/nats-link.ts";
import { type Block, makeBlock } from "./entry-index.ts";
import {
  type ApiProblem,
  explainAnswer,
  isPassing,
  isWrongSequence,
  JetStreamJournalError,
  notPermitted,
  problemIn,
} from "./journal-problem.ts";
import { splitRecord } from "./record.ts";
import { fencedOutcome, lookAtLeader, type SentMessage } from "./settlement.ts";
import type { StreamNames } from "./stream-settings.ts";

/** What a writer needs to know. */
export interface LogWriterOptions {
  readonly journal: string;
  readonly link: NatsLink;
  readonly manager: JetStreamManager;
  readonly names: StreamNames;
  /** Sequence of our opening, which is our epoch: the last message of the stream when we begin. */
  readonly epoch: number;
  /** Longest wait for an answer until it is looked up what became of a message. */
  readonly answerMs: number;
  /** Longest time without anything stored until what waits is given up. */
  readonly outageMs: number;
  /** Looks up a message at the leader of the stream. */
  readonly lookUp: (seq: number) => Promise<StoredMsg | undefined>;
}

/** Who hears what became of records. */
export interface LogListener {
  /** Nothing that was sent and not stored will be, as far as the error's `outcome` says. Called once for all of it. */
  failed(error: JournalError): void;
  /** More can be sent. */
  ready(): void;
}

interface Sent {
  readonly messages: readonly SentMessage[];
  readonly bytes: number;
  readonly stored: (block: Block) => void;
}

/** What a message has beside its data: the head of the protocol and one header. */
const headerBytes = 256;
const pauseMs = 100;

/**
 * Writes records to a stream, one behind the other, without waiting for answers.
 *
 * Each message says which sequence it comes behind, so the stream takes it there or not at all: nothing is stored twice, nothing
 * behind a message that is missing, and nothing once another writer has written its opening. What became of a message whose answer
 * did not come is looked up at the leader before anything else is written; then it is sent again, to the same place.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #listener: LogListener;
  readonly #stopListening: () => void;
  #sent: Sent[] = [];
  /** Messages that were not answered, by sequence, in order. */
  readonly #messages = new Map<number, SentMessage>();
  readonly #tokens = new Set<string>();
  /** Sequence of the last message that was sent. */
  #last: number;
  /** The first message that was refused for itself; those behind it are refused because it is missing. */
  #refusal: { readonly seq: number; readonly error: JournalError } | undefined;
  #isSettling = false;
  #over: JournalError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heardAt = 0;
  #progressAt = 0;

  constructor(options: LogWriterOptions, listener: LogListener) {
    this.#options = options;
    this.#listener = listener;
    this.#last = options.epoch;
    this.#stopListening = options.link.listen((event) => this.#hear(event));
  }

  /** Why nothing more can be written through this opening. */
  get over(): JournalError | undefined {
    return this.#over;
  }

  /** How many records are on their way. */
  get sending(): number {
    return this.#sent.length;
  }

  /** False while it is not known what became of what was sent. */
  get isReady(): boolean {
    return !this.#isSettling && this.#refusal === undefined;
  }

  /** Stores a record; tells its place. Records are stored in the order of the calls; one that fails takes all behind it along. */
  send(bytes: Uint8Array, stored: (block: Block) => void): void {
    const { link } = this.#options;
    const messages = splitRecord(bytes, link.maxPayload - headerBytes).map((data): SentMessage => ({
      seq: ++this.#last,
      data,
      isUnsure: false,
    }));
    if (this.#sent.length === 0) this.#heardAt = this.#progressAt = performance.now();
    this.#sent.push({ messages, bytes: bytes.byteLength, stored });
    for (const message of messages) this.#messages.set(message.seq, message);
    if (this.isReady && link.isConnected) for (const message of messages) this.#publish(message);
    else void this.#settle();
    this.#timer ??= setTimeout(() => this.#lookAtTime(), this.#options.answerMs);
  }

  /** Nothing is to be sent any more, and what was sent has been waited for. */
  close(): void {
    this.#stopListening();
    clearTimeout(this.#timer);
    this.#over ??= new JournalError(this.#options.journal, "it is closed; open it again to use it");
  }

  #publish(message: SentMessage): void {
    const { link, names } = this.#options;
    const expected = headers();
    expected.set("Nats-Expected-Last-Sequence", String(message.seq - 1));
    const token = link.replies.publish(names.log, { data: message.data, headers: expected }, (reply) => {
      this.#tokens.delete(token);
      this.#answer(message, reply);
    });
    this.#tokens.add(token);
  }

  #answer(message: SentMessage, reply: Msg): void {
    this.#heardAt = performance.now();
    const problem = problemIn(reply);
    if (problem === undefined) this.#store(message.seq);
    else if (this.#messages.has(message.seq)) this.#refuse(message, problem);
    this.#endRefusal();
  }

  /** A message is stored, and so is everything before it. */
  #store(upTo: number): void {
    for (const seq of this.#messages.keys()) {
      if (seq > upTo) break;
      this.#messages.delete(seq);
    }
    if (this.#sent.length === 0 || this.#sent[0]!.messages.at(-1)!.seq > upTo) return;
    this.#progressAt = performance.now();
    while (this.#sent.length > 0 && this.#sent[0]!.messages.at(-1)!.seq <= upTo) {
      const { messages, bytes, stored } = this.#sent.shift()!;
      stored(makeBlock(messages[0]!.seq, messages.length, bytes));
    }
    if (this.#sent.length === 0) this.#rest();
    this.#listener.ready();
  }

  #refuse(message: SentMessage, problem: ApiProblem): void {
    const refusedAt = this.#refusal?.seq ?? Infinity;
    if (isWrongSequence(problem) && message.seq > refusedAt) {
      this.#messages.delete(message.seq);
    } else if (isWrongSequence(problem) || message.isUnsure) {
      void this.#settle();
    } else if (isPassing(problem)) {
      message.isUnsure = problem.code !== 503;
      void this.#settle();
    } else {
      const error = new JetStreamJournalError(this.#options.journal, explainAnswer(problem));
      if (message.seq < refusedAt) this.#refusal = { seq: message.seq, error };
      this.#messages.delete(message.seq);
    }
  }

  /** A refusal is over when everything before it is stored and everything behind it was refused too. */
  #endRefusal(): void {
    if (this.#refusal === undefined || this.#isSettling || this.#messages.size > 0) return;
    const { seq, error } = this.#refusal;
    this.#last = seq - 1;
    this.#fail(error);
  }

  #fail(error: JournalError): void {
    this.#sent = [];
    this.#messages.clear();
    this.#refusal = undefined;
    this.#isSettling = false;
    this.#rest();
    this.#listener.failed(error);
  }

  /** Nothing will be stored through this opening any more. */
  #end(error: JournalError, after: JournalError = error): void {
    this.#over = after;
    this.#stopListening();
    this.#fail(error);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hear(event: LinkEvent): void {
    if (event.type === "closed" && this.#sent.length > 0) this.#giveUp("the connection was closed");
    else if (event.type === "lost" && this.#sent.length > 0) void this.#settle();
    else if (event.type === "refused" && event.subject === this.#options.names.log) {
      void this.#settle(new JetStreamJournalError(this.#options.journal, notPermitted(event.subject)));
    }
  }

  #lookAtTime(): void {
    this.#timer = undefined;
    if (this.#sent.length === 0) return;
    // A server whose disk takes nothing answers everything but what it is to store.
    const isStuck = !this.#isSettling && performance.now() - this.#progressAt >= this.#options.outageMs;
    if (isStuck) return this.#giveUp("the server answers, and stores nothing: look at its disk and its log");
    if (performance.now() - this.#heardAt >= this.#options.answerMs) void this.#settle();
    this.#timer = setTimeout(() => this.#lookAtTime(), this.#options.answerMs);
  }

  /**
   * Finds out what became of everything that was sent, then sends the rest again; or fails it with `refusal`, which means that
   * sending it again is of no use.
   */
  async #settle(refusal?: JournalError): Promise<void> {
    if (this.#isSettling || this.#over !== undefined || this.#sent.length === 0) return;
    this.#isSettling = true;
    this.#abandonAnswers();
    let problem = "";
    do {
      const remaining = this.#progressAt + this.#options.outageMs - performance.now();
      if (await this.#options.link.whenConnected(Math.max(remaining, 1))) {
        if (this.#sent.length === 0 || !this.#isSettling) return;
        try {
          return await this.#settleAtLeader(refusal);
        } catch (error) {
          problem = error instanceof Error ? error.message : String(error);
        }
      } else if (this.#options.link.connection.isClosed()) return this.#giveUp("the connection was closed");
      else problem = "the connection is lost";
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.#sent.length === 0 || !this.#isSettling) return;
    } while (performance.now() < this.#progressAt + this.#options.outageMs);
    this.#giveUp(problem);
  }

  async #settleAtLeader(refusal: JournalError | undefined): Promise<void> {
    const { epoch } = this.#options;
    const seen = await lookAtLeader(this.#options, [...this.#messages.values()]);
    if (!this.#isSettling) return;
    if (seen.opening !== epoch) {
      const outcome = await fencedOutcome(this.#options, { messages: [...this.#messages.values()], opening: seen.opening });
      this.#store(outcome.storedUpTo);
      return this.#end(outcome.error, outcome.after);
    }
    if (seen.isForeign) {
      const message = `somebody else writes to the stream ${this.#options.names.stream}: let nobody but the owner publish there`;
      return this.#end(new JetStreamJournalError(this.#options.journal, { problem: "settings", message }, { outcome: "unknown" }));
    }
    this.#store(seen.last);
    const refused = refusal ?? (this.#refusal?.seq === seen.last + 1 ? this.#refusal.error : undefined);
    if (refused !== undefined && this.#sent.length > 0) {
      this.#last = seen.last;
      return this.#fail(refused);
    }
    this.#isSettling = false;
    this.#refusal = undefined;
    this.#heardAt = performance.now();
    for (const { messages } of this.#sent) {
      for (const message of messages) {
        if (message.seq <= seen.last) continue;
        this.#messages.set(message.seq, message);
        this.#publish(message);
      }
    }
    this.#listener.ready();
  }

  /** Answers that come now belong to what is being looked up. */
  #abandonAnswers(): void {
    for (const token of this.#tokens) this.#options.link.replies.forget(token);
    if (this.#tokens.size > 0) for (const message of this.#messages.values()) message.isUnsure = true;
    this.#tokens.clear();
  }

  #giveUp(problem: string): void {
    const { journal, outageMs } = this.#options;
    const isUnsure = [...this.#messages.values()].some((message) => message.isUnsure);
    const message = `what waits could not be stored within ${outageMs} ms (${problem})${isUnsure ? "; open it again to find out what was" : ""}`;
    const error = new JetStreamJournalError(journal, { problem: "unavailable", message }, { outcome: isUnsure ? "unknown" : "not-done" });
    if (isUnsure) {
      const after = `it lost its server with appends of unknown outcome; open it again to use it`;
      this.#end(error, new JetStreamJournalError(journal, { problem: "unavailable", message: after }));
    } else {
      this.#last = Math.min(...this.#messages.keys()) - 1;
      this.#fail(error);
    }
  }
}
