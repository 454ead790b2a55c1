import { ExpectedError } from "../errors.ts";

/**
 * What may be stored: plain objects and arrays, texts, numbers, big integers, booleans, null, undefined, dates, bytes and
 * errors. Nothing that could run and nothing with a class of the user's, which would come back without it.
 */

/** Levels of nesting at most. What goes deeper is taken to go round in circles. */
const maxDepth = 500;

/** A value that cannot be stored, and where in it the trouble lies. */
export class NotStorableError extends ExpectedError {
  override readonly name = "NotStorableError";
  readonly retryable = false;
  /** For example `context.jobs[3].done`. */
  readonly path: string;

  constructor(what: string, path: string, problem: string) {
    super(`${what} cannot be stored: ${path === "" ? "it" : path} ${problem}`);
    this.path = path;
  }
}

/** Objects that are frozen in depth and hold nothing that can still change. */
const sealed = new WeakSet<object>();

/** True when the object was sealed, so that the same reference means the same content for ever. */
export function isSealed(value: object): boolean {
  return sealed.has(value);
}

/**
 * Checks that a value can be stored and freezes it in depth, so that later changes cannot go unnoticed: code that changes
 * it in place fails at once. What is sealed already costs nothing, so a growing state costs only its new part.
 *
 * Dates, bytes and errors cannot be frozen; they are stored anew each time. Throws `NotStorableError`, with `what` in its message.
 */
export function seal(value: unknown, what: string): void {
  try {
    sealAt(value, 0);
  } catch (error) {
    throw error === notStorable || error instanceof RangeError ? problemOf(value, what) : error;
  }
}

const notStorable = new Error("not storable");

/** True when nothing in the value can change any more. */
function sealAt(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") throw notStorable;
    return true;
  }
  if (sealed.has(value)) return true;
  if (depth > maxDepth) throw notStorable;
  let isConstant = true;
  if (Array.isArray(value)) {
    for (const item of value) if (!sealAt(item, depth + 1)) isConstant = false;
  } else if (isPlain(value)) {
    for (const key in value) if (!sealAt((value as Record<string, unknown>)[key], depth + 1)) isConstant = false;
  } else if (isOpaque(value)) {
    return false;
  } else {
    throw notStorable;
  }
  Object.freeze(value);
  if (isConstant) sealed.add(value);
  return isConstant;
}

/** An object whose content is its own enumerable keys, and that comes back as it is. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !Object.hasOwn(value, "__proto__");
}

/** Stored as one piece. */
function isOpaque(value: object): boolean {
  // oxlint-disable-next-line no-restricted-globals -- the class, not the clock
  return value instanceof Date || value instanceof Error || ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** The slow way, for the message: where the trouble lies. */
function problemOf(value: unknown, what: string): NotStorableError {
  const path: (string | number)[] = [];
  const problem = find(value, path) ?? "cannot be read";
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return new NotStorableError(what, (text.startsWith(".") ? text.slice(1) : text).slice(0, 200), problem);
}

/** Leaves the way to the trouble in `path`. */
function find(value: unknown, path: (string | number)[]): string | undefined {
  if (typeof value === "function") return "is a function; name it, and look it up by its name";
  if (typeof value === "symbol") return "is a symbol; use a text";
  if (typeof value !== "object" || value === null) return undefined;
  if (path.length > maxDepth) {
    path.length = 5;
    return `… goes round in circles, or is nested deeper than ${maxDepth} levels`;
  }
  if (!Array.isArray(value) && !isPlain(value)) return isOpaque(value) ? undefined : classProblem(value);
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    path.push(key);
    const problem = find((value as Record<string | number, unknown>)[key], path);
    if (problem !== undefined) return problem;
    path.pop();
  }
  return undefined;
}

function classProblem(value: object): string {
  if (Object.hasOwn(value, "__proto__")) return 'has the key "__proto__"';
  if (value instanceof Map || value instanceof Set) return `is a ${value.constructor.name}; use a plain object or an array`;
  if (typeof (value as { then?: unknown }).then === "function") return "is a promise; store what it leads to";
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return `is an object of class ${typeof name === "string" && name !== "" ? name : "(unnamed)"}, which would come back without its class; use a plain object`;
}
