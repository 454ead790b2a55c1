import { isStorable } from "./storable.ts";

/**
 * What is written down for whoever reads it, and nothing else follows from: the detail of an effect, the facts of an error. In place of
 * what cannot be stored stands a word about it.
 */
export function legible(detail: unknown): unknown {
  return isStorable(detail) ? detail : describe(detail, new Set());
}

/** Objects that are written down, and levels of them: a value may be as deep as it has objects. */
const maxObjects = 400;

function describe(value: unknown, around: Set<object>): unknown {
  if (typeof value === "function") return "(a function)";
  if (typeof value === "symbol") return `(${String(value)})`;
  if (typeof value !== "object" || value === null) return value;
  if (around.has(value)) return "(comes up again)";
  if (around.size > maxObjects) return "(too much)";
  around.add(value);
  try {
    if (Array.isArray(value)) return Array.from(value as unknown[], (item) => describe(item, around));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      return isStorable(value) ? value : `(an object of class ${value.constructor.name})`;
    const fields = Object.entries(value).filter(([key]) => key !== "__proto__");
    return Object.fromEntries(fields.map(([key, item]) => [key.toWellFormed(), describe(item, around)]));
  } catch {
    return "(cannot be read)";
  }
}
