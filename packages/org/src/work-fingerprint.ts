import { ExpectedError, type FailureClass } from "@orgtree/core";

/** A contract's `fingerprint` gave back something that names no work. Everything would be equal to it, or nothing. */
export class FingerprintError extends ExpectedError {
  override readonly name = "FingerprintError";
  readonly retryable = false;
  /** Where in the organization it is. */
  readonly field = "contract.fingerprint";

  constructor(got: unknown) {
    const shown = got === null || got === undefined ? String(got) : `a value of type ${typeof got}`;
    super(`contract.fingerprint must give a text that names the work as it stands, not ${shown}; for a repository use fingerprintOf`);
  }

  /** Nothing was verified, and nothing can be. */
  override get failureClass(): FailureClass {
    return "unverified";
  }

  override get failureKind(): string {
    return "bad-fingerprint";
  }
}

/** The fingerprint of work, taken by code that the compiler may not have seen; throws `FingerprintError` for anything but a text. */
export function checkFingerprint(value: unknown): string {
  if (typeof value === "string") return value;
  throw new FingerprintError(value);
}
