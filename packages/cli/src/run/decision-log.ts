import { resolve } from "node:path";
import type { Logger } from "orgtree";
import { UsageError } from "../input/usage-error.ts";

/**
 * Opens the log of the supervisors' decisions, one line of JSON each: a file, which is appended to, or standard error for
 * `-`. Rejects with `UsageError` when the file cannot be written.
 */
export async function openDecisionLog(target: string, cwd: string): Promise<Logger> {
  const { pino } = await import("pino");
  const destination = target === "-" ? 2 : resolve(cwd, target);
  try {
    // Written at once: a line that explains a crash must not be lost in it.
    const logger: Logger = pino({ level: "debug", base: null }, pino.destination({ dest: destination, sync: true }));
    return logger;
  } catch (error) {
    throw new UsageError(`cannot write the log ${target}: ${(error as Error).message}`, "name a file in a directory that exists");
  }
}
