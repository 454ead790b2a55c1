import { ExpectedError } from "orgtree";

/** The command line cannot be carried out as it stands. Nothing was started; the message names what to change. */
export class UsageError extends ExpectedError {
  override readonly name = "UsageError";
  readonly retryable = false;

  constructor(problem: string, remedy?: string) {
    super(remedy === undefined ? problem : `${problem}; ${remedy}`);
  }
}
