import { type MemoryNetwork, WireTransport, type WireTransportOptions } from "@orgtree/cluster";
import type { Endpoint, SendOutcome, SendRefusal, Wire } from "@orgtree/core";
import type { VirtualClock } from "@orgtree/runtime";

/** Random numbers that a seed repeats. */
export function seededRandom(seed: number): { next(): number } {
  let state = seed >>> 0;
  return {
    next() {
      // mulberry32
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A system at an endpoint, as a transport sees it: what came, what it wants, and what it was told. */
export class Post {
  readonly transport: WireTransport;
  readonly came: unknown[] = [];
  readonly told: string[] = [];
  readonly outcomes = new Map<unknown, SendOutcome>();
  /** Why a body is not wanted. */
  refuses: (body: unknown) => SendRefusal | undefined = () => undefined;
  /** What it does when a connection is there again. */
  renews: (endpoint: Endpoint) => void = () => {};

  constructor(
    endpoint: Endpoint,
    {
      clock,
      wire,
      seed = 1,
      outlives = () => true,
      ...options
    }: { clock: VirtualClock; wire: Wire; seed?: number } & Partial<WireTransportOptions>,
  ) {
    this.transport = new WireTransport({
      wire,
      clock,
      random: seededRandom(seed),
      logger: silent,
      endpoint,
      endpointOf: (address) => address.slice(1),
      outlives,
      ...options,
    });
  }

  async start(): Promise<this> {
    await this.transport.start({
      receive: (body) => {
        const refusal = this.refuses(body);
        if (refusal === undefined) this.came.push(body);
        return refusal;
      },
      renewed: (endpoint) => {
        this.told.push(`renewed ${endpoint}`);
        this.renews(endpoint);
      },
      lost: (endpoint, problem) => void this.told.push(`lost ${endpoint}: ${problem}`),
    });
    return this;
  }

  /** Sends a body, and remembers what became of it. */
  send(to: Endpoint, body: unknown, { isKept = false } = {}): void {
    this.transport.send(to, body, {
      isKept,
      ended: (outcome) => {
        if (this.outcomes.has(body)) throw new Error(`the outcome of ${String(body)} was told twice`);
        this.outcomes.set(body, outcome);
      },
    });
  }

  outcome(body: unknown): string | undefined {
    return this.outcomes.get(body)?.type;
  }
}

/** Two posts on one network, each in a process of its own. */
export async function pair(network: MemoryNetwork, clock: VirtualClock): Promise<{ readonly a: Post; readonly b: Post }> {
  const a = await new Post("a", { clock, wire: network.connect("a"), seed: 1 }).start();
  const b = await new Post("b", { clock, wire: network.connect("b"), seed: 2 }).start();
  return { a, b };
}
