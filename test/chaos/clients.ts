import { partitionOf } from "@orgtree/cluster";
import type { Address, Endpoint } from "@orgtree/core";
import type { ClusterClient } from "@orgtree/node";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import { pause } from "./faults.ts";
import { Jobs, type Series } from "./jobs.ts";
import type { AccountState, CounterState, FeederState } from "./workload.ts";

/** A call from outside that was answered. */
export interface Acknowledged {
  readonly partition: Endpoint;
  /** When the attempt that was answered began. */
  readonly atMs: number;
  readonly endMs: number;
}

/** What the actors say of themselves in the end. */
export interface FinalStates {
  readonly counters: ReadonlyMap<Address, CounterState>;
  readonly feeders: ReadonlyMap<Address, FeederState>;
  readonly accounts: ReadonlyMap<Address, AccountState>;
}

export const accountCount = 8;
export const openingBalance = 1_000;
const feederCount = 3;
const attemptMs = 2_000;

/** The clients of the cluster: they call without a pause, each with numbers of its own, and repeat what was not answered. */
export class Clients {
  readonly acknowledged: Acknowledged[] = [];
  /** By actor and client, the newest number that was acknowledged, and what was answered. */
  readonly told = new Map<Address, Map<string, { n: number; value: number }>>();
  readonly jobs: Jobs;
  readonly #series: readonly Series[];
  /** What should not have happened. */
  readonly wrong: string[] = [];
  readonly counters: readonly Address[];
  readonly feeders: readonly Address[];
  readonly accounts: readonly Address[];
  readonly #client: ClusterClient;
  readonly #random: SeededRandom;
  readonly #partitions: Readonly<Record<string, number>>;
  readonly #stopping = new AbortController();
  readonly #givingUp = new AbortController();
  #loops: Promise<void>[] = [];
  #attempts = 0;

  constructor(
    client: ClusterClient,
    parts: {
      readonly random: SeededRandom;
      readonly partitions: Readonly<Record<string, number>>;
      readonly series: readonly Series[];
    },
  ) {
    this.#client = client;
    this.#random = parts.random;
    this.#partitions = parts.partitions;
    this.#series = parts.series;
    this.jobs = new Jobs(client, { stopping: this.#stopping.signal, givingUp: this.#givingUp.signal });
    const count = Object.values(parts.partitions).reduce((sum, each) => sum + each, 0);
    this.counters = Array.from({ length: count }, (_, at) => this.#nameIn(`main-${at}`));
    this.feeders = Array.from({ length: feederCount }, (_, at): Address => `/feeder-${at}`);
    this.accounts = Array.from({ length: accountCount }, (_, at): Address => `/account-${at}`);
  }

  get attempts(): number {
    return this.#attempts;
  }

  endpointOf(address: Address): Endpoint {
    return partitionOf(address, { partitions: this.#partitions });
  }

  /** Makes the actors, and begins to call them. */
  async start(): Promise<void> {
    await Promise.all([
      ...this.counters.map((address) => this.#make(address, "counter", null)),
      ...this.accounts.map((address) => this.#make(address, "account", openingBalance)),
    ]);
    await Promise.all(this.feeders.map((address) => this.#make(address, "feeder", this.counters)));
    this.#loops = [
      ...this.counters.map((address) => this.#probe(address)),
      ...Array.from({ length: 4 }, (_, at) => this.#trade(`teller-${at}`)),
      this.jobs.run(this.#series),
    ];
  }

  /** Nothing new is begun; resolves when all that was is answered and ended. Gives what is not, when that takes longer than `withinMs`. */
  async settle(withinMs: number): Promise<readonly string[]> {
    this.#stopping.abort();
    const late = setTimeout(() => this.#givingUp.abort(), withinMs);
    try {
      await Promise.all(this.#loops);
      await Promise.all(this.feeders.map((address) => this.#persist(address, "stop")));
      while (!this.#givingUp.signal.aborted && (await this.#open()).length > 0) await pause(200, this.#givingUp.signal);
      return this.#givingUp.signal.aborted ? this.#stuck() : [];
    } finally {
      clearTimeout(late);
    }
  }

  /** What the actors say; those that do not answer are not there. */
  async states(withinMs: number): Promise<FinalStates> {
    const ask = async <S>(addresses: readonly Address[]): Promise<ReadonlyMap<Address, S>> => {
      const answers = addresses.map(async (address): Promise<[Address, S][]> => {
        const answer = await this.#client.system.ask(address, "get", { timeoutMs: withinMs }).catch(() => undefined);
        return answer === undefined ? [] : [[address, answer as S]];
      });
      return new Map((await Promise.all(answers)).flat());
    };
    const [counters, feeders, accounts] = await Promise.all([
      ask<CounterState>(this.counters),
      ask<FeederState>(this.feeders),
      ask<AccountState>(this.accounts),
    ]);
    return { counters, feeders, accounts };
  }

  #nameIn(endpoint: Endpoint): Address {
    for (let n = 0; ; n++) if (this.endpointOf(`/counter-${n}`) === endpoint) return `/counter-${n}`;
  }

  async #make(address: Address, what: string, input: unknown): Promise<void> {
    const id = address.slice(1);
    await this.#client.submit({ id, kind: "actor", what, input });
    // A job is taken before its actor is there.
    await this.#persist(address, "get");
  }

  /** Calls until it is answered; undefined when that takes too long. */
  async #persist(to: Address, message: unknown): Promise<unknown> {
    while (!this.#givingUp.signal.aborted) {
      this.#attempts++;
      const atMs = Date.now();
      try {
        const answer = await this.#client.system.ask(to, message, { timeoutMs: attemptMs });
        this.acknowledged.push({ partition: this.endpointOf(to), atMs, endMs: Date.now() });
        return answer;
      } catch {
        // Unknown, unreachable, not there yet: it is the same to who repeats it.
        await pause(50);
      }
    }
    return undefined;
  }

  async #call(client: string, to: Address, message: object): Promise<void> {
    const lanes = this.told.get(to) ?? new Map<string, { n: number; value: number }>();
    this.told.set(to, lanes);
    const before = lanes.get(client) ?? { n: 0, value: 0 };
    const n = before.n + 1;
    const answer = (await this.#persist(to, { ...message, client, n })) as { n: number; value: number } | undefined;
    if (answer === undefined) return;
    if (answer.n !== n) this.wrong.push(`${to} answered ${answer.n} to number ${n} of ${client}`);
    lanes.set(client, { n, value: answer.value });
  }

  async #probe(counter: Address): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { value = 0 } = this.told.get(counter)?.get("prober") ?? {};
      await this.#call("prober", counter, { type: "add" });
      const now = this.told.get(counter)?.get("prober")?.value ?? 0;
      if (now <= value && !this.#givingUp.signal.aborted) this.wrong.push(`${counter} had ${value}, and ${now} after one more`);
      await pause(100, signal);
    }
  }

  async #trade(client: string): Promise<void> {
    const random = this.#random.fork(client);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const [from, to] = random.shuffle(this.accounts) as [Address, Address];
      await this.#call(client, from, { type: "transfer", to, amount: random.int(1, 50) });
      await pause(random.int(20, 150), signal);
    }
  }

  /** Deliveries and questions that are under way. */
  async #open(): Promise<readonly string[]> {
    const { feeders, accounts } = await this.states(attemptMs);
    const open: string[] = [];
    if (feeders.size < this.feeders.length || accounts.size < this.accounts.length) open.push("somebody does not answer");
    for (const [address, { sent, taken, open: questions }] of feeders) {
      for (const to of Object.keys(sent) as Address[]) {
        if (sent[to] !== taken[to]) open.push(`${address} has sent ${sent[to]} to ${to}, and ${taken[to]} are taken`);
        if (questions[to] !== 0) open.push(`${address} waits for the answer of ${to} to ${questions[to]}`);
      }
    }
    for (const [from, { put }] of accounts) {
      for (const [to, n] of Object.entries(put)) {
        const got = accounts.get(to as Address)?.got[from] ?? 0;
        if (got !== n) open.push(`${from} has sent ${n} deposits to ${to}, which has ${got}`);
      }
    }
    return open;
  }

  async #stuck(): Promise<readonly string[]> {
    const { running } = this.jobs;
    const answers = await this.states(attemptMs);
    const silent = [
      ...this.counters.filter((address) => !answers.counters.has(address)),
      ...this.feeders.filter((address) => !answers.feeders.has(address)),
      ...this.accounts.filter((address) => !answers.accounts.has(address)),
    ];
    return [
      ...running.map(({ id }) => `${id} (in ${this.endpointOf(`/${id}`)}) has not ended`),
      ...silent.map((address) => `${address} (in ${this.endpointOf(address)}) does not answer`),
      ...(await this.#open()),
    ];
  }
}
