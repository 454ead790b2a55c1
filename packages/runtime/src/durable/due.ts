/** Until when something waits, as it is stored. */
export interface Due {
  /** Milliseconds since 1970. */
  readonly dueMs: number;
  /** The time that it was set to. */
  readonly setMs: number;
}

/** Of what is set now to `setMs`. */
export function dueAfter(setMs: number, epochMs: number): Due {
  return { dueMs: epochMs + setMs, setMs };
}

/** The time that is left. Where the clock was set back meanwhile it is no more than what was set. */
export function leftMs({ dueMs, setMs }: Due, epochMs: number): number {
  return Math.max(0, Math.min(setMs, dueMs - epochMs));
}
