import { listPartitions, MemoryLeaseStore, MemoryNetwork, WireTransport } from "@orgtree/cluster";
import { type Address, type Clock, decode, type Endpoint, type NewEntry } from "@orgtree/core";
import { MemoryFile } from "@orgtree/journal";
import { ClusterClient, endpointsOf } from "@orgtree/node";
import { createActorSystem, readTurn } from "@orgtree/runtime";
import { Agenda } from "../agenda.ts";
import { epochAtStartMs } from "../life-line.ts";
import { SeededRandom } from "../seeded-random.ts";
import { SimNode, type ClusterGround } from "./cluster-node.ts";
import type { ClusterFault, ClusterOperation, ClusterPlan } from "./cluster-plan.ts";
import { tellers, type TellerMessage, type TellerState } from "./teller.ts";

/** Something that was begun outside. */
export interface Begun {
  readonly key: string;
  readonly id: string;
  readonly at: Address;
  readonly node: string;
  readonly atMs: number;
  /** Its result had been stored by then. */
  readonly isAgain: boolean;
}

/** What is known when a run is over. */
export interface ClusterOutcome {
  readonly plan: ClusterPlan;
  /** Operations that were answered. */
  readonly answered: ReadonlySet<string>;
  /** Payments whose job failed, and why. */
  readonly failed: ReadonlyMap<string, string>;
  readonly begun: readonly Begun[];
  /** What the tellers say of themselves; undefined for one that does not answer. */
  readonly reports: ReadonlyMap<Address, TellerState | undefined>;
  /** Partitions that are not hosted by exactly one node, and by whom they are. */
  readonly unsettled: readonly string[];
  /** How often what struck. */
  readonly struck: ReadonlyMap<string, number>;
  /** How often a partition was begun. */
  readonly begins: number;
  readonly steps: number;
}

/** Until all has to be well again after the faults, in milliseconds: longer than any deadline of a lease, a channel and a client. */
const calmMs = 90_000;
const attemptMs = 2_000;
const pauseMs = 400;
const mostSteps = 400_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs a plan. The same plan always runs in the same way. */
export function simulateCluster(plan: ClusterPlan): Promise<ClusterOutcome> {
  return new SimCluster(plan).run();
}

class SimCluster {
  readonly #plan: ClusterPlan;
  readonly #random: SeededRandom;
  readonly #agenda: Agenda;
  readonly #truth: Clock;
  readonly #network: MemoryNetwork;
  readonly #store: MemoryLeaseStore;
  readonly #partitions: Readonly<Record<string, number>>;
  readonly #files = new Map<Endpoint, MemoryFile>();
  readonly #nodes: SimNode[] = [];
  readonly #client: ClusterClient;
  readonly #answered = new Set<string>();
  readonly #failed = new Map<string, string>();
  readonly #begun: Begun[] = [];
  /** Results that were stored: whose, and of what. */
  readonly #stored = new Set<string>();
  readonly #struck = new Map<string, number>();
  /** All tellers are there: what is delivered to nobody is a dead letter. */
  #opened: Promise<unknown> = Promise.resolve();
  #begins = 0;
  #isCalm = false;

  constructor(plan: ClusterPlan) {
    this.#plan = plan;
    this.#random = new SeededRandom(`cluster run ${plan.seed}`);
    this.#agenda = new Agenda(this.#random.fork("agenda"));
    const agenda = this.#agenda;
    this.#truth = {
      nowMs: () => agenda.nowMs,
      epochMs: () => epochAtStartMs + agenda.nowMs,
      setTimer: (delayMs, due) => agenda.after(delayMs, due),
      defer: (work) => void agenda.after(0, work),
    };
    this.#partitions = { main: plan.partitions };
    this.#network = new MemoryNetwork({ clock: this.#truth, passage: () => this.#packetPassage() });
    this.#store = new MemoryLeaseStore({ clock: this.#truth, passage: ({ type }) => this.#leasePassage(type) });
    this.#client = this.#connect();
  }

  async run(): Promise<ClusterOutcome> {
    const { nodes, operations, faults, chaosMs, plan } = { ...this.#plan, plan: this.#plan };
    for (let n = 0; n < nodes; n++) this.#join();
    this.#opened = Promise.all(Array.from({ length: plan.tellers }, (_, n) => this.#open(`teller-${n}`)));
    for (const operation of operations) this.#agenda.after(operation.atMs, () => void this.#operate(operation));
    for (const fault of faults) this.#agenda.after(fault.atMs, () => this.#strike(fault));
    await this.#run(chaosMs);
    this.#calm();
    await this.#run(chaosMs + calmMs);
    const reports = await this.#inspect(chaosMs + calmMs);
    return {
      plan,
      answered: this.#answered,
      failed: this.#failed,
      begun: this.#begun,
      reports,
      unsettled: this.#unsettled(),
      struck: this.#struck,
      begins: this.#begins,
      steps: this.#agenda.steps,
    };
  }

  async #run(untilMs: number): Promise<void> {
    await this.#agenda.run(untilMs, () => this.#agenda.steps < mostSteps);
  }

  // The ground

  #packetPassage(): readonly number[] {
    const { loss, doubling, lateMs } = this.#plan;
    const delay = (): number => 1 + Math.floor(this.#random.next() ** 4 * (this.#isCalm ? 1 : lateMs));
    if (this.#isCalm) return [delay()];
    if (this.#random.chance(loss)) return [];
    return this.#random.chance(doubling) ? [delay(), delay()] : [delay()];
  }

  #leasePassage(type: string): { readonly thereMs: number | undefined; readonly backMs: number | undefined } {
    if (this.#isCalm || type === "watch") return { thereMs: this.#random.int(1, 3), backMs: 1 };
    const { loss, lateMs } = this.#plan;
    const way = (): number | undefined => (this.#random.chance(loss) ? undefined : 1 + Math.floor(this.#random.next() ** 4 * lateMs));
    return { thereMs: way(), backMs: way() };
  }

  #fileOf(endpoint: Endpoint): MemoryFile {
    const file = this.#files.get(endpoint) ?? new MemoryFile(endpoint, "");
    this.#files.set(endpoint, file);
    return file;
  }

  #join(): SimNode {
    const ground: ClusterGround = {
      agenda: this.#agenda,
      network: this.#network,
      store: this.#store,
      partitions: this.#partitions,
      catalog: (node) => ({ organizations: {}, actors: tellers((work, context) => this.#outside(node, work, context)) }),
      fileOf: (endpoint) => this.#fileOf(endpoint),
      stored: (_, entries) => this.#noteStored(entries),
    };
    const number = this.#nodes.length + 1;
    const rate = 1 + this.#plan.drift * (2 * this.#random.next() - 1);
    const node = new SimNode(number, ground, { random: this.#random.fork(`node ${number}`), rate });
    node.ownership.listen(({ type }) => void (type === "begun" && this.#begins++));
    this.#nodes.push(node);
    return node;
  }

  /** Results that are stored now. */
  #noteStored(entries: readonly NewEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === "end" || !entry.address.includes("/teller-")) continue;
      const { cause } = readTurn({ ...entry, position: 0 });
      if (cause.type === "orgtree.done") this.#stored.add(`${entry.address.slice(entry.address.lastIndexOf("/"))} ${tagOf(cause.message)}`);
    }
  }

  #outside(
    node: SimNode,
    { id, workMs }: { readonly id: string; readonly workMs: number },
    { key, address }: { key: string; address: Address },
  ): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    if (!node.line.passes()) return promise;
    const isAgain = this.#stored.has(`${address} ${id}`);
    this.#begun.push({ key, id, at: address, node: node.name, atMs: this.#agenda.nowMs, isAgain });
    node.line.after(workMs, () => resolve(`result of ${id}`));
    return promise;
  }

  // Faults

  #strike({ how, whom, forMs, append }: ClusterFault): void {
    const present = this.#nodes.filter(({ isGone }) => !isGone);
    const node = present[whom % Math.max(1, present.length)];
    if (how === "join") return void (present.length < 5 && this.#note(how) && this.#join());
    if (how === "outage") return this.#for(forMs, (is) => (this.#store.isDown = is), how);
    if (node === undefined) return;
    this.#note(how === "append" ? `append ${append}` : how);
    if (how === "kill") node.kill();
    else if (how === "stop") this.#for(forMs, (is) => (is ? node.line.stop() : node.line.resume()));
    else if (how === "cut") this.#for(forMs, (is) => this.#cut(node, is));
    else if (how === "append") node.strikeAppend({ how: append, ms: forMs });
    else void node.leave(how);
  }

  #cut(node: SimNode, isCut: boolean): void {
    if (!isCut && node.isGone) return;
    for (const line of [node.wire, node.leases]) line[isCut ? "cut" : "mend"]();
  }

  #for(forMs: number, set: (is: boolean) => void, how?: string): void {
    if (how !== undefined) this.#note(how);
    set(true);
    this.#agenda.after(forMs, () => set(false));
  }

  #note(how: string): true {
    this.#struck.set(how, (this.#struck.get(how) ?? 0) + 1);
    return true;
  }

  /** Nothing goes wrong any more, and somebody is there. */
  #calm(): void {
    this.#isCalm = true;
    for (const node of this.#nodes) node.spareAppends();
    this.#join();
  }

  // Clients

  #connect(): ClusterClient {
    const [clock, random, logger] = [this.#truth, this.#random.fork("client"), silent];
    const wire = this.#network.connect("client");
    const endpointOf = endpointsOf(this.#partitions);
    const transport = new WireTransport({ wire, clock, random, logger, endpoint: "client", endpointOf, outlives: (at) => at !== "client" });
    const system = createActorSystem({ clock, random, logger, transport });
    const endpoints = listPartitions(this.#partitions).map(({ endpoint }) => endpoint);
    return new ClusterClient({ system, clock, endpoints, endpointOf, callMs: attemptMs });
  }

  /** A job is taken before its actor is there. */
  async #open(id: string): Promise<void> {
    await this.#submit(id);
    await this.#insist(async () => void (await this.#client.system.ask(`/${id}`, { type: "report" }, { timeoutMs: attemptMs })));
  }

  async #submit(id: string): Promise<void> {
    await this.#insist(async () => void (await this.#client.submit({ id, kind: "actor", what: "teller", input: undefined })));
  }

  /** Asks until it is answered; a payment also until its job has failed. */
  async #operate({ id, type, at, to, workMs }: ClusterOperation): Promise<void> {
    const job = type === "pay" ? `pay-${id}` : `teller-${at}`;
    await this.#opened;
    if (type === "pay") await this.#submit(job);
    const message = { type, id, to: `/teller-${to}`, workMs } as TellerMessage;
    await this.#insist(async () => {
      try {
        await this.#client.system.ask(`/${job}`, message, { timeoutMs: attemptMs });
        this.#answered.add(id);
      } catch (error) {
        const stands = type === "pay" ? await this.#client.get(job) : undefined;
        if (stands?.status !== "failed") throw error;
        this.#failed.set(id, JSON.stringify(stands));
      }
    });
  }

  /** Until it is done, or all is over. */
  async #insist(attempt: () => Promise<void>): Promise<void> {
    for (const giveUpMs = this.#plan.chaosMs + calmMs; this.#agenda.nowMs < giveUpMs;) {
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      await new Promise<void>((resolve) => void this.#agenda.after(pauseMs, resolve));
    }
  }

  // The end

  async #inspect(nowMs: number): Promise<ReadonlyMap<Address, TellerState | undefined>> {
    const reports = new Map<Address, TellerState | undefined>();
    const ask = async (address: Address): Promise<void> => {
      const report = await this.#client.system.ask(address, { type: "report" }, { timeoutMs: attemptMs }).catch(() => undefined);
      reports.set(address, report as TellerState | undefined);
    };
    for (let n = 0; n < this.#plan.tellers; n++) void ask(`/teller-${n}`);
    await this.#run(nowMs + 2 * attemptMs);
    return reports;
  }

  #unsettled(): readonly string[] {
    return listPartitions(this.#partitions).flatMap(({ endpoint }) => {
      const hosts = this.#nodes.filter(
        ({ isGone, ownership, hosting }) => !isGone && hosting.partitions.has(endpoint) && ownership.mayBegin(endpoint),
      );
      return hosts.length === 1
        ? []
        : [`${endpoint} is hosted by ${hosts.length === 0 ? "nobody" : hosts.map(({ name }) => name).join(" and ")}`];
    });
  }
}

/** What a client asks again for: nobody was there, or nobody knows whether it was done. */
const passing = new Set(["AskFailedError", "AskTimeoutError", "ClusterUnavailableError", "MailboxFullError", "UnknownRecipientError"]);

function isPassing(error: unknown): boolean {
  return passing.has((error as Error).name);
}

function tagOf(message: unknown): string {
  const { tag } = (message instanceof Uint8Array ? decode(message) : message) as { readonly tag: string };
  return tag;
}
