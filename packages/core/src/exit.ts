import { describeFailure, readFailure, type Failure } from "./failure.ts";

/**
 * Why an incarnation of an actor ended.
 *
 * `normal`: it reached a final state. `shutdown`: an ordered or deliberate stop. `killed`: cut off after its shutdown
 * time, or at once. `failure`: it failed. `escalated`: a supervisor gave up; unlike OTP, which says `shutdown` here, this
 * is abnormal, so that a transient supervisor that gives up is noticed (docs/decisions/0010).
 */
export type Exit =
  | { readonly kind: "normal"; readonly output?: unknown; readonly state?: string | undefined }
  | { readonly kind: "shutdown"; readonly info?: unknown }
  | { readonly kind: "killed" }
  | { readonly kind: "failure"; readonly failure: Failure }
  | { readonly kind: "escalated"; readonly failure: Failure };

/** A plain ordered stop. */
export const shutdownExit: Exit = { kind: "shutdown" };
/** Cut off. */
export const killedExit: Exit = { kind: "killed" };

/** True for the exits after which a transient child is not restarted: `normal` and `shutdown`, as in OTP. */
export function isQuiet(exit: Exit): boolean {
  return exit.kind === "normal" || exit.kind === "shutdown";
}

/** The failure behind an abnormal exit; a kill has none of its own, so it is given one. */
export function failureOf(exit: Exit): Failure | undefined {
  switch (exit.kind) {
    case "failure":
    case "escalated":
      return exit.failure;
    case "killed":
      return { class: "crash", kind: "killed", name: "Killed", message: "killed" };
    case "normal":
    case "shutdown":
      return undefined;
    default:
      return exit satisfies never;
  }
}

/**
 * An exit as somebody's code gave it, which the compiler may not have seen: a copy, of which each field was read once and is
 * what it ought to be.
 *
 * Throws `TypeError` when it is none, and whatever reading it throws.
 */
export function checkExit(exit: Exit): Exit {
  const { kind, output, state, info, failure } = (exit ?? {}) as Record<string, unknown>;
  switch (kind) {
    case "normal":
      return { kind, output, state: typeof state === "string" ? state : undefined };
    case "shutdown":
      return info === undefined ? shutdownExit : { kind, info };
    case "killed":
      return killedExit;
    case "failure":
    case "escalated":
      return { kind, failure: readFailure(failure) };
    default:
      throw new TypeError(
        'this is no exit: give { kind: "normal", output }, { kind: "shutdown" } or { kind: "failure", failure: { class, name, message } }',
      );
  }
}

/** One line for people. */
export function describeExit(exit: Exit): string {
  switch (exit.kind) {
    case "normal":
      return exit.state === undefined ? "normal" : `normal (${exit.state})`;
    case "shutdown":
      return "shutdown";
    case "killed":
      return "killed";
    case "failure":
      return describeFailure(exit.failure);
    case "escalated":
      return `escalated: ${describeFailure(exit.failure)}`;
    default:
      return exit satisfies never;
  }
}
