import { ExpectedError } from "orgtree";
import { exitCode, type ExitCode } from "./exit-code.ts";

/** What is printed about an error that ended a command, and the exit code. */
export interface ErrorText {
  readonly text: string;
  readonly code: ExitCode;
}

/** Expected errors are one line, with the stack only for `debug`; anything else is a fault of the program and shows where. */
export function describeError(error: unknown, debug: boolean): ErrorText {
  const isExpected = error instanceof ExpectedError || (error instanceof Error && "retryable" in error);
  if (!isExpected) return { text: `orgtree: a fault of its own: ${stackOf(error)}\n`, code: exitCode.failed };
  const stack = debug ? `\n${stackOf(error)}` : "";
  return { text: `orgtree: ${error.message}${stack}\n`, code: exitCode.usage };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
