import type { Address } from "./address.ts";

/** What a check is run on and with. */
export interface CheckContext {
  readonly signal: AbortSignal;
  /** The key of the effect that runs it. */
  readonly key: string;
}

/** What an executed check found. */
export interface CheckOutcome {
  readonly passed: boolean;
  /** What was seen, for people and for the worker that has to do better: the end of the output, say. */
  readonly observed: string;
}

/** The record of an executed check: only whoever executes checks can make one, and the record has it under its key. */
export interface Evidence extends CheckOutcome {
  readonly criterion: string;
  /** The effect that executed the check: `address#seq.n`. */
  readonly key: string;
  /** Who executed it. */
  readonly by: Address;
  /** Fingerprint of what was checked. */
  readonly artefact: string;
}

/** What a verifier says of a piece of work. A verdict without evidence is malformed. */
export interface Verdict {
  readonly accepted: boolean;
  readonly by: Address;
  /** Fingerprint of what was judged. */
  readonly artefact: string;
  readonly evidence: readonly Evidence[];
  /** Why, in words. */
  readonly reason: string;
}
