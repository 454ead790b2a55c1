import { ExpectedError } from "@orgtree/core";

/** A journal holds another run than the one that is to go on in it. Nothing was started. */
export class OtherRunError extends ExpectedError {
  override readonly name = "OtherRunError";
  readonly retryable = false;

  constructor(problem: string) {
    super(`${problem}; go on with what began it, or give another journal`);
  }
}
