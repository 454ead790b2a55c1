import { MemoryNetwork, type MemoryWire, WireTransport } from "@orgtree/cluster";
import type { Address, ChildSpec, Image, NewEntry, SystemEvent } from "@orgtree/core";
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { type ActorSystem, createActorSystem, type Logic, type SystemOptions, VirtualClock } from "@orgtree/runtime";
import { seededRandom, silent } from "./post.ts";

/** A system of its own on the network, with what it is made of. */
export interface Node {
  readonly system: ActorSystem;
  readonly transport: WireTransport;
  readonly wire: MemoryWire;
  readonly events: SystemEvent[];
}

/** When a process is to die: before the append of this number is stored, or behind it, so that nobody hears of it. */
export interface Death {
  readonly at: number;
  readonly isStored: boolean;
}

/** How a system begins. */
export interface BeginOptions {
  readonly death?: Death;
  readonly system?: SystemOptions;
}

/** A journal with which its process may die. */
class MortalJournal extends MemoryJournal {
  #left: number;
  readonly #death: Death;
  readonly #die: () => void;

  constructor(file: MemoryFile, death: Death, die: () => void) {
    super(file);
    this.#death = death;
    this.#left = death.at;
    this.#die = die;
  }

  override async append(entries: readonly NewEntry[]): Promise<number> {
    if (--this.#left > 0) return super.append(entries);
    if (this.#left === 0 && this.#death.isStored) await super.append(entries);
    this.#die();
    return new Promise<number>(() => {});
  }
}

/**
 * Several systems in one process, on one network and one clock. The first letter of an address says who hosts it: `/a-clerk` is at the endpoint
 * `a`. Those in lower case have a journal, and outlive their process.
 */
export class Nodes {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly #files = new Map<string, MemoryFile>();
  readonly #endpointOf: (address: Address) => string;
  readonly #options: SystemOptions;
  #count = 0;

  constructor({
    endpointOf = (address) => address.slice(1, 2),
    system = {},
  }: { readonly endpointOf?: (address: Address) => string; readonly system?: SystemOptions } = {}) {
    this.#endpointOf = endpointOf;
    this.#options = system;
  }

  /** Begins a system at an endpoint, after any that was there: it takes its journal over. */
  async begin(endpoint: string, specs: readonly ChildSpec<Logic>[] = [], { death, system: own = {} }: BeginOptions = {}): Promise<Node> {
    const wire = this.network.connect(`${endpoint}${++this.#count}`);
    const isDurable = endpoint === endpoint.toLowerCase();
    const file = this.#files.get(endpoint) ?? new MemoryFile();
    this.#files.set(endpoint, file);
    const mortal = death === undefined ? new MemoryJournal(file) : new MortalJournal(file, death, () => wire.cut());
    const journal = isDurable ? mortal : undefined;
    const transport = new WireTransport({
      wire,
      clock: this.clock,
      random: seededRandom(this.#count),
      logger: silent,
      endpoint,
      endpointOf: this.#endpointOf,
      outlives: (at) => at === at.toLowerCase(),
      epoch: journal?.epoch ?? this.#count,
    });
    const system = createActorSystem({
      ...this.#options,
      ...own,
      clock: this.clock,
      random: seededRandom(100 + this.#count),
      transport,
      ...(journal && { journal }),
    });
    const events: SystemEvent[] = [];
    system.observe((event) => void events.push(event));
    for (const spec of specs) await this.settled(system.start(spec));
    return { system, transport, wire, events };
  }

  /** The process is gone: nothing of it is heard any more, and nothing that it still does is stored. */
  async kill({ wire }: Node, endpoint: string): Promise<void> {
    wire.cut();
    // Whoever opens a journal fences the one before.
    void new MemoryJournal(this.#files.get(endpoint)!).epoch;
    await this.clock.settle();
  }

  /** What is stored of an actor. Whoever has the journal open is fenced. */
  stored(endpoint: string, address: Address): Promise<Image | undefined> {
    return new MemoryJournal(this.#files.get(endpoint)!).image(address);
  }

  /** Lets time go on until a promise settles, for a minute at most. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const over = (): void => void (state.isOver = true);
    promise.then(over, over);
    for (let steps = 0; !state.isOver && steps < 1_200; steps++) {
      await this.clock.settle();
      if (!state.isOver) await this.clock.advance(50);
    }
    if (!state.isOver) throw new Error("it did not settle within a minute");
    return promise;
  }

  ask(node: Node, to: Address, message: unknown): Promise<unknown> {
    return this.settled(node.system.ask(to, message, { timeoutMs: 30_000 }));
  }
}
