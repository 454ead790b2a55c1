import { reviveError } from "@orgtree/core";
import type { Outcome } from "../kernel/asks.ts";
import type { Answer } from "./books.ts";

/** How a question ended, as it is told to who asked. */
export function settled(answer: Answer): Outcome {
  return "failure" in answer ? { error: reviveError(answer.failure) } : answer;
}
