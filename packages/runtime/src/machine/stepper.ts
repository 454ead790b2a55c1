import type { AnyEventObject } from "xstate";

/** Takes an event that was sent while a step was computed, and how to send it. */
export type Later = (params: { readonly to: unknown; readonly event: AnyEventObject }, send: () => void) => void;

/** Whose step is computed. */
export interface Stepper {
  readonly owner: unknown;
  readonly later: Later;
}
