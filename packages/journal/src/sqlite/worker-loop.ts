import type { CompactionResult } from "@orgtree/core";
import { decideCut } from "@orgtree/core/compaction";
import type { JournalFile } from "./journal-file.ts";
import { WriteError } from "./entry-writer.ts";
import type { PackedAppends } from "./packed-appends.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** Most of what one transaction takes, in bytes of data: beyond, those who wait would wait longer for less. */
const transactionBytes = 16_777_216;

type Request = Exclude<ToWorker, { readonly type: "append" }>;
type CompactRequest = Extract<Request, { readonly type: "compact" }>;

/** A compaction, a slice each turn. */
interface Job {
  readonly id: number;
  readonly slices: Generator<void, CompactionResult>;
}

/** Where the store can never take one append, the others in its transaction may be made again. */
function problemAt(at: number, failed: { readonly problem: Problem; readonly error: unknown }): Problem {
  const { problem, error } = failed;
  const isForGood = problem.kind === "damaged" || (problem.kind === "store" && !problem.retryable);
  if (!isForGood || !(error instanceof WriteError) || error.at === at) return problem;
  const beside = "an append beside it failed; nothing of either was stored";
  return { kind: "store", problem: beside, retryable: true, outcome: "not-done" };
}

/** What the worker does with what it receives: appends in groups, everything else in between, in the order of the asking. */
export class WorkerLoop {
  closed = false;
  readonly #file: JournalFile;
  readonly #post: (message: FromWorker) => void;
  /** Appends that failed for reasons of the store, so far. */
  #failures = 0;
  /** Compactions, the one under way first. */
  readonly #jobs: Job[] = [];

  constructor(file: JournalFile, post: (message: FromWorker) => void) {
    this.#file = file;
    this.#post = post;
  }

  /** Does what waits, and one slice of a compaction; false when there was nothing to do. */
  turn(receive: () => ToWorker | undefined): boolean {
    let worked = false;
    let group: PackedAppends[] = [];
    let bytes = 0;
    const commit = (): void => {
      if (group.length > 0) this.#append(group);
      group = [];
      bytes = 0;
    };
    for (let message = receive(); message !== undefined; message = receive()) {
      worked = true;
      if (message.type !== "append") {
        commit();
        this.#handle(message);
        if (this.closed) return true;
        continue;
      }
      if (message.failuresSeen < this.#failures) {
        commit();
        this.#refuseLate(message.appends);
        continue;
      }
      group.push(message.appends);
      bytes += message.appends.bytes.byteLength;
      if (bytes >= transactionBytes) commit();
    }
    commit();
    return this.#compactSome() || worked;
  }

  #append(group: readonly PackedAppends[]): void {
    try {
      this.#post({ type: "appended", results: this.#file.write(group), failures: this.#failures });
    } catch (error) {
      const problem = problemOf(error);
      this.#failures++;
      let first = 0;
      for (const { counts } of group) {
        const results = counts.map((_, at) => problemAt(first + at, { problem, error }));
        this.#post({ type: "appended", results, failures: this.#failures });
        first += counts.length;
      }
    }
  }

  /**
   * These were made before anybody could know that an earlier append had failed. Stored now, a change would stand there without
   * the one it builds on.
   */
  #refuseLate({ counts }: PackedAppends): void {
    const problem = "an append before it failed, and this one may build on it; nothing of it was stored";
    const results = counts.map((): Problem => ({ kind: "store", problem, retryable: true, outcome: "not-done" }));
    this.#post({ type: "appended", results, failures: this.#failures });
  }

  #handle(request: Request): void {
    if (request.type === "compact") {
      this.#jobs.push(this.#toJob(request));
      return;
    }
    try {
      this.#post({ type: "answer", id: request.id, gives: this.#answer(request) });
    } catch (error) {
      this.#post({ type: "failed", id: request.id, problem: problemOf(error) });
    }
  }

  #answer(request: Exclude<Request, CompactRequest>): Extract<FromWorker, { type: "answer" }>["gives"] {
    const { reader } = this.#file;
    switch (request.type) {
      case "image":
        return reader.image(request.asks.address, request.asks.at);
      case "images":
        return reader.images(request.asks.at, request.asks.after);
      case "read":
        return reader.read(request.asks.query, request.asks.after);
      case "lastPosition":
        return this.#file.writer.lastPosition;
      case "horizon":
        return reader.horizon();
      case "lastSeqs":
        return reader.lastSeqs();
      case "close":
        while (this.#compactSome());
        this.closed = true;
        this.#file.close();
        return undefined;
      default:
        return request satisfies never;
    }
  }

  #compactSome(): boolean {
    const [job] = this.#jobs;
    if (job === undefined) return false;
    const { id, slices } = job;
    try {
      const { done, value } = slices.next();
      if (done !== true) return true;
      this.#post({ type: "answer", id, gives: value });
    } catch (error) {
      this.#post({ type: "failed", id, problem: problemOf(error) });
    }
    this.#jobs.shift();
    return true;
  }

  /** The cut is fixed here: whoever asks for a position after this call gets one that is not before it. */
  #toJob({ id, asks }: CompactRequest): Job {
    const cut = decideCut({ ...asks, last: this.#file.writer.lastPosition });
    return { id, slices: this.#file.compaction(cut) };
  }
}
