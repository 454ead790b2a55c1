import { checkSegment } from "../address.ts";
import { makeBackoff, type Backoff } from "./backoff.ts";
import { checkBudget, type Budget } from "../budget.ts";
import { failureClasses, type FailureClass } from "../failure.ts";
import type { OnFailure, Rung } from "./directive.ts";
import { AddressError, SpecError } from "../errors.ts";
import { checkFields } from "../known-fields.ts";
import type { RestartIntensity } from "./intensity.ts";
import type { RestartType } from "./strategy.ts";
import { checkCount, checkLeast, checkPositive, checkWord, shown } from "../value-check.ts";

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
  /**
   * Longest start, in milliseconds; a child that needs longer is killed and has failed to start. Default 30,000 for a
   * worker, `infinity` for a supervisor, whose children have their own.
   */
  readonly startMs?: number | "infinity" | undefined;
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
  readonly startMs: number | "infinity";
  readonly significant: boolean;
  readonly onFailure: OnFailure;
  readonly backoff: Backoff | undefined;
  readonly budget: Budget | undefined;
  readonly mailbox: number;
  readonly recipients: readonly string[] | undefined;
}

const knownFields: readonly (keyof ChildSpec)[] = [
  "id",
  "logic",
  "input",
  "restart",
  "shutdownMs",
  "startMs",
  "significant",
  "onFailure",
  "backoff",
  "budget",
  "mailbox",
  "recipients",
];

const intensityFields: readonly string[] = ["maxRestarts", "periodMs"] satisfies (keyof RestartIntensity)[];
const backoffFields: readonly string[] = ["minMs", "maxMs", "factor", "jitter", "resetAfterMs"] satisfies (keyof Backoff)[];
const rungFields: readonly string[] = ["directive", "intensity", "to"] satisfies (keyof Rung)[];

/** Messages a mailbox holds when its spec does not say. */
const defaultMailbox = 1_000;

const restartTypes: readonly string[] = ["permanent", "transient", "temporary"] satisfies RestartType[];
const directives: readonly string[] = ["resume", "restart", "rollback", "replan", "stop", "escalate"] satisfies Rung["directive"][];

/**
 * Checks a child spec and fills in the defaults. A field that it does not know is refused (OTP ignores it): it would be a
 * misspelt one.
 *
 * `field` is the place in the specification that the message names. Throws `SpecError`.
 */
export function checkChildSpec<L>(spec: ChildSpec<L>, field: string, type: "worker" | "supervisor" = "worker"): CheckedChildSpec<L> {
  checkFields(spec, { field, known: knownFields });
  checkId(spec.id, `${field}.id`);
  if (spec.logic === undefined || spec.logic === null)
    throw new SpecError(`${field}.logic`, "missing: give a machine, a plain function or a supervisor");
  const restart = checkWord(spec.restart ?? "permanent", restartTypes, `${field}.restart`);
  const significant = spec.significant ?? false;
  if (typeof significant !== "boolean") throw new SpecError(`${field}.significant`, `true or false, not ${shown(significant)}`);
  if (significant && restart === "permanent")
    throw new SpecError(`${field}.significant`, "a permanent child cannot be significant: it never ends for good");
  if (spec.budget !== undefined) checkBudget(spec.budget, `${field}.budget`);
  const onFailure = spec.onFailure ?? noAnswers;
  if (onFailure !== noAnswers) checkOnFailure(onFailure, `${field}.onFailure`);
  const isSupervisor = type === "supervisor";
  return {
    id: spec.id,
    logic: spec.logic,
    input: spec.input,
    type,
    restart,
    shutdownMs: checkShutdown(spec.shutdownMs ?? (isSupervisor ? "infinity" : 5_000), `${field}.shutdownMs`),
    startMs: checkStart(spec.startMs ?? (isSupervisor ? "infinity" : 30_000), `${field}.startMs`),
    significant,
    onFailure: { ...onFailure },
    backoff: spec.backoff === undefined ? undefined : checkBackoff(spec.backoff, `${field}.backoff`),
    budget: spec.budget,
    mailbox: checkCount(spec.mailbox ?? defaultMailbox, 1, `${field}.mailbox`),
    recipients: checkRecipients(spec.recipients, `${field}.recipients`),
  };
}

const noAnswers: OnFailure = {};

function checkRecipients(recipients: readonly string[] | undefined, field: string): readonly string[] | undefined {
  if (recipients === undefined) return undefined;
  if (!Array.isArray(recipients)) throw new SpecError(field, `a list of addresses, not ${shown(recipients)}`);
  for (const [at, entry] of recipients.entries())
    if (typeof entry !== "string" || !entry.startsWith("/"))
      throw new SpecError(`${field}[${at}]`, `an address, or /desk/* for all below /desk, not ${shown(entry)}`);
  return [...(recipients as readonly string[])];
}

/** The spec of a temporary child that runs: nothing will start it again, so its input, which may be large, is not kept. */
export function withoutInput<L>(spec: CheckedChildSpec<L>): CheckedChildSpec<L> {
  return spec.input === undefined ? spec : { ...spec, input: undefined };
}

function checkId(id: string, field: string): void {
  if (id === undefined) throw new SpecError(field, "missing");
  if (typeof id !== "string") throw new SpecError(field, `a text, not ${shown(id)}`);
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
  throw new SpecError(field, `milliseconds of at least 0, "infinity" or "brutal-kill", not ${shown(value)}`);
}

function checkStart(value: number | "infinity", field: string): number | "infinity" {
  return value === "infinity" ? value : checkPositive(value, field);
}

/** Checks a restart intensity; throws `SpecError`. */
export function checkIntensity(intensity: RestartIntensity, field: string): RestartIntensity {
  checkFields(intensity, { field, known: intensityFields });
  return {
    maxRestarts: checkCount(intensity.maxRestarts, 0, `${field}.maxRestarts`),
    periodMs: checkPositive(intensity.periodMs, `${field}.periodMs`),
  };
}

function checkBackoff(part: Partial<Backoff>, field: string): Backoff {
  checkFields(part, { field, known: backoffFields });
  const backoff = makeBackoff(part);
  const { minMs, maxMs, factor, jitter, resetAfterMs } = backoff;
  checkLeast(minMs, 0, `${field}.minMs`);
  if (!(Number.isFinite(maxMs) && maxMs >= minMs)) throw new SpecError(`${field}.maxMs`, `at least minMs (${minMs}), not ${shown(maxMs)}`);
  checkLeast(factor, 1, `${field}.factor`);
  checkLeast(jitter, 0, `${field}.jitter`);
  if (jitter > 1) throw new SpecError(`${field}.jitter`, `between 0 and 1, not ${shown(jitter)}`);
  checkLeast(resetAfterMs, 0, `${field}.resetAfterMs`);
  return backoff;
}

function checkOnFailure(onFailure: OnFailure, field: string): void {
  if (typeof onFailure !== "object" || onFailure === null)
    throw new SpecError(field, `answers are an object { class: directive }, not ${shown(onFailure)}`);
  for (const [key, answer] of Object.entries(onFailure)) {
    if (answer === undefined) continue;
    const failureClass = key.split("/")[0] as FailureClass;
    if (!failureClasses.includes(failureClass))
      throw new SpecError(`${field}.${key}`, `no such failure class; one of ${failureClasses.join(", ")}`);
    const ladder =
      typeof answer === "string" ? [{ directive: answer }] : Array.isArray(answer) ? (answer as readonly Rung[]) : [answer as Rung];
    if (ladder.length === 0) throw new SpecError(`${field}.${key}`, "an empty ladder answers nothing; leave the key out for the default");
    for (const [number, rung] of ladder.entries()) checkRung(rung, `${field}.${key}[${number}]`, number === ladder.length - 1);
  }
}

function checkRung(rung: Rung, field: string, isLast: boolean): void {
  checkFields(rung, { field, known: rungFields });
  if (!directives.includes(rung.directive))
    throw new SpecError(field, `a directive is one of ${directives.join(", ")}, not ${shown(rung.directive)}`);
  if (rung.to !== undefined && (typeof rung.to !== "string" || rung.directive !== "rollback"))
    throw new SpecError(`${field}.to`, "the name of a checkpoint, for the directive rollback only");
  if (rung.intensity !== undefined) checkIntensity(rung.intensity, `${field}.intensity`);
  else if (!isLast) throw new SpecError(field, "every rung but the last needs an intensity, or the rungs above it are never reached");
}
