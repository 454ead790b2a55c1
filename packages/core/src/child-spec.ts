import { checkSegment } from "./address.ts";
import { makeBackoff, type Backoff } from "./backoff.ts";
import { checkBudget, type Budget } from "./budget.ts";
import { failureClasses, type FailureClass } from "./failure.ts";
import type { OnFailure, Rung } from "./directive.ts";
import { AddressError, SpecError } from "./errors.ts";
import type { RestartIntensity } from "./intensity.ts";
import type { RestartType } from "./strategy.ts";

/** How long an ordered stop may take: milliseconds, no limit, or no time at all. OTP's `shutdown`. */
export type ShutdownMs = number | "infinity" | "brutal-kill";

/** What a supervisor has to know to start, stop and restart one child. `L` is the runtime's kind of logic. */
export interface ChildSpec<L = unknown> {
  /** Unique under its supervisor; the last segment of the child's address. */
  readonly id: string;
  /** What runs: a machine, a plain function, a supervisor. */
  readonly logic: L;
  /** Passed to the initial step of each incarnation. Must be plain data. */
  readonly input?: unknown;
  /** Default `permanent`. */
  readonly restart?: RestartType | undefined;
  /** Default 5,000 for a worker, `infinity` for a supervisor, whose children need their own time. */
  readonly shutdownMs?: ShutdownMs | undefined;
  /** Longest start, in milliseconds; a child that needs longer is killed and has failed to start. Default 30,000. */
  readonly startMs?: number | undefined;
  /** Its end may end the supervisor; see `autoShutdown`. Not for permanent children. Default false. */
  readonly significant?: boolean | undefined;
  /** Answers by failure class. Default: restart, as in OTP; see `defaultLadder`. */
  readonly onFailure?: OnFailure | undefined;
  /** Delay before a restart. Default: none, as in OTP. */
  readonly backoff?: Partial<Backoff> | undefined;
  /** What the child and everything below it may spend. Default: only the parent's limits. */
  readonly budget?: Budget | undefined;
  /** Messages held before the mailbox refuses. An integer, at least 1. Default 1,000. */
  readonly mailbox?: number | undefined;
  /**
   * Whom it may tell or ask: addresses, or `/desk/*` for everything below `/desk`. A forbidden message is never sent and
   * fails the turn as `role-violation`. Answers are always allowed. Default: anybody.
   */
  readonly recipients?: readonly string[] | undefined;
}

/** A child spec with its defaults filled in. */
export interface CheckedChildSpec<L = unknown> {
  readonly id: string;
  readonly logic: L;
  readonly input: unknown;
  readonly type: "worker" | "supervisor";
  readonly restart: RestartType;
  readonly shutdownMs: ShutdownMs;
  readonly startMs: number;
  readonly significant: boolean;
  readonly onFailure: OnFailure;
  readonly backoff: Backoff | undefined;
  readonly budget: Budget | undefined;
  readonly mailbox: number;
  readonly recipients: readonly string[] | undefined;
}

/** Messages a mailbox holds when its spec does not say. */
export const defaultMailbox = 1_000;

const restartTypes: readonly string[] = ["permanent", "transient", "temporary"] satisfies RestartType[];
const directives: readonly string[] = ["resume", "restart", "stop", "escalate"] satisfies Rung["directive"][];

/**
 * Checks a child spec and fills in the defaults; unknown keys are ignored, as in OTP.
 *
 * `field` is the place in the specification that the message names. Throws `SpecError`.
 */
export function checkChildSpec<L>(spec: ChildSpec<L>, field: string, type: "worker" | "supervisor" = "worker"): CheckedChildSpec<L> {
  if (typeof spec !== "object" || spec === null) throw new SpecError(field, "a child spec is an object { id, logic, … }");
  checkId(spec.id, `${field}.id`);
  if (spec.logic === undefined || spec.logic === null)
    throw new SpecError(`${field}.logic`, "missing: give a machine, a plain function or a supervisor");
  const restart = spec.restart ?? "permanent";
  if (!restartTypes.includes(restart))
    throw new SpecError(`${field}.restart`, `one of ${restartTypes.join(", ")}, not ${JSON.stringify(restart)}`);
  const significant = spec.significant ?? false;
  if (typeof significant !== "boolean") throw new SpecError(`${field}.significant`, "true or false");
  if (significant && restart === "permanent")
    throw new SpecError(`${field}.significant`, "a permanent child cannot be significant: it never ends for good");
  if (spec.budget !== undefined) checkBudget(spec.budget, `${field}.budget`);
  const onFailure = spec.onFailure ?? noAnswers;
  if (onFailure !== noAnswers) checkOnFailure(onFailure, `${field}.onFailure`);
  return {
    id: spec.id,
    logic: spec.logic,
    input: spec.input,
    type,
    restart,
    shutdownMs: checkShutdown(spec.shutdownMs ?? (type === "supervisor" ? "infinity" : 5_000), `${field}.shutdownMs`),
    startMs: checkPositive(spec.startMs ?? 30_000, `${field}.startMs`),
    significant,
    onFailure,
    backoff: spec.backoff === undefined ? undefined : checkBackoff(spec.backoff, `${field}.backoff`),
    budget: spec.budget,
    mailbox: checkCount(spec.mailbox ?? defaultMailbox, 1, `${field}.mailbox`),
    recipients: spec.recipients,
  };
}

const noAnswers: OnFailure = {};

function checkId(id: string, field: string): void {
  if (id === undefined) throw new SpecError(field, "missing");
  try {
    checkSegment(id);
  } catch (error) {
    if (error instanceof AddressError) throw new SpecError(field, error.message);
    throw error;
  }
}

function checkShutdown(value: ShutdownMs, field: string): ShutdownMs {
  if (value === "infinity" || value === "brutal-kill") return value;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new SpecError(field, `milliseconds of at least 0, "infinity" or "brutal-kill", not ${JSON.stringify(value)}`);
}

function checkPositive(value: number, field: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new SpecError(field, `more than 0, not ${String(value)}`);
}

function checkCount(value: number, least: number, field: string): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new SpecError(field, `an integer of at least ${least}, not ${String(value)}`);
}

/** Checks a restart intensity; throws `SpecError`. */
export function checkIntensity(intensity: RestartIntensity, field: string): RestartIntensity {
  return {
    maxRestarts: checkCount(intensity.maxRestarts, 0, `${field}.maxRestarts`),
    periodMs: checkPositive(intensity.periodMs, `${field}.periodMs`),
  };
}

function checkBackoff(part: Partial<Backoff>, field: string): Backoff {
  const backoff = makeBackoff(part);
  const { minMs, maxMs, factor, jitter, resetAfterMs } = backoff;
  if (!(Number.isFinite(minMs) && minMs >= 0)) throw new SpecError(`${field}.minMs`, `at least 0, not ${minMs}`);
  if (!(Number.isFinite(maxMs) && maxMs >= minMs)) throw new SpecError(`${field}.maxMs`, `at least minMs (${minMs}), not ${maxMs}`);
  if (!(Number.isFinite(factor) && factor >= 1)) throw new SpecError(`${field}.factor`, `at least 1, not ${factor}`);
  if (!(jitter >= 0 && jitter <= 1)) throw new SpecError(`${field}.jitter`, `between 0 and 1, not ${jitter}`);
  if (!(Number.isFinite(resetAfterMs) && resetAfterMs >= 0))
    throw new SpecError(`${field}.resetAfterMs`, `at least 0, not ${resetAfterMs}`);
  return backoff;
}

function checkOnFailure(onFailure: OnFailure, field: string): void {
  for (const [key, answer] of Object.entries(onFailure)) {
    const failureClass = key.split("/")[0] as FailureClass;
    if (!failureClasses.includes(failureClass))
      throw new SpecError(`${field}.${key}`, `no such failure class; one of ${failureClasses.join(", ")}`);
    const ladder =
      typeof answer === "string" ? [{ directive: answer }] : Array.isArray(answer) ? (answer as readonly Rung[]) : [answer as Rung];
    if (ladder.length === 0) throw new SpecError(`${field}.${key}`, "an empty ladder answers nothing; leave the key out for the default");
    for (const [number, rung] of ladder.entries()) {
      const at = `${field}.${key}[${number}]`;
      if (!directives.includes(rung?.directive))
        throw new SpecError(at, `a directive is one of ${directives.join(", ")}, not ${JSON.stringify(rung?.directive)}`);
      if (rung.intensity !== undefined) checkIntensity(rung.intensity, `${at}.intensity`);
      else if (number < ladder.length - 1)
        throw new SpecError(at, "every rung but the last needs an intensity, or the rungs above it are never reached");
    }
  }
}
