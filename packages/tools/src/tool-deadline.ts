import { ToolError } from "@orgtree/core";
import type { Timer } from "./timer.ts";

/** What bounds one run of a tool. */
export interface ToolBounds {
  readonly tool: string;
  readonly timeoutMs: number;
  readonly timer: Timer;
  /** The caller's signal. */
  readonly signal: AbortSignal;
}

/**
 * Runs `work` until it ends, its deadline passes or the caller aborts, whichever is first.
 *
 * A promise cannot be killed: work that ignores the signal it is given goes on, but the rejection does not wait for it and
 * what it brings late is dropped. Rejects with `ToolError` `timeout` or `aborted`, or with what `work` rejects with.
 */
export function withinDeadline<T>(bounds: ToolBounds, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { tool, timeoutMs, timer, signal } = bounds;
  if (signal.aborted) return Promise.reject(abortedError(tool, signal));
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const release = (): void => {
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
    };
    const cut = (error: ToolError): void => {
      release();
      // Before the abort: what the work does on hearing of it must not decide the outcome.
      reject(error);
      controller.abort(error);
    };
    const onAbort = (): void => cut(abortedError(tool, signal));
    const cancelTimer = timer.setTimer(timeoutMs, () => {
      cut(new ToolError(tool, "timeout", { message: `took longer than ${timeoutMs} ms and was cut off` }));
    });
    signal.addEventListener("abort", onAbort, { once: true });
    work(controller.signal).finally(release).then(resolve, reject);
  });
}

function abortedError(tool: string, signal: AbortSignal): ToolError {
  const reason: unknown = signal.reason;
  return new ToolError(tool, "aborted", {
    message: `aborted: ${reason instanceof Error ? reason.message : String(reason)}`,
    cause: reason,
  });
}
