import type { Address, NewEntry, SystemEvent } from "@orgtree/core";
import { hashText } from "./seeded-random.ts";
import type { Does } from "./order.ts";
import type { FaultPlan } from "./plan.ts";

/** What somebody outside of the system under test saw. */
export type Happening = {
  /** Virtual milliseconds since the run began. */
  readonly atMs: number;
  /** Which process it concerns, counted from 1. */
  readonly process: number;
} & (
  | { readonly what: "booted" }
  | { readonly what: "struck"; readonly fault: FaultPlan["kind"]; readonly how: string }
  | { readonly what: "ended" }
  | { readonly what: "not-started"; readonly id: string; readonly error: string }
  /** A tree that was given up is to begin afresh: whoever runs the process says so. */
  | { readonly what: "begun-afresh"; readonly id: string }
  /** A copy of an operation reached the process. */
  | { readonly what: "arrived"; readonly operation: string }
  | { readonly what: "refused"; readonly operation: string; readonly error: string }
  | { readonly what: "answered"; readonly operation: string; readonly value: unknown }
  | { readonly what: "unanswered"; readonly operation: string; readonly error: string }
  | {
      readonly what: "appended";
      readonly epoch: number;
      readonly entries: readonly Pick<NewEntry, "address" | "seq" | "kind">[];
      readonly how: string;
    }
  | { readonly what: "compacted"; readonly removed: number; readonly isSame: boolean }
  /** The system is told to close. */
  | { readonly what: "closing" }
  | { readonly what: "work"; readonly key: string; readonly id: string; readonly does: Does; readonly address: Address }
  | { readonly what: "event"; readonly event: SystemEvent }
);

type Without<H, K extends PropertyKey> = H extends unknown ? Omit<H, K> : never;

/** What happened, without when and where. */
export type Noted = Without<Happening, "atMs" | "process">;

/** What became of an operation. */
export type OperationNoted = Without<Extract<Happening, { operation: string }>, "atMs" | "process" | "operation">;

type HappeningOf<W extends Happening["what"]> = Extract<Happening, { what: W }>;

/** All that was seen in one run, in order. */
export class History {
  readonly all: Happening[] = [];

  note(happening: Happening): void {
    this.all.push(happening);
  }

  of<W extends Happening["what"]>(what: W): readonly HappeningOf<W>[] {
    return this.all.filter((each): each is HappeningOf<W> => each.what === what);
  }

  /** The events of one type, with when and where they were seen. */
  events<T extends SystemEvent["type"]>(type: T): readonly (HappeningOf<"event"> & { event: Extract<SystemEvent, { type: T }> })[] {
    return this.of("event").filter(({ event }) => event.type === type) as never;
  }

  /** Equal for equal histories. */
  hash(): string {
    let hash = 0x811c9dc5;
    for (const happening of this.all) hash = hashText(textOf(happening), hash);
    return hash.toString(16);
  }
}

/** Stacks name places on this machine, and say nothing about the run. */
function textOf(happening: Happening): string {
  return JSON.stringify(happening, (key, value: unknown) => {
    if (key === "stack") return undefined;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (value instanceof Uint8Array) return hashText(Buffer.from(value).toString("latin1"));
    return typeof value === "function" ? "function" : value;
  });
}

/** What a turn is called. */
export function turnName({ address, seq }: Pick<NewEntry, "address" | "seq">): string {
  return `${address}#${seq}`;
}
