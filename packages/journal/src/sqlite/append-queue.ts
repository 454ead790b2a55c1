import { type JournalError, JournalFullError, type NewEntry } from "@orgtree/core";
import { toJournalError } from "./journal-problem.ts";
import { packAppends } from "./packed-appends.ts";
import type { WorkerLink } from "./worker-link.ts";
import type { AppendResult } from "./entry-writer.ts";

/** Most of what is handed over at once, so that the worker begins while the rest is still packed. */
const messageBytes = 4_194_304;
const messageAppends = 4_096;

interface WaitingAppend {
  readonly bytes: number;
  readonly resolve: (position: number) => void;
  readonly reject: (error: JournalError) => void;
}

/** Appends on their way to the worker: gathered for the length of a microtask, and answered in order. */
export class AppendQueue {
  readonly #path: string;
  readonly #link: WorkerLink;
  readonly #maxWaitingBytes: number;
  #gathered: (readonly NewEntry[])[] = [];
  #gatheredBytes = 0;
  /** Not answered yet, oldest first, from `#answered` on. */
  #waiting: WaitingAppend[] = [];
  #answered = 0;
  #waitingBytes = 0;
  /** Set when one was refused, until some are answered: a smaller one behind it must not slip past. */
  #isFull = false;

  constructor(path: string, options: { readonly link: WorkerLink; readonly maxWaitingBytes: number }) {
    this.#path = path;
    this.#link = options.link;
    this.#maxWaitingBytes = options.maxWaitingBytes;
    options.link.listen({ appended: (results) => this.#answer(results), lost: (error) => this.#lose(error) });
  }

  append(entries: readonly NewEntry[], bytes: number): Promise<number> {
    if (this.#isFull || (this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#maxWaitingBytes)) {
      this.#isFull = true;
      return Promise.reject(new JournalFullError(this.#path, this.#maxWaitingBytes));
    }
    this.#waitingBytes += bytes;
    this.#gathered.push(entries);
    this.#gatheredBytes += bytes;
    // Those whose appends were just answered make their next ones in the same breath: they go together.
    if (this.#gathered.length === 1) queueMicrotask(this.flush);
    else if (this.#gatheredBytes >= messageBytes || this.#gathered.length >= messageAppends) this.flush();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ bytes, resolve, reject });
    return promise;
  }

  /** Hands over what was gathered. */
  readonly flush = (): void => {
    if (this.#gathered.length === 0) return;
    const packed = packAppends(this.#gathered, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#link.append(packed);
  };

  #answer(results: readonly AppendResult[]): void {
    this.#isFull = false;
    for (const result of results) {
      const { bytes, resolve, reject } = this.#waiting[this.#answered++]!;
      this.#waitingBytes -= bytes;
      if (typeof result === "number") resolve(result);
      else reject(toJournalError(this.#path, result));
    }
    if (this.#answered > 1_024 || this.#answered === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#answered);
      this.#answered = 0;
    }
  }

  #lose(error: JournalError): void {
    const waiting = this.#waiting.slice(this.#answered);
    this.#waiting = [];
    this.#answered = 0;
    this.#gathered = [];
    for (const { reject } of waiting) reject(error);
  }
}
