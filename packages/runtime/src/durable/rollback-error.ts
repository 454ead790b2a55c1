import { ExpectedError, type Address, type FailureClass } from "@orgtree/core";

/** There is nothing to go back to. */
export class RollbackError extends ExpectedError {
  override readonly name = "RollbackError";
  readonly retryable = false;
  readonly address: Address;

  constructor(address: Address, problem: string) {
    super(`${address} cannot be rolled back: ${problem}`);
    this.address = address;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }
}
