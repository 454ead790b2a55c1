import { exitCode, type ExitCode } from "../exit-code.ts";
import { wrapText } from "./wrap-text.ts";

/** What is printed about an error that ended a command, and the exit code. */
export interface ErrorText {
  readonly text: string;
  readonly code: ExitCode;
}

/** Where an error is printed. */
export interface ErrorPlace {
  /** With the stack. */
  readonly debug: boolean;
  /** Undefined where it is no window. */
  readonly columns: number | undefined;
}

/**
 * What is printed about an error; `columns` where it is printed in a window.
 *
 * Expected errors are one line, with the stack only for `debug`; anything else is a fault of the program and shows where.
 * An expected error is known by its field `retryable`, so that one of another copy of orgtree is one too.
 */
export function describeError(error: unknown, { debug, columns }: ErrorPlace): ErrorText {
  const isExpected = error instanceof Error && "retryable" in error;
  if (!isExpected) return { text: `orgtree: a fault of its own: ${stackOf(error)}\n`, code: exitCode.failed };
  const stack = debug ? `\n${stackOf(error)}` : "";
  const message = `orgtree: ${error.message}`.split("\n").flatMap((line) => wrapText(line, columns ?? Infinity));
  return { text: `${message.join("\n")}${stack}\n`, code: exitCode.usage };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
