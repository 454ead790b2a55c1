/**
 * Freezes a state in depth, so that code which changes it in place fails at once instead of corrupting older snapshots.
 * Plain objects and arrays only; what is frozen already is not walked again, so a growing state costs only its new part.
 */
export function freezeState(value: unknown): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null || Object.isFrozen(next)) continue;
    const prototype: unknown = Object.getPrototypeOf(next);
    if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) continue;
    Object.freeze(next);
    for (const inner of Object.values(next)) open.push(inner);
  }
}
