import { type Clock, LeaseError, type LeaseEvent, type LeaseRecord, type Leases } from "@orgtree/core";

/** What becomes of a call on its way, or of what a watch is told. Times in milliseconds. */
export interface LeasePassage {
  /** Until it arrives at the store; undefined: it never does. */
  readonly thereMs: number | undefined;
  /** Until the answer arrives; undefined: it never does, though what was asked is done. */
  readonly backMs: number | undefined;
}

/** What is on its way: of whom, and what. */
export interface LeaseCall {
  readonly process: string;
  readonly type: "put" | "read" | "remove" | "watch";
  readonly key: string;
}

/** How a store in memory behaves. */
export interface MemoryLeaseStoreOptions {
  readonly clock: Clock;
  /** Default: everything arrives, soon. */
  readonly passage?: ((call: LeaseCall) => LeasePassage) | undefined;
  /** How long a process waits for an answer, on its own clock. Default 1,000. */
  readonly answerMs?: number | undefined;
}

/** Leases of processes that live in this one: for tests, and for the simulator, which lets calls be late, lost, or never answered. */
export class MemoryLeaseStore {
  readonly clock: Clock;
  readonly answerMs: number;
  passage: (call: LeaseCall) => LeasePassage;
  readonly #records = new Map<string, LeaseRecord>();
  readonly #clients = new Set<MemoryLeases>();
  #revision = 0;
  #isDown = false;

  constructor({ clock, passage = () => ({ thereMs: 0, backMs: 0 }), answerMs = 1_000 }: MemoryLeaseStoreOptions) {
    this.clock = clock;
    this.passage = passage;
    this.answerMs = answerMs;
  }

  /** The leases as a process has them. Its clock, if it has one of its own, is the one on which it hears of anything. */
  connect(process: string, clock: Clock = this.clock): MemoryLeases {
    const client = new MemoryLeases(this, { process, clock });
    this.#clients.add(client);
    return client;
  }

  /** Whether it answers nobody: what arrives then is lost, and all watches with it. */
  get isDown(): boolean {
    return this.#isDown;
  }

  set isDown(isDown: boolean) {
    if (isDown === this.#isDown) return;
    this.#isDown = isDown;
    for (const client of this.#clients) client.restoreWatches();
  }

  /** @internal */
  get records(): readonly LeaseRecord[] {
    return Array.from(this.#records.values()).sort((one, other) => one.revision - other.revision);
  }

  /** @internal */
  read(key: string): LeaseRecord | undefined {
    return this.#records.get(key);
  }

  /** @internal */
  change(key: string, json: string | undefined, revision: number): number | undefined {
    if ((this.#records.get(key)?.revision ?? 0) !== revision) return undefined;
    const next = ++this.#revision;
    if (json === undefined) {
      this.#records.delete(key);
      for (const client of this.#clients) client.tell({ type: "removed", key, revision: next });
    } else {
      const record = { key, revision: next, value: JSON.parse(json) as unknown };
      this.#records.set(key, record);
      for (const client of this.#clients) client.tell({ type: "stored", record });
    }
    return next;
  }
}

/** One process's leases in memory. */
export class MemoryLeases implements Leases {
  readonly #store: MemoryLeaseStore;
  readonly #process: string;
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  readonly #pending = new Set<(error: LeaseError) => void>();
  #isCut = false;

  /** @internal Use `MemoryLeaseStore.connect`. */
  constructor(store: MemoryLeaseStore, { process, clock }: { readonly process: string; readonly clock: Clock }) {
    this.#store = store;
    this.#process = process;
    this.#clock = clock;
  }

  put(key: string, value: unknown, revision: number): Promise<number | undefined> {
    const json = JSON.stringify(value);
    return this.#call({ type: "put", key }, () => this.#store.change(key, json, revision));
  }

  read(key: string): Promise<LeaseRecord | undefined> {
    return this.#call({ type: "read", key }, () => this.#store.read(key));
  }

  async remove(key: string, revision: number): Promise<boolean> {
    return (await this.#call({ type: "remove", key }, () => this.#store.change(key, undefined, revision))) !== undefined;
  }

  watch(listener: (event: LeaseEvent) => void): () => void {
    const watch: Watch = { listener, queue: [], isLive: false, isOver: false };
    this.#watches.add(watch);
    this.#begin(watch);
    return () => {
      watch.isOver = true;
      this.#watches.delete(watch);
    };
  }

  /** Takes the process off the network. */
  cut(): void {
    this.#isCut = true;
    for (const reject of this.#pending) reject(this.#error("the connection is lost", "unknown"));
    this.restoreWatches();
  }

  mend(): void {
    this.#isCut = false;
    this.restoreWatches();
  }

  /** @internal Watches hear that they are lost, and begin anew when there is somebody to tell them. */
  restoreWatches(): void {
    for (const watch of this.#watches) {
      const wasLive = watch.isLive;
      watch.isLive = false;
      if (wasLive) this.#push(watch, { type: "lost" });
      this.#begin(watch);
    }
  }

  /** @internal */
  tell(event: LeaseEvent): void {
    for (const watch of this.#watches) if (watch.isLive) this.#push(watch, event);
  }

  #begin(watch: Watch): void {
    if (this.#isCut || this.#store.isDown || watch.isLive) return;
    watch.isLive = true;
    for (const record of this.#store.records) this.#push(watch, { type: "stored", record });
    this.#push(watch, { type: "complete" });
  }

  /** Each arrives in its time, and none before the one before it. */
  #push(watch: Watch, event: LeaseEvent): void {
    watch.queue.push(event);
    const key = event.type === "stored" ? event.record.key : event.type === "removed" ? event.key : "";
    const { thereMs } = this.#store.passage({ process: this.#process, type: "watch", key });
    this.#after(thereMs ?? 0, () => {
      const next = watch.queue.shift()!;
      if (!watch.isOver) watch.listener(next);
    });
  }

  #call<T>(what: Pick<LeaseCall, "type" | "key">, work: () => T): Promise<T> {
    if (this.#isCut) return Promise.reject(this.#error("there is no connection", "not-done"));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const store = this.#store;
    this.#pending.add(reject);
    const cancel = this.#clock.setTimer(store.answerMs, () => reject(this.#error("no answer", "unknown")));
    const { thereMs, backMs } = store.passage({ process: this.#process, ...what });
    const arrive = (): void => {
      if (store.isDown) return;
      const answer = work();
      if (backMs === undefined) return;
      this.#after(backMs, () => {
        if (!this.#isCut) resolve(answer);
      });
    };
    if (thereMs === 0) store.clock.defer(arrive);
    else if (thereMs !== undefined) store.clock.setTimer(thereMs, arrive);
    return promise.finally(() => {
      cancel();
      this.#pending.delete(reject);
    });
  }

  #after(delayMs: number, work: () => void): void {
    if (delayMs > 0) this.#clock.setTimer(delayMs, work);
    else this.#clock.defer(work);
  }

  #error(problem: string, outcome: "not-done" | "unknown"): LeaseError {
    return new LeaseError("memory", `${problem}: try again in a moment`, { outcome });
  }
}

interface Watch {
  readonly listener: (event: LeaseEvent) => void;
  readonly queue: LeaseEvent[];
  isLive: boolean;
  isOver: boolean;
}
