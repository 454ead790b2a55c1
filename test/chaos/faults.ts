import type { Endpoint } from "@orgtree/core";
import type { NatsLink } from "@orgtree/nats";
import type { LocalServer } from "@orgtree/nats/server";
import { print } from "../crash/seed.ts";
import { aloneKinds, type Fault, type FaultKind } from "./fault-plan.ts";
import { namespace, type Site, type Slot } from "./site.ts";

/** A fault that struck. */
export interface Struck {
  readonly kind: FaultKind;
  readonly target: string;
  readonly atMs: number;
  readonly forMs: number;
  /** The partitions that it struck. */
  readonly partitions: readonly Endpoint[];
}

/** A process that stood still. */
export interface Stopped {
  readonly pid: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const joinMs = 60_000;

/** Carries out faults: at most one on a node at a time, one on all servers, and rolls alone. */
export class Faults {
  readonly struck: Struck[] = [];
  /** When processes stood still. */
  readonly stopped: Stopped[] = [];
  readonly #site: Site;
  readonly #link: NatsLink;
  readonly #sick = new Set<Slot>();
  readonly #under = new Set<Promise<void>>();
  #isBrokerSick = false;
  /** What went wrong with the faults themselves. */
  readonly problems: string[] = [];

  constructor(site: Site, link: NatsLink) {
    this.#site = site;
    this.#link = link;
  }

  /** Strikes one after the other until the signal aborts, then waits until all that is broken is mended. */
  async run(plan: Iterable<Fault>, signal: AbortSignal): Promise<void> {
    for (const fault of plan) {
      await pause(fault.gapMs, signal);
      if (signal.aborted) break;
      const isAlone = aloneKinds.includes(fault.kind);
      if (!fault.isBeside || isAlone) await this.#quiet();
      if (signal.aborted) break;
      const done = this.#strike(fault).catch((error: unknown) => void this.problems.push(`${fault.kind}: ${String(error)}`));
      this.#under.add(done);
      void done.finally(() => this.#under.delete(done));
      if (isAlone) await done;
    }
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }

  async #strike(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case "kill-node":
      case "stop-short":
      case "stop-long":
      case "cut-links":
      case "silence-links":
        return this.#strikeNode(fault);
      case "kill-broker":
      case "slow-broker":
        return this.#strikeBroker(fault);
      case "stop-brokers":
        return this.#stopBrokers(fault);
      case "roll-nodes":
        return this.#rollNodes(fault);
      case "roll-brokers":
        return this.#rollBrokers(fault);
      default:
        return fault.kind satisfies never;
    }
  }

  async #strikeNode(fault: Fault): Promise<void> {
    // One is left alone, so that somebody can take over.
    const healthy = this.#site.slots.filter((slot) => !this.#sick.has(slot));
    if (healthy.length < 2) return;
    const slot = healthy[Math.floor(fault.pick * healthy.length)]!;
    this.#sick.add(slot);
    try {
      await this.#breakNode(fault, slot);
    } finally {
      this.#sick.delete(slot);
    }
  }

  async #breakNode({ kind, forMs, version }: Fault, slot: Slot): Promise<void> {
    const { node, proxies } = slot;
    this.#tell({ kind, target: slot.name, forMs, partitions: [...node.hosted] });
    switch (kind) {
      case "kill-node":
        await node.kill();
        await pause(forMs);
        return this.#bringUp(slot, version);
      case "stop-short":
      case "stop-long": {
        const fromMs = Date.now();
        await node.pause();
        await pause(forMs);
        this.stopped.push({ pid: await node.pid, fromMs, toMs: Date.now() });
        return node.signal("SIGCONT");
      }
      default:
        for (const proxy of proxies)
          if (kind === "cut-links") proxy.cut();
          else proxy.silence();
        await pause(forMs);
        for (const proxy of proxies) proxy.mend();
        return undefined;
    }
  }

  async #strikeBroker({ kind, forMs, pick }: Fault): Promise<void> {
    if (this.#isBrokerSick) return;
    this.#isBrokerSick = true;
    try {
      const { endpoints } = this.#site;
      const server = await this.#leaderOf(endpoints[Math.floor(pick * endpoints.length)]!);
      this.#tell({ kind, target: server.name, forMs, partitions: endpoints });
      if (kind === "kill-broker") {
        await server.kill();
        await pause(forMs);
        return await server.restart();
      }
      for (let leftMs = forMs; leftMs > 0; leftMs -= 300) {
        await server.pause();
        await pause(200);
        server.resume();
        await pause(100);
      }
    } finally {
      this.#isBrokerSick = false;
    }
  }

  async #stopBrokers({ kind, forMs }: Fault): Promise<void> {
    const { cluster, endpoints } = this.#site;
    this.#tell({ kind, target: "all servers", forMs, partitions: endpoints });
    await Promise.all(cluster.servers.map((server) => server.pause()));
    await pause(forMs);
    for (const server of cluster.servers) server.resume();
  }

  async #rollNodes({ forMs, pick, kind }: Fault): Promise<void> {
    const version = pick < 0.5 ? 1 : 2;
    for (const slot of this.#site.slots) {
      this.#tell({ kind, target: slot.name, forMs, partitions: [...slot.node.hosted] });
      await slot.node.signal("SIGTERM");
      const code = await within(joinMs, slot.node.exited, `${slot.name} did not end in order`);
      if (code !== 0) this.problems.push(`${slot.name} ended with ${code} when it was told to leave`);
      await this.#bringUp(slot, version);
    }
  }

  async #rollBrokers({ forMs, kind }: Fault): Promise<void> {
    this.#isBrokerSick = true;
    try {
      for (const server of this.#site.cluster.servers) {
        this.#tell({ kind, target: server.name, forMs, partitions: this.#site.endpoints });
        process.kill(server.pid, "SIGTERM");
        await pause(forMs);
        await server.restart();
        // The others have to know it again before the next one goes.
        await pause(1_500);
      }
    } finally {
      this.#isBrokerSick = false;
    }
  }

  async #bringUp(slot: Slot, version: number): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      const node = this.#site.startNode(slot, version);
      try {
        return await within(joinMs, node.joined, `${slot.name} did not join`);
      } catch (error) {
        await node.kill();
        // As whoever looks after processes would: it says why it ends, and is started again.
        if (attempts === 5) throw error;
        print(`${new Date().toISOString().slice(11, 23)} ${slot.name} has to be started again: ${(error as Error).message}`);
      }
    }
  }

  async #leaderOf(endpoint: Endpoint): Promise<LocalServer> {
    const { servers } = this.#site.cluster;
    try {
      const reply = await this.#link.connection.request(`$JS.API.STREAM.INFO.J_${namespace}-${endpoint}`, "", { timeout: 1_000 });
      const { cluster } = reply.json<{ readonly cluster?: { readonly leader?: string } }>();
      return servers.find(({ name }) => name === cluster?.leader) ?? servers[0]!;
    } catch {
      return servers[0]!;
    }
  }

  #tell(struck: Omit<Struck, "atMs">): void {
    const atMs = Date.now();
    this.struck.push({ ...struck, atMs });
    const { kind, target, forMs, partitions } = struck;
    print(`${new Date(atMs).toISOString().slice(11, 23)} ${kind} ${target} for ${forMs} ms (${partitions.join(" ")})`);
  }
}

/** Resolves after a while, or when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const over = (): void => resolve();
  signal?.addEventListener("abort", over, { once: true });
  if (signal?.aborted === true) over();
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", over);
  });
}

/** Rejects when it takes longer. */
export async function within<T>(ms: number, work: Promise<T>, problem: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${problem} within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
