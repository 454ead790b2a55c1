import { describeExit, isWithin, type Address, type Exit, type SupervisorReport, type SystemEvent } from "@orgtree/core";
import type { ActorSystem } from "@orgtree/runtime";

/**
 * What happened below one address, in the order in which it happened: `+a` came up, `-a shutdown` ended, `!a failure`
 * ended before it was up. Names are relative to that address, whose own name is its last segment.
 */
export class Trace {
  readonly #top: Address;
  readonly #up = new Set<Address>();
  #lives: string[] = [];
  #reports: SupervisorReport[] = [];
  #waits: { readonly id: string; readonly attempt: number; readonly delayMs: number }[] = [];

  constructor(system: ActorSystem, top: Address) {
    this.#top = top;
    this.hear(system);
  }

  /** What happens in another system belongs to it too. */
  hear(system: ActorSystem): void {
    system.observe((event) => this.#hear(event));
  }

  #hear(event: SystemEvent): void {
    switch (event.type) {
      case "actor-started":
        this.#up.add(event.address);
        return this.#life(event.address, "+", "");
      case "actor-exited":
        return this.#life(event.address, this.#up.delete(event.address) ? "-" : "!", ` ${nameOf(event.exit)}`);
      case "report":
        if (isWithin(event.report.supervisor, this.#top)) this.#reports.push(event.report);
        return;
      case "restart-scheduled":
        this.#waits.push({ id: this.#name(event.address), attempt: event.attempt, delayMs: event.delayMs });
        return;
      case "escalated-to-root":
      case "actor-failed":
      case "dead-letter":
      case "state-changed":
      case "emitted":
      case "stalled":
      case "commit-late":
        return;
      default:
        event satisfies never;
    }
  }

  #life(address: Address, sign: string, exit: string): void {
    if (isWithin(address, this.#top)) this.#lives.push(`${sign}${this.#name(address)}${exit}`);
  }

  #name(address: Address): string {
    return address === this.#top ? address.slice(1) : address.slice(this.#top.length + 1);
  }

  /** Starts and ends since the last call. */
  lives(): readonly string[] {
    const lives = this.#lives;
    this.#lives = [];
    return lives;
  }

  /** Reports since the last call. */
  reports(): readonly SupervisorReport[] {
    const reports = this.#reports;
    this.#reports = [];
    return reports;
  }

  /** Contexts and children of the reports since the last call, such as `child-terminated a`. */
  contexts(): readonly string[] {
    return this.reports().map(({ context, child }) => `${context} ${child}`);
  }

  /** Restart attempts that were put off since the last call. */
  waits(): readonly { readonly id: string; readonly attempt: number; readonly delayMs: number }[] {
    const waits = this.#waits;
    this.#waits = [];
    return waits;
  }
}

function nameOf(exit: Exit): string {
  return exit.kind === "shutdown" || exit.kind === "normal" ? describeExit(exit) : exit.kind;
}
