import { ModelError, type AttemptMeter } from "@orgtree/core";
import type { WorkContext } from "@orgtree/runtime";

type Reserve = () => ReturnType<WorkContext["budget"]["reserve"]>;

/**
 * Pays for one call, attempt by attempt: each reserves its worst case before it is made. One that was surely refused before any work is
 * free, one whose outcome nobody knows counts at its worst case, and there is no further one without room in the budget.
 */
export class CallMeter implements AttemptMeter {
  readonly #reserve: Reserve;
  #open: ReturnType<Reserve> | undefined;
  #attempts = 0;

  /** `reserve` sets the worst case of one attempt aside; it throws `BudgetExhaustedError` where there is no room. */
  constructor(reserve: Reserve) {
    this.#reserve = reserve;
  }

  /** An attempt is about to be made; one that has begun already is the same. Throws `BudgetExhaustedError`. */
  begin(): void {
    if (this.#open !== undefined) return;
    this.#open = this.#reserve();
    this.#attempts++;
  }

  /** Attempts that were begun. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The attempt has failed. */
  fail(error: unknown): void {
    if (wasRefused(error)) this.#open?.settle({});
    else this.#open?.keep();
    this.#open = undefined;
  }

  /** The attempt was answered, at this cost. */
  settle(spent: { readonly tokens: number; readonly usd: number }): void {
    this.#open?.settle(spent);
    this.#open = undefined;
  }
}

/** No connection was made, so nothing was sent. */
const unconnected: readonly unknown[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

/** Whether a call surely ended before any work was done for it. */
export function wasRefused(error: unknown): boolean {
  if (!(error instanceof ModelError)) return false;
  switch (error.kind) {
    case "rate-limit":
    case "auth":
    case "bad-request":
    case "context-overflow":
      // A status below that says that the server took the request, and broke off later.
      return error.status === undefined || error.status >= 400;
    case "network":
      return hasCode(error, unconnected);
    default:
      return false;
  }
}

/** Causes looked at, so that a cyclic chain ends. */
const maxDepth = 8;

function hasCode(error: Error, codes: readonly unknown[]): boolean {
  let each: unknown = error;
  for (let depth = 0; depth < maxDepth && each instanceof Error; depth += 1) {
    if (codes.includes((each as NodeJS.ErrnoException).code)) return true;
    each = each.cause;
  }
  return false;
}
