import { LocalFirstWire, type MemoryLeases, type MemoryLeaseStore, type MemoryNetwork, type MemoryWire, Ownership } from "@orgtree/cluster";
import type { Clock, Endpoint, NewEntry } from "@orgtree/core";
import type { MemoryFile } from "@orgtree/journal";
import { type Catalog, Hosting, type OpenedJournal } from "@orgtree/node";
import { tmpdir } from "node:os";
import type { Agenda } from "../agenda.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { BreakableJournal, type JournalStrike } from "./breakable-journal.ts";
import { clockOfLine, LineWire, StoppableLine } from "./stoppable-line.ts";

/** What all nodes of a simulated cluster share. */
export interface ClusterGround {
  readonly agenda: Agenda;
  readonly network: MemoryNetwork;
  readonly store: MemoryLeaseStore;
  readonly partitions: Readonly<Record<string, number>>;
  readonly catalog: (node: SimNode) => Catalog;
  /** The journal of a partition, whoever has it open. */
  readonly fileOf: (endpoint: Endpoint) => MemoryFile;
  /** Something was stored. */
  readonly stored: (endpoint: Endpoint, entries: readonly NewEntry[]) => void;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const limits = { mostRetryMs: 2_000, endMs: 8_000, drainMs: 20_000 };

/** A process that is a node: the real ownership and the real hosting, on a wire, leases, a disk and a clock that are as bad as the plan says. */
export class SimNode {
  readonly name: string;
  readonly line: StoppableLine;
  readonly ownership: Ownership;
  readonly hosting: Hosting;
  readonly wire: MemoryWire;
  readonly leases: MemoryLeases;
  readonly #ground: ClusterGround;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #journals = new Set<BreakableJournal>();
  /** What strikes the next appends. */
  readonly #faults: JournalStrike[] = [];
  /** It has ended, in whatever way. */
  isGone = false;

  constructor(number: number, ground: ClusterGround, { random, rate }: { readonly random: SeededRandom; readonly rate: number }) {
    const { agenda, network, store, partitions, catalog } = ground;
    this.name = `n${number}`;
    this.#ground = ground;
    this.#random = random;
    this.line = new StoppableLine(number, agenda);
    this.#clock = clockOfLine(this.line, agenda, { rate, startMs: random.int(0, 1_000_000) });
    this.wire = network.connect(this.name);
    this.leases = store.connect(this.name, this.#clock);
    const parts = { partitions, clock: this.#clock, logger: silent, name: this.name };
    this.hosting = new Hosting({
      ...parts,
      namespace: "simulated",
      catalog: catalog(this),
      random: random.fork("hosting"),
      wire: new LocalFirstWire(new LineWire(this.wire, this.line), this.#clock),
      marks: tmpdir(),
      leaseholder: () => this.ownership,
      openJournal: (endpoint) => this.#openJournal(endpoint),
      serveNews: () => Promise.resolve(() => undefined),
    });
    this.ownership = new Ownership({
      ...parts,
      random: random.fork("ownership"),
      leases: this.leases,
      host: this.hosting,
      facts: { host: "here", pid: number, version: "1" },
      limits,
    });
    // Who could not join in time has gone again.
    this.ownership.start().catch(() => (this.isGone = true));
  }

  /** Opening takes its time, like everything that it asks of the world. */
  async #openJournal(endpoint: Endpoint): Promise<OpenedJournal> {
    await new Promise<void>((resolve) => void this.line.after(this.#random.int(1, 20), resolve));
    const journal = new BreakableJournal({
      file: this.#ground.fileOf(endpoint),
      line: this.line,
      random: this.#random.fork(endpoint),
      faults: this.#faults,
      stored: (entries) => this.#ground.stored(endpoint, entries),
      stops: (forMs) => {
        this.line.stop();
        this.#ground.agenda.after(forMs, () => this.line.resume());
      },
    });
    this.#journals.add(journal);
    return journal;
  }

  strikeAppend(fault: JournalStrike): void {
    this.#faults.push(fault);
  }

  /** What was to strike strikes no more. */
  spareAppends(): void {
    this.#faults.length = 0;
  }

  /** Its process ends at once; a part of what waits for the disk is stored all the same. */
  kill(): void {
    this.isGone = true;
    this.line.cut();
    this.wire.cut();
    this.leases.cut();
    for (const journal of this.#journals) journal.crash(this.#random.next());
  }

  async leave(how: "drain" | "close"): Promise<void> {
    await this.ownership[how]();
    this.isGone = true;
    this.line.cut();
  }
}
