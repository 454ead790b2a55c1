import { childAddress, rootAddress, type Address, type AutoShutdown, type RestartType, type Strategy } from "@orgtree/core";
import type { Order } from "./order.ts";

/** All that one run does, as data: made from a seed, and made smaller when it fails. */
export interface Plan {
  readonly seed: number;
  /** The actors below the root. */
  readonly members: readonly MemberPlan[];
  readonly operations: readonly OperationPlan[];
  readonly faults: readonly FaultPlan[];
  /** How long faults strike, in virtual milliseconds; then everything heals. */
  readonly chaosMs: number;
}

/** How one actor is supervised. */
interface SupervisedPlan {
  readonly id: string;
  readonly restart: RestartType;
  readonly backoffMs?: number | undefined;
  /** What it and all below it may spend. */
  readonly budget?: { readonly turns?: number; readonly tokens?: number } | undefined;
  readonly mailbox?: number | undefined;
  readonly significant?: boolean | undefined;
}

/** A supervisor and those below it. */
export interface TeamPlan extends SupervisedPlan {
  readonly kind: "team";
  readonly strategy: Strategy;
  readonly maxRestarts: number;
  readonly periodMs: number;
  readonly members: readonly MemberPlan[];
  /** Dynamic only. */
  readonly maxChildren?: number | undefined;
  readonly autoShutdown?: AutoShutdown | undefined;
  /** It goes back to a checkpoint when it gives up. */
  readonly rollsBack?: boolean | undefined;
  /** Its children are the seats of a plan, and a new plan can be made. */
  readonly replan?: { readonly planner: Address; readonly maxReplans: number; readonly first: SeatsPlan } | undefined;
}

/** Who works in a team by plan; `next` is what its planner answers when it is asked for another plan. */
export interface SeatsPlan {
  readonly seats: readonly { readonly id: string; readonly as: string }[];
  readonly next: SeatsPlan | "silent" | "refuse" | "nonsense";
}

/** A plain actor. */
export interface ClerkPlan extends SupervisedPlan {
  readonly kind: "clerk";
  /** What becomes of it when it crashes. */
  readonly onCrash: "restart" | "resume" | "escalate" | "rollback";
}

/** A machine that does declared work. */
export interface PressPlan extends SupervisedPlan {
  readonly kind: "press";
}

export type MemberPlan = TeamPlan | ClerkPlan | PressPlan;

/** What a client outside wants of an actor. It travels over a bad line: it may come late, twice, out of order or never. */
export interface OperationPlan {
  readonly id: string;
  readonly atMs: number;
  readonly to: Address;
  readonly order: Order;
  readonly mode: "ask" | "tell";
  /** How long after `atMs` each copy arrives. None: it was lost. */
  readonly copiesMs: readonly number[];
  /** The client asks again and again until it has an answer. */
  readonly retries: boolean;
}

/** What goes wrong. */
export type FaultPlan =
  /** The process ends, `skip` steps of its ports after `atMs`. */
  | {
      readonly kind: "crash";
      readonly atMs: number;
      readonly skip: number;
      /** `kill`: at once. `zombie`: it only seems so, and goes on beside the next one. `close`: in order. */
      readonly how: "kill" | "zombie" | "close";
      /** Until the next process comes up. */
      readonly downMs: number;
      /** How much of what waits to be stored is stored all the same, from 0 to 1. */
      readonly tail: number;
    }
  /** Of the journal all is removed that nobody needs who goes back at most `keep` entries. */
  | { readonly kind: "compact"; readonly atMs: number; readonly keep: number }
  /** The next `count` appends end in this way. */
  | {
      readonly kind: "append";
      readonly atMs: number;
      readonly count: number;
      /** Failed before or after the bytes were written, for good, or takes `ms` longer. */
      readonly how: "before" | "after" | "for-good" | "slow";
      readonly ms: number;
    };

/** Every actor of a plan by its address, supervisors before those below them. */
export function membersOf(members: readonly MemberPlan[], under: Address = rootAddress): Map<Address, MemberPlan> {
  const found = new Map<Address, MemberPlan>();
  for (const member of members) {
    const address = childAddress(under, member.id);
    found.set(address, member);
    if (member.kind === "team") for (const [below, each] of membersOf(member.members, address)) found.set(below, each);
  }
  return found;
}
