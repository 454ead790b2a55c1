/** Whether an event descriptor of XState takes an event: `*` takes all, `a.*` takes `a` and all that begins with `a.`. */
export function takes(descriptor: string, event: string): boolean {
  if (descriptor === event || descriptor === "*") return true;
  if (!descriptor.endsWith(".*")) return false;
  const prefix = descriptor.slice(0, -2);
  return event === prefix || event.startsWith(`${prefix}.`);
}

/** Whether a descriptor stands for more than one event. */
export function isWildcard(descriptor: string): boolean {
  return descriptor === "*" || descriptor.endsWith(".*");
}
