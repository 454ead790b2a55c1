import { isRecord, isSealed } from "./storable.ts";

/**
 * The difference between two storable values, so that what is stored of a step does not grow with the age of the state.
 *
 * Values that were sealed are compared by reference: a state that was changed as states are, by copying what changes, costs
 * what changed. Key order is kept, so that the same state comes back as the same text.
 */
export type Delta =
  /** Replaced. */
  | readonly [kind: 0, value: unknown]
  /** An object: changed and new keys, and those that are gone. */
  | readonly [kind: 1, changed: Readonly<Record<string, Delta>>, removed: readonly string[]]
  /** An array: so many are gone at the front, these of the others changed, so many are left, these are new at the end. */
  | readonly [
      kind: 2,
      dropped: number,
      changed: readonly (readonly [at: number, delta: Delta])[],
      length: number,
      added: readonly unknown[],
    ];

/** What leads from `before` to `after`, which has been sealed; undefined when nothing does. */
export function diff(before: unknown, after: unknown): Delta | undefined {
  if (typeof after !== "object" || after === null) return Object.is(before, after) ? undefined : [0, after];
  if (before === after && isSealed(after)) return undefined;
  if (typeof before !== "object" || before === null) return [0, after];
  if (Array.isArray(after)) return Array.isArray(before) ? diffArrays(before, after) : [0, after];
  if (Array.isArray(before) || !isRecord(after) || Object.getPrototypeOf(before) !== Object.getPrototypeOf(after)) return [0, after];
  return diffObjects(before as Fields, after);
}

type Fields = Readonly<Record<string, unknown>>;

function diffObjects(before: Fields, after: Fields): Delta | undefined {
  const removed: string[] = [];
  const order: string[] = [];
  for (const key in before) {
    if (Object.hasOwn(after, key)) order.push(key);
    else removed.push(key);
  }
  const changed: Record<string, Delta> = {};
  let isChanged = removed.length > 0;
  let at = 0;
  for (const key in after) {
    const isOld = Object.hasOwn(before, key);
    // A key that moved could not be put back into its place.
    if (isOld && order[at] !== key) return [0, after];
    if (!isOld && at < order.length) return [0, after];
    at++;
    const delta = isOld ? diff(before[key], after[key]) : ([0, after[key]] as const);
    if (delta === undefined) continue;
    changed[key] = delta;
    isChanged = true;
  }
  return isChanged ? [1, changed, removed] : undefined;
}

function diffArrays(before: readonly unknown[], after: readonly unknown[]): Delta | undefined {
  const dropped = droppedInFront(before, after);
  const kept = Math.min(before.length - dropped, after.length);
  const changed: (readonly [number, Delta])[] = [];
  for (let at = 0; at < kept; at++) {
    const delta = diff(before[at + dropped], after[at]);
    if (delta !== undefined) changed.push([at, delta]);
  }
  if (dropped === 0 && changed.length === 0 && before.length === after.length) return undefined;
  if (kept > 0 && changed.length === kept) return [0, after];
  return [2, dropped, changed, kept, after.slice(kept)];
}

/** How many were taken away at the front, as of a queue or of a window that moves on. */
function droppedInFront(before: readonly unknown[], after: readonly unknown[]): number {
  const [first] = after;
  if (after.length === 0 || Object.is(before[0], first) || typeof first !== "object") return 0;
  const at = before.indexOf(first);
  return at === -1 ? 0 : at;
}

/** The value to which `delta` leads from `before`, which stays as it is; what did not change is shared. */
export function patch(before: unknown, delta: Delta | undefined): unknown {
  if (delta === undefined) return before;
  switch (delta[0]) {
    case 0:
      return delta[1];
    case 1:
      return patchObject(before as Fields, delta);
    case 2:
      return patchArray(before as readonly unknown[], delta);
    default:
      return delta satisfies never;
  }
}

function patchObject(before: Fields, [, changed, removed]: Extract<Delta, { 0: 1 }>): Fields {
  const after: Record<string, unknown> =
    Object.getPrototypeOf(before) === null ? Object.assign(Object.create(null), before) : { ...before };
  for (const key of removed) delete after[key];
  for (const key in changed) after[key] = patch(before[key], changed[key]);
  return after;
}

function patchArray(before: readonly unknown[], [, dropped, changed, length, added]: Extract<Delta, { 0: 2 }>): readonly unknown[] {
  const after = before.slice(dropped, dropped + length);
  for (const [at, delta] of changed) after[at] = patch(after[at], delta);
  for (const item of added) after.push(item);
  return after;
}
