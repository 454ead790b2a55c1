import { resolve } from "node:path";
import type { Logger } from "orgtree";
import pino from "pino";
import { UsageError } from "./usage-error.ts";

/**
 * Opens the log of the supervisors' decisions, one line of JSON each: a file, which is appended to, or standard error for
 * `-`. Throws `UsageError` when the file cannot be written.
 */
export function openDecisionLog(target: string, cwd: string): Logger {
  const destination = target === "-" ? 2 : resolve(cwd, target);
  try {
    // Written at once: a line that explains a crash must not be lost in it.
    return pino({ level: "debug", base: null }, pino.destination({ dest: destination, sync: true }));
  } catch (error) {
    throw new UsageError(`cannot write the log ${target}: ${(error as Error).message}`, "name a file in a directory that exists");
  }
}
