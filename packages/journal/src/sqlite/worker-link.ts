import { JournalError } from "@orgtree/core";
import { Worker } from "node:worker_threads";
import type { AppendResult } from "./entry-writer.ts";
import type { FileOptions } from "./journal-file.ts";
import { toJournalError } from "./journal-problem.ts";
import type { PackedAppends } from "./packed-appends.ts";
import type { FromWorker, Opened, RequestName, Requests, ToWorker, WorkerStart } from "./worker-messages.ts";

/** From here on, handing bytes over is cheaper than having them copied. */
const transferBytes = 65_536;

/** From source, or as it was built. */
const workerUrl = import.meta.url.endsWith(".ts")
  ? new URL("./journal-worker.ts", import.meta.url)
  : new URL("./journal-worker.js", import.meta.url);

interface Waiter {
  readonly resolve: (gives: never) => void;
  readonly reject: (error: JournalError) => void;
}

/** Hears of appends. */
export interface AppendListener {
  /** What became of the appends that were sent first. */
  readonly appended: (results: readonly AppendResult[]) => void;
  /** The worker is gone: what became of the appends that wait, nobody knows. */
  readonly lost: (error: JournalError) => void;
}

/**
 * The main thread's end of a worker.
 *
 * While something waits for the worker it keeps the process alive; idle it does not, so a program that forgets `close` ends.
 */
export class WorkerLink {
  readonly #path: string;
  readonly #worker: Worker;
  readonly #sent: Int32Array;
  readonly #waiters = new Map<number, Waiter>();
  #listener: AppendListener | undefined;
  #opening: PromiseWithResolvers<Opened> | undefined = Promise.withResolvers<Opened>();
  #nextId = 0;
  #waiting = 0;
  #failuresSeen = 0;
  #ended: JournalError | undefined;
  #closed = false;
  readonly #exit = Promise.withResolvers<void>();

  constructor(file: FileOptions) {
    this.#path = file.path;
    this.#sent = new Int32Array(new SharedArrayBuffer(4));
    this.#worker = new Worker(workerUrl, { workerData: { file, sent: this.#sent } satisfies WorkerStart, name: "orgtree-journal" });
    this.#worker.on("message", (message: FromWorker) => this.#hear(message));
    this.#worker.on("error", (error) => this.#end(error));
    // An answer that cannot be read is lost, and whoever waits for it would wait for ever.
    this.#worker.on("messageerror", (error) => {
      this.#end(error);
      void this.#worker.terminate();
    });
    this.#worker.on("exit", () => {
      this.#end(undefined);
      this.#exit.resolve();
    });
  }

  /** Resolves with epoch and run; rejects as the file says. */
  async opened(): Promise<Opened> {
    const opened = await this.#opening!.promise;
    this.#opening = undefined;
    if (this.#waiting === 0) this.#worker.unref();
    return opened;
  }

  /** Why nothing can be sent any more. */
  get ended(): JournalError | undefined {
    return this.#ended;
  }

  /** True when the file was closed, and the thread ended for that. */
  get closed(): boolean {
    return this.#closed;
  }

  listen(listener: AppendListener): void {
    this.#listener = listener;
  }

  append(appends: PackedAppends): void {
    this.#wait(appends.counts.length);
    const { buffer, byteLength } = appends.bytes;
    const transfer = byteLength >= transferBytes ? [buffer as ArrayBuffer] : [];
    this.#send({ type: "append", appends, failuresSeen: this.#failuresSeen }, transfer);
  }

  request<Name extends RequestName>(type: Name, asks: Requests[Name]["asks"]): Promise<Requests[Name]["gives"]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Requests[Name]["gives"]>();
    this.#waiters.set(id, { resolve, reject });
    this.#wait(1);
    this.#send({ type, id, asks } as ToWorker, []);
    return promise;
  }

  /** Resolves when the thread is over. */
  get exited(): Promise<void> {
    return this.#exit.promise;
  }

  /** Has the file closed and the thread ended; the process lives until then. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      await this.request("close", {});
      this.#closed = true;
    }
    this.#worker.ref();
    await this.exited;
  }

  /** Ends the thread in the middle of what it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToWorker, transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
    Atomics.add(this.#sent, 0, 1);
    Atomics.notify(this.#sent, 0);
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case "opened":
        this.#opening!.resolve({ epoch: message.epoch, run: message.run });
        return;
      case "refused":
        this.#opening!.reject(toJournalError(this.#path, message.problem));
        return;
      case "appended":
        this.#failuresSeen = message.failures;
        this.#wait(-message.results.length);
        this.#listener!.appended(message.results);
        return;
      case "answer":
        this.#takeWaiter(message.id).resolve(message.gives as never);
        return;
      case "failed":
        this.#takeWaiter(message.id).reject(toJournalError(this.#path, message.problem));
        return;
      default:
        message satisfies never;
    }
  }

  #takeWaiter(id: number): Waiter {
    const waiter = this.#waiters.get(id)!;
    this.#waiters.delete(id);
    this.#wait(-1);
    return waiter;
  }

  #wait(more: number): void {
    const before = this.#waiting;
    this.#waiting += more;
    if (before === 0) this.#worker.ref();
    else if (this.#waiting === 0) this.#worker.unref();
  }

  #end(cause: unknown): void {
    if (this.#ended !== undefined) return;
    const facts = cause === undefined ? {} : { cause };
    this.#ended = new JournalError(this.#path, "its thread has ended; open it again to use it", facts);
    const error = new JournalError(this.#path, "its thread ended before it answered; make the append again after opening it again", {
      ...facts,
      outcome: "unknown",
    });
    this.#opening?.reject(error);
    for (const { reject } of this.#waiters.values()) reject(error);
    this.#waiters.clear();
    this.#listener?.lost(error);
  }
}
