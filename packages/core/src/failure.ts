import { ExpectedError } from "./errors.ts";
import type { Address } from "./address.ts";
import { legible } from "./journal/legible.ts";
import { redact, redactText } from "./secret.ts";

/**
 * Every way in which an actor can fail. The list is closed: a supervisor decides by class, so a class that is not here
 * could not be decided on.
 */
export const failureClasses = [
  "crash", // a broken assumption: an exception that nobody classified
  "timeout", // a deadline passed
  "overload", // a queue was full, a limit of calls was reached
  "node-lost", // the process or machine went away
  "fenced", // the commit was refused: somebody else owns this actor now
  "poison-message", // one message fails again and again
  "model-error", // kinds: rate-limit, refusal, context-overflow, invalid-output, network
  "tool-error", // a tool failed or returned the wrong shape
  "unknown-outcome", // an effect may or may not have happened
  "budget-exhausted", // kinds: turns, tokens, usd, wall
  "loop", // the same thing again and again
  "no-progress", // busy, but nothing new
  "role-violation", // did what the charter forbids
  "ignored-input", // a directed input got no disposition
  "unfounded-claim", // said what the record does not show
  "unverified", // ended without the evidence its contract asks for
  "rejected", // a hold point said no
  "unanswered", // a question passed its deadline
  "disagreement", // parties could not agree within their bound
] as const;

/** The class of a failure; see `failureClasses`. */
export type FailureClass = (typeof failureClasses)[number];

/** A failure as plain data: it is journaled, crosses subjects and climbs the tree. */
export interface Failure {
  readonly class: FailureClass;
  /** Finer than the class where the class has kinds, for example `rate-limit` of `model-error`. */
  readonly kind?: string | undefined;
  /** The name of the error, for example `TypeError`. */
  readonly name: string;
  readonly message: string;
  /** Who failed. */
  readonly address?: Address | undefined;
  /**
   * Where it was thrown; only in the process where it was. It is not enumerable, so that it is neither stored nor sent: it is long, is
   * passed on from report to report, and names the paths of a machine.
   */
  readonly stack?: string | undefined;
  /** Plain facts for whoever decides, for example `{ retryAfterMs: 2000 }`. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
  /** The same attempt may succeed later. Left out where it may not. */
  readonly retryable?: true | undefined;
  /** What led to it: from the top of the tree down to the leaf. */
  readonly cause?: Failure | undefined;
}

/**
 * Links kept of a cause chain, the outermost included; the rest is cut, so that a cyclic `cause` cannot hang the reporter. A tree
 * is at most 32 deep and each level adds a link, so an escalation reaches the top with its leaf.
 */
export const maxCauseDepth = 64;

/** An error that carries a failure, for code that wants to fail with a class of its own choosing. */
export class FailureError extends ExpectedError {
  override readonly name = "FailureError";
  readonly retryable = false;
  readonly failure: Failure;

  constructor(failure: Pick<Failure, "class" | "message"> & Partial<Failure>) {
    super(failure.message);
    this.failure = { name: "FailureError", ...failure };
  }

  override get failureClass(): FailureClass {
    return this.failure.class;
  }

  override get failureKind(): string | undefined {
    return this.failure.kind;
  }

  override get detail(): Readonly<Record<string, unknown>> {
    return this.failure.detail ?? {};
  }
}

/**
 * An error made of the failure that it has become, for whoever hears of it in another process. It has the name, the class, the kind and
 * the facts of the original, as fields too, and fails an actor as the original would; of its class only a `FailureError` is. `cause` is
 * made of the failure's where it is left out.
 */
export function reviveError(failure: Failure, cause: unknown = failure.cause && reviveError(failure.cause)): ExpectedError {
  return failure.name === "FailureError" ? new FailureError(failure) : new RevivedError(failure, cause);
}

class RevivedError extends ExpectedError {
  override readonly name: string;
  readonly retryable: boolean;
  readonly #failure: Failure;

  constructor(failure: Failure, cause: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.name = failure.name;
    this.retryable = failure.retryable ?? false;
    this.#failure = failure;
    // What an error has by itself is no fact of this one.
    for (const [key, value] of Object.entries(failure.detail ?? {})) if (!(key in this)) Object.assign(this, { [key]: value });
  }

  /** What it was made of; a fact of the original may be called so as well. */
  static failureOf(error: RevivedError): Failure {
    return error.#failure;
  }

  override get failureClass(): FailureClass {
    return this.#failure.class;
  }

  override get failureKind(): string | undefined {
    return this.#failure.kind;
  }

  override get detail(): Readonly<Record<string, unknown>> {
    return this.#failure.detail ?? {};
  }
}

/**
 * Turns whatever was thrown into a `Failure`.
 *
 * An `ExpectedError` brings its own class; everything else, strings and `undefined` included, is a `crash`.
 * Of the `cause` chain the first 64 are kept. Never throws, whatever was thrown.
 */
export function toFailure(thrown: unknown, address?: Address): Failure {
  try {
    return convert(thrown, address, 1);
  } catch {
    // A revoked proxy, an error whose message throws: all that can be said is that something was thrown.
    return { class: "crash", name: "NonError", message: "something that cannot be read was thrown", address };
  }
}

function convert(thrown: unknown, address: Address | undefined, depth: number): Failure {
  if (thrown instanceof FailureError || thrown instanceof RevivedError) {
    const failure = readFailure(thrown instanceof RevivedError ? RevivedError.failureOf(thrown) : thrown.failure);
    return withStack({ ...failure, address: failure.address ?? address }, thrown.stack);
  }
  if (!(thrown instanceof Error)) return { class: "crash", name: "NonError", message: redactText(describe(thrown)), address };
  const cause = thrown.cause !== undefined && depth < maxCauseDepth ? convert(thrown.cause, undefined, depth + 1) : undefined;
  const expected = thrown instanceof ExpectedError ? thrown : undefined;
  const failure = {
    class: failureClassOf(expected?.failureClass),
    kind: textOf(expected?.failureKind),
    name: String(thrown.name),
    message: redactText(String(thrown.message)),
    address,
    detail: factsOf(expected?.detail),
    ...(expected?.retryable === true ? { retryable: true as const } : {}),
    cause,
  };
  return withStack(failure, thrown.stack);
}

function withStack(failure: Failure, stack: unknown): Failure {
  return typeof stack === "string" ? Object.defineProperty(failure, "stack", { value: redactText(stack) }) : failure;
}

function describe(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  try {
    return JSON.stringify(thrown) ?? Object.prototype.toString.call(thrown);
  } catch {
    // A cyclic or exotic value was thrown; its type is all that can be said of it.
    return Object.prototype.toString.call(thrown);
  }
}

/** A class of the closed list; whatever else somebody wrote there is a crash, or nobody could decide on it. */
export function failureClassOf(value: unknown): FailureClass {
  return failureClasses.includes(value as FailureClass) ? (value as FailureClass) : "crash";
}

/**
 * A failure as somebody's code gave it, which the compiler may not have seen: classes that there are not become `crash`, what is
 * missing is said to be missing, and of the causes as many are kept as of an error's.
 *
 * Throws `TypeError` when it is no object.
 */
export function readFailure(value: unknown): Failure {
  if (typeof value !== "object" || value === null) throw new TypeError("a failure is an object { class, name, message }");
  return copyFailure(value as Failure, 1);
}

function copyFailure(failure: Failure, depth: number): Failure {
  const { class: named, kind, name, message, address, stack, detail, retryable, cause } = failure;
  const isDeeper = typeof cause === "object" && cause !== null && depth < maxCauseDepth;
  const copy = {
    class: failureClassOf(named),
    kind: textOf(kind),
    name: textOf(name) ?? "Failure",
    message: redactText(textOf(message) ?? "no message was given"),
    address: textOf(address) as Address | undefined,
    detail: factsOf(detail),
    ...(retryable === true ? { retryable } : {}),
    cause: isDeeper ? copyFailure(cause, depth + 1) : undefined,
  };
  return withStack(copy, stack);
}

function factsOf(detail: unknown): Failure["detail"] {
  return typeof detail === "object" && detail !== null ? (redact(legible({ ...detail })) as Failure["detail"]) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The chain from the outermost failure to the leaf that began it. */
export function causeChain(failure: Failure): readonly Failure[] {
  const chain: Failure[] = [];
  for (let link: Failure | undefined = failure; link && chain.length < maxCauseDepth; link = link.cause) chain.push(link);
  return chain;
}

/** One line for people: `model-error/rate-limit at /a/b: too many requests`. */
export function describeFailure(failure: Failure): string {
  const kind = failure.kind === undefined ? "" : `/${failure.kind}`;
  const where = failure.address === undefined ? "" : ` at ${failure.address}`;
  return `${failure.class}${kind}${where}: ${failure.message}`;
}
