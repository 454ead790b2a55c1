import { reviveError } from "@orgtree/core";
import type { Answer } from "./books.ts";

/** How a question ended, as it is told to who asked. */
export function settled(answer: Answer): { readonly value: unknown } | { readonly error: Error } {
  return "failure" in answer ? { error: reviveError(answer.failure) } : answer;
}
