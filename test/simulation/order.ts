import type { Address, FailureClass, ToolKind } from "@orgtree/core";

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
  | { readonly type: "checkpoint"; readonly id: string }
  /** Work that may cost `worst` tokens, and costs `cost`. */
  | { readonly type: "spend"; readonly id: string; readonly worst: number; readonly cost: number; readonly workMs: number }
  /** Puts all messages aside for a while. */
  | { readonly type: "hold"; readonly id: string; readonly delayMs: number }
  | { readonly type: "register"; readonly id: string; readonly name: string }
  | { readonly type: "join" | "depart" | "publish"; readonly id: string; readonly group: string }
  /** Asks a supervisor for something. */
  | {
      readonly type: "manage";
      readonly id: string;
      readonly to: Address;
      readonly call: "start-child" | "terminate-child" | "restart-child" | "rollback-child";
      readonly child: string;
    }
  /** For supervisors. `bounce` is for the root: the tree is stopped for good, and started again. */
  | {
      readonly type: "admin";
      readonly id: string;
      readonly call: "terminate" | "restart" | "bounce" | "start" | "rollback" | "rollback-consenting";
      readonly child: string;
    };

/** What declared work does to the world. */
export type Does = Exclude<ToolKind, "compensable">;

/** The names and groups of a run: few, so that they are wanted by several. */
export const nameList: readonly string[] = ["ann", "ben"];
export const groupList: readonly string[] = ["red", "blue"];
