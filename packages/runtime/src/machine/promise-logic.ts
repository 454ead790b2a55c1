import { fromPromise, type AnyActorLogic } from "xstate";

// XState does not say which of its logics one is; what it makes by the same function has the same text.
const promiseText = String(fromPromise(async () => {}).transition);

/** True for a logic that XState's `fromPromise`, or `fromWork`, has made. */
export function isPromise(logic: AnyActorLogic): boolean {
  return String(logic.transition) === promiseText;
}

/** True for one that does not say what it does to the world: it was made with `fromPromise`, and not with `fromWork`. */
export function isUndeclaredPromise(logic: unknown): boolean {
  return (
    typeof logic === "object" && logic !== null && "transition" in logic && isPromise(logic as AnyActorLogic) && !("orgtreeWork" in logic)
  );
}
