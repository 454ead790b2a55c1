/** What a reference model is made of: children and teams as data, the words that they are told, and how they end. */

export type Word = "die" | "killed" | "loop" | "overload" | "normal" | "shutdown";
export type Directive = "resume" | "restart" | "stop" | "escalate";
/** A directive and how often it may be given within 100 ms; the last rung has no limit. */
export type Ladder = readonly { readonly directive: Directive; readonly times?: number }[];
export type Answers = { readonly [failureClass in "crash" | "loop" | "overload"]?: Ladder };

interface AnyPlan {
  readonly id: string;
  readonly restart: "permanent" | "transient" | "temporary";
  readonly significant: boolean;
  /** The least delay; it doubles up to eight times as much, and starts anew after twice as much without a failure. */
  readonly backoffMs: number | undefined;
  readonly answers: Answers;
}

export interface WorkerPlan extends AnyPlan {
  readonly kind: "worker";
  /** How its starts end, the last one for ever. */
  readonly starts: readonly ("ok" | "fail" | "ignore")[];
}

export interface TeamPlan extends AnyPlan {
  readonly kind: "team";
  readonly flags: Flags;
  readonly children: readonly WorkerPlan[];
}

export type Plan = WorkerPlan | TeamPlan;

export interface Flags {
  readonly strategy: "one-for-one" | "one-for-all" | "rest-for-one" | "dynamic";
  readonly maxRestarts: number;
  readonly periodMs: number;
  readonly autoShutdown: "never" | "any-significant" | "all-significant";
}

/** Quiet exits have no class. */
export interface End {
  readonly kind: "normal" | "shutdown" | "killed" | "failure" | "escalated";
  readonly failureClass?: "crash" | "loop" | "overload";
}
