import { ExpectedError, type CheckOutcome, type FailureClass } from "@orgtree/core";

/** A check gave back something else than an outcome. It would count as failed for ever, and nobody would know why. */
export class CheckOutcomeError extends ExpectedError {
  override readonly name = "CheckOutcomeError";
  readonly retryable = false;
  /** Where in the organization the check is: `contract.criteria[0].check.run`. */
  readonly field: string;

  constructor(field: string, got: string) {
    super(`${field} must return { passed, observed }, got ${got}`);
    this.field = field;
  }

  /** Nothing was verified, and nothing can be. */
  override get failureClass(): FailureClass {
    return "unverified";
  }

  override get failureKind(): string {
    return "bad-check";
  }
}

/** The outcome of a check, whose code the compiler may not have seen; throws `CheckOutcomeError` for anything else. */
export function checkOutcome(value: unknown, field: string): CheckOutcome {
  const { passed, observed } = (value ?? {}) as Partial<Record<keyof CheckOutcome, unknown>>;
  if (typeof passed === "boolean" && typeof observed === "string") return { passed, observed };
  throw new CheckOutcomeError(field, typeof value === "object" && value !== null ? `an object { ${shape(value)} }` : String(value));
}

/** `passed: boolean, observed: undefined`. */
function shape(value: object): string {
  const { passed, observed } = value as Partial<Record<keyof CheckOutcome, unknown>>;
  return `passed: ${typeof passed}, observed: ${typeof observed}`;
}
