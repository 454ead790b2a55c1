import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { MachineHost } from "./machine-host.ts";

/** What a machine's actions and children see as the machine itself: `self`, and the parent of the children. */
export class MachineSelf {
  readonly host: MachineHost;
  readonly id: string;
  readonly sessionId: string;
  readonly ref: this;
  /** The supervision tree is the runtime's: for XState every machine is a root. */
  readonly _parent = undefined;

  constructor(host: MachineHost) {
    this.host = host;
    this.id = host.life.cell.address;
    this.sessionId = host._bookId();
    this.ref = this;
  }

  get system(): MachineHost {
    return this.host;
  }

  /** The committed snapshot; undefined during the initial step. */
  getSnapshot(): AnyMachineSnapshot | undefined {
    return this.host.snapshot;
  }

  send(event: AnyEventObject): void {
    this.host._relay(undefined, this, event);
  }

  _send(event: AnyEventObject): void {
    this.send(event);
  }

  subscribe(): { unsubscribe(): void } {
    throw new Error("a machine under orgtree is observed with system.observe");
  }

  on(): { unsubscribe(): void } {
    throw new Error("what a machine emits is observed with system.observe");
  }

  stop(): void {
    throw new Error("an actor ends itself by reaching a final state; others are ended by their supervisor");
  }

  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }
}

/** The host behind an actor that runs under a machine of ours, or behind the machine itself; undefined elsewhere. */
export function hostOf(ref: unknown): MachineHost | undefined {
  for (let at = ref as { _parent?: unknown } | undefined; at !== undefined; at = at._parent as typeof at)
    if (at instanceof MachineSelf) return at.host;
  return undefined;
}
