import { readLog } from "./log-frames.ts";
import { ProblemError } from "./problem.ts";

/** SQLite would silently forget what lies behind damage in the log, though it was stored. Throws `ProblemError`. */
export function checkLog(path: string): void {
  if (readLog(path)?.damage === undefined) return;
  const problem = "its log (-wal) is damaged, and SQLite would forget what lies behind; write what is sound to a new file with repair";
  throw new ProblemError({ kind: "damaged", problem });
}
