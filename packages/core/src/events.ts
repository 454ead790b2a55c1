import type { Address } from "./address.ts";
import type { Directive } from "./supervision/directive.ts";
import type { DeadLetter } from "./envelope.ts";
import type { Exit } from "./exit.ts";
import type { Failure } from "./failure.ts";
import type { ToolKind } from "./tool.ts";

/** What a supervisor did, as one causal report. `chain` runs from the outermost failure to the leaf that began it. */
export interface SupervisorReport {
  readonly supervisor: Address;
  /**
   * OTP's contexts, and `directive` for a decision by failure class; `child-added` and `child-removed` where the code has other children
   * than what is stored.
   */
  readonly context:
    | "child-terminated"
    | "start-error"
    | "shutdown-error"
    | "gave-up"
    | "auto-shutdown"
    | "directive"
    | "rolled-back"
    | "replanned"
    | "child-added"
    | "child-removed";
  readonly child: string;
  readonly exit: Exit;
  readonly chain: readonly Failure[];
  /** What was decided, and why, in words: `restart (step 2)`. */
  readonly decision: string;
  readonly directive?: Directive | undefined;
  /**
   * Which step of the child's ladder decided, counted from 1; one more than there are when all are exhausted. None where no ladder
   * decided: after a quiet end, and where the supervisor's own intensity is used up.
   */
  readonly step?: { readonly number: number; readonly of: number } | undefined;
  /** What a rollback did. */
  readonly rollback?: RollbackReport | undefined;
}

/** What a rollback did, and what it could not undo. */
export interface RollbackReport {
  /** The checkpoint: the actor whose turn it was, its number, and its name where it has one. */
  readonly to: { readonly address: Address; readonly seq: number; readonly name: string | undefined };
  /** The actors that were put back, and those that did not exist then and are gone. */
  readonly actors: readonly Address[];
  readonly gone: readonly Address[];
  /** Messages from outside that were taken since, and are delivered again. */
  readonly redelivered: number;
  /** The first 20 of them: what they led to is done again. */
  readonly messages: readonly RedeliveredMessage[];
  /** What the turns since did outside: undone by its compensation, or standing as it is. What was taken back before is neither. */
  readonly undone: readonly LaterEffect[];
  readonly standing: readonly LaterEffect[];
}

/** A message from outside that is delivered again after a rollback. */
export interface RedeliveredMessage {
  readonly to: Address;
  /** Undefined for one from outside of the system. */
  readonly from: Address | undefined;
  /** Undefined where the message has none. */
  readonly type: string | undefined;
}

/** Something that a turn did which was rolled back. */
export interface LaterEffect {
  /** It was sent outward with the run of the journal in front. */
  readonly key: `${Address}#${string}`;
  readonly kind: string;
  /** What it does to the world, where that is declared. */
  readonly does: ToolKind | undefined;
  readonly detail: unknown;
}

/** Everything that happens in a system, for the log, the board and whoever subscribes. Plain data. */
export type SystemEvent =
  | {
      readonly type: "actor-started";
      readonly address: Address;
      readonly incarnation: number;
      /** It goes on where it was when an earlier process ended: nothing has failed. */
      readonly isResumed?: true;
      readonly atMs: number;
    }
  | { readonly type: "actor-exited"; readonly address: Address; readonly incarnation: number; readonly exit: Exit; readonly atMs: number }
  | {
      readonly type: "actor-failed";
      readonly address: Address;
      readonly incarnation: number;
      readonly failure: Failure;
      readonly atMs: number;
    }
  | {
      readonly type: "restart-scheduled";
      readonly address: Address;
      readonly attempt: number;
      readonly delayMs: number;
      readonly atMs: number;
    }
  | { readonly type: "report"; readonly report: SupervisorReport; readonly atMs: number }
  | { readonly type: "escalated-to-root"; readonly address: Address; readonly failure: Failure; readonly atMs: number }
  | { readonly type: "dead-letter"; readonly letter: DeadLetter; readonly atMs: number }
  | { readonly type: "state-changed"; readonly address: Address; readonly from: string; readonly to: string; readonly atMs: number }
  | { readonly type: "emitted"; readonly address: Address; readonly event: { readonly type: string }; readonly atMs: number }
  /** A turn waits for its store; told each time that `commitMs` has passed. */
  | { readonly type: "commit-late"; readonly address: Address; readonly waitedMs: number; readonly atMs: number }
  | { readonly type: "stalled"; readonly address: Address; readonly turnMs: number; readonly atMs: number };

/** The events of one type. */
export type SystemEventOf<T extends SystemEvent["type"]> = Extract<SystemEvent, { type: T }>;
