import { childAddress, rootAddress, type Address, type FailureClass, type RestartType, type Strategy } from "@orgtree/core";

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
}

/** A supervisor and those below it. */
export interface TeamPlan extends SupervisedPlan {
  readonly kind: "team";
  readonly strategy: Exclude<Strategy, "dynamic">;
  readonly maxRestarts: number;
  readonly periodMs: number;
  readonly members: readonly MemberPlan[];
}

/** A plain actor. */
export interface ClerkPlan extends SupervisedPlan {
  readonly kind: "clerk";
  /** What becomes of it when it crashes. */
  readonly onCrash: "restart" | "resume" | "escalate";
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

/** What an actor is asked to do. `id` is the operation's, and belongs to nobody else. */
export type Order =
  | { readonly type: "add"; readonly id: string }
  /** In `parts` messages of `amount` each. */
  | { readonly type: "transfer"; readonly id: string; readonly to: Address; readonly amount: number; readonly parts: number }
  | { readonly type: "hint"; readonly id: string; readonly to: Address }
  | { readonly type: "question"; readonly id: string; readonly to: Address; readonly timeoutMs: number; readonly answerMs: number }
  | { readonly type: "timer"; readonly id: string; readonly delayMs: number }
  | { readonly type: "cancel"; readonly id: string; readonly timer: string }
  | { readonly type: "work"; readonly id: string; readonly workMs: number }
  | { readonly type: "fail"; readonly id: string; readonly class: FailureClass }
  | { readonly type: "leave"; readonly id: string; readonly exit: "normal" | "shutdown" | "killed" }
  | { readonly type: "watch"; readonly id: string; readonly target: Address }
  | { readonly type: "job"; readonly id: string; readonly does: Does; readonly workMs: number; readonly succeeds: boolean }
  | { readonly type: "pause"; readonly id: string; readonly delayMs: number }
  /** For supervisors. `bounce` is for the root: the tree is stopped for good, and started again. */
  | { readonly type: "admin"; readonly id: string; readonly call: "terminate" | "restart" | "bounce"; readonly child: string };

/** What declared work does to the world. */
export type Does = "pure" | "idempotent" | "irreversible";

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
