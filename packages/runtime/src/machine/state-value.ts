import type { StateValue } from "xstate";

/** True when both say that the same states are active. */
export function isSameValue(a: StateValue | undefined, b: StateValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSameValue(a[key], b[key]));
}

/** For people: `asking`, `work.asking`, `{a, b.c}` for regions. */
export function describeValue(value: StateValue): string {
  if (typeof value === "string") return value;
  const parts = Object.entries(value).map(([key, inner]) => {
    const rest = inner === undefined ? "" : describeValue(inner);
    return rest === "" || rest === "{}" ? key : `${key}.${rest}`;
  });
  return parts.length === 1 ? parts[0]! : `{${parts.join(", ")}}`;
}
