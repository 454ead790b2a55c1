import { run, VirtualClock, type Organization, type RunOptions, type RunResult } from "orgtree";
import { runMode } from "./run-mode.ts";

/** Runs an organization with a clock that goes on by itself: backoff and deadlines take no time. */
export async function runOnVirtualTime<E>(
  organization: Organization<E>,
  task: string,
  options: Omit<RunOptions<E>, "clock">,
): Promise<RunResult> {
  const clock = new VirtualClock();
  const state = { ended: false };
  const result = run(organization, task, { ...runMode, ...options, clock }).finally(() => {
    state.ended = true;
  });
  // A failure is the caller's to see, not the loop's.
  result.catch(() => {});
  while (!state.ended) await clock.advance(1_000);
  return await result;
}
