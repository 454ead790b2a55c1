import { ExpectedError, type ErrorData, type FailureClass } from "@orgtree/core";
import type { Answer } from "./books.ts";

/** How a question ended, as it is told to who asked. */
export function settled(answer: Answer): { readonly value: unknown } | { readonly error: Error } {
  return "error" in answer ? { error: new StoredError(answer.error) } : answer;
}

/** An error that was stored: what is left of it is enough to act on. */
class StoredError extends ExpectedError {
  override readonly name: string;
  readonly retryable: boolean;
  readonly #data: ErrorData;

  constructor(data: ErrorData) {
    super(data.message);
    this.name = data.name;
    this.retryable = data.retryable;
    this.#data = data;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }

  override get detail(): Readonly<Record<string, unknown>> {
    return this.#data.detail;
  }
}
