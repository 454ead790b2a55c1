import { decideRestart, type RestartIntensity } from "./intensity.ts";
import type { TriedRung } from "./plan-spec.ts";
import type { Failure, FailureClass } from "../failure.ts";

/**
 * What a supervisor does about a failure.
 *
 * `resume`: the last committed state; the message of a turn that did not happen is a dead letter, pending effects go on. `restart`: fresh initial state, same
 * address and mailbox, pending effects aborted. `rollback`: the state of a checkpoint, for the child and everything below it,
 * as if nothing had come after; what had an effect outside is undone where it can be, and listed. `replan`: a planner
 * outside makes a new plan, and the supervisor's children become those of it. `stop`: end it, tell those who watch. `escalate`: the parent decides, with
 * the whole cause chain.
 */
export type Directive = "resume" | "restart" | "rollback" | "replan" | "stop" | "escalate";

/** One answer on a ladder, with how often it may be given before the next rung is tried. */
export interface Rung {
  readonly directive: Directive;
  /** Default: as often as the supervisor's own intensity allows. */
  readonly intensity?: RestartIntensity | undefined;
  /** `rollback` only: the name of the checkpoint. Default: the newest there is. Where there is none the next rung is tried. */
  readonly to?: string | undefined;
}

/** The answers to one class of failure, tried in order; past the last one the failure escalates. */
export type Ladder = readonly Rung[];

/** A key of a class map: a class, or one of its kinds such as `model-error/rate-limit`. */
export type FailureKey = FailureClass | `${FailureClass}/${string}`;

/** A child's answers by failure class. The key with the kind wins over the class; what is missing has a default. */
export type OnFailure = Readonly<Partial<Record<FailureKey, Directive | Rung | Ladder>>>;

const restartOnly: Ladder = [{ directive: "restart" }];
const escalateOnly: Ladder = [{ directive: "escalate" }];
/** The state that is stored is as good as it was. */
const resumeFirst: Ladder = [{ directive: "resume", intensity: { maxRestarts: 3, periodMs: 60_000 } }, { directive: "escalate" }];

/**
 * The ladder used for a failure whose class a spec does not name.
 *
 * Most classes restart, as in OTP. The exceptions are those that a fresh start cannot mend: a spent budget stays spent, an
 * effect with an unknown outcome needs somebody to look, a question that nobody answered is not answered by asking afresh. After a turn
 * that could not be stored (kind `commit`) the actor goes on from the one before, three times a minute.
 */
export function defaultLadder(failure: Pick<Failure, "class" | "kind">): Ladder {
  if (failure.kind === "commit") return resumeFirst;
  switch (failure.class) {
    case "budget-exhausted":
    case "unknown-outcome":
    case "unanswered":
      return escalateOnly;
    default:
      return restartOnly;
  }
}

/** The ladder for a failure: by class and kind, then by class, then the default. */
export function ladderFor(onFailure: OnFailure, failure: Failure): Ladder {
  const named = onFailure[keyFor(onFailure, failure)];
  if (named === undefined) return defaultLadder(failure);
  if (typeof named === "string") return [{ directive: named }];
  return "directive" in named ? [named] : named;
}

/** True when a spec has an answer of its own to this failure. */
export function isNamed(onFailure: OnFailure, failure: Failure): boolean {
  return onFailure[keyFor(onFailure, failure)] !== undefined;
}

function keyFor(onFailure: OnFailure, failure: Failure): FailureKey {
  const withKind: FailureKey = `${failure.class}/${failure.kind ?? ""}`;
  return failure.kind !== undefined && onFailure[withKind] !== undefined ? withKind : failure.class;
}

/** True when some rung for this failure may say `resume`, so that the actor has to be kept until the decision. */
export function mayResume(onFailure: OnFailure, failure: Failure): boolean {
  return ladderFor(onFailure, failure).some((rung) => rung.directive === "resume");
}

/** The rungs of the ladder for a failure that were granted within their windows, and how often. */
export function triedRungs(onFailure: OnFailure, failure: Failure, history: RungHistory): readonly TriedRung[] {
  const key = keyFor(onFailure, failure);
  return ladderFor(onFailure, failure).flatMap(({ directive }, number) => {
    const times = history[`${key}#${number}`]?.length ?? 0;
    return times === 0 ? [] : [{ directive, times }];
  });
}

/** The stamps of each rung's own intensity, by the key of its ladder and its number: all failures of a ladder share them. */
export type RungHistory = Readonly<Record<string, readonly number[]>>;

/** A directive, which rung gave it, and the history to keep. */
export interface DirectiveVerdict {
  readonly directive: Directive;
  /** Number of the rung, from 0; the length of the ladder when all rungs are exhausted. */
  readonly rung: number;
  /** Length of the ladder. */
  readonly rungs: number;
  readonly history: RungHistory;
  /** The checkpoint of a `rollback`, where the rung names one. */
  readonly to?: string | undefined;
}

/**
 * Chooses the directive for a failure at `nowMs` (monotonic): the first rung whose own intensity is not exhausted.
 *
 * Rungs up to number `above` have been tried for this failure and were of no use. The windows slide, so a quiet child finds itself on the first rung again.
 */
export function decideDirective(
  onFailure: OnFailure,
  failure: Failure,
  past: { readonly history: RungHistory; readonly nowMs: number; readonly above?: number | undefined },
): DirectiveVerdict {
  const ladder = ladderFor(onFailure, failure);
  const rungs = ladder.length;
  const key = keyFor(onFailure, failure);
  for (const [number, rung] of ladder.entries()) {
    if (number <= (past.above ?? -1)) continue;
    const { directive, to } = rung;
    if (rung.intensity === undefined) return { directive, to, rung: number, rungs, history: past.history };
    const slot = `${key}#${number}`;
    const verdict = decideRestart(rung.intensity, past.history[slot] ?? [], past.nowMs);
    if (verdict.granted) return { directive, to, rung: number, rungs, history: { ...past.history, [slot]: verdict.stamps } };
  }
  return { directive: "escalate", rung: rungs, rungs, history: past.history };
}
