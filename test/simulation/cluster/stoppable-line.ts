import type { PacketListener, PacketOptions, Clock, Endpoint, Wire, WireEvent } from "@orgtree/core";
import type { Agenda } from "../agenda.ts";
import { epochAtStartMs, LifeLine } from "../life-line.ts";

/** A process that may also be stopped, as by SIGSTOP: time goes on without it, and what has become due meanwhile happens when it goes on. */
export class StoppableLine extends LifeLine {
  readonly #held: (() => void)[] = [];
  #isStopped = false;

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
  }

  resume(): void {
    this.#isStopped = false;
    for (const work of this.#held.splice(0)) this.after(0, work);
  }

  override after(delayMs: number, work: () => void): () => void {
    let isCancelled = false;
    const due = (): void => {
      if (isCancelled) return;
      if (this.#isStopped) this.#held.push(due);
      else work();
    };
    const cancel = super.after(delayMs, due);
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}

/** The clock of a process, a little fast or slow. */
export function clockOfLine(line: LifeLine, agenda: Agenda, { rate, startMs }: { readonly rate: number; readonly startMs: number }): Clock {
  return {
    nowMs: () => agenda.nowMs * rate + startMs,
    epochMs: () => epochAtStartMs + agenda.nowMs,
    setTimer: (delayMs, due) => line.after(delayMs / rate, due),
    defer: (work) => void line.after(0, work),
  };
}

/** Until it is looked again whether the network is there. */
const lookMs = 10;

/** A wire of which a process hears nothing while it is stopped, nor when it has ended. */
export class LineWire implements Wire {
  readonly #wire: Wire;
  readonly #line: LifeLine;

  constructor(wire: Wire, line: LifeLine) {
    this.#wire = wire;
    this.#line = line;
  }

  get maxBytes(): number {
    return this.#wire.maxBytes;
  }

  get isConnected(): boolean {
    return this.#wire.isConnected;
  }

  send(to: Endpoint, packet: Uint8Array, options: PacketOptions): void {
    if (this.#line.passes()) this.#wire.send(to, packet, options);
  }

  /** Resolves when the network knows of it, which takes as long as it is lost. */
  async receive(at: Endpoint, listener: PacketListener): Promise<() => void> {
    const stop = await this.#wire.receive(at, (packet, from) => void this.#line.after(0, () => listener(packet, from)));
    do await new Promise<void>((resolve) => void this.#line.after(lookMs, resolve));
    while (!this.#wire.isConnected);
    return stop;
  }

  listen(listener: (event: WireEvent) => void): () => void {
    return this.#wire.listen((event) => void this.#line.after(0, () => listener(event)));
  }
}
