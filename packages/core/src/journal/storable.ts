import { ExpectedError } from "../errors.ts";

/**
 * What may be stored: plain objects and arrays, texts, numbers, big integers, booleans, null, undefined, dates, bytes and
 * errors. Nothing that could run and nothing with a class of the user's, which would come back without it: what is stored
 * comes back equal, in class and content, or is refused.
 *
 * Of an error its name, message and cause come back, of a field with a getter the value that it had. Fields that are not
 * enumerable are no content. -0 comes back as 0.
 */

/** Levels of nesting at most, of what somebody hands over. What goes deeper is taken to go round in circles. */
const maxLevels = 500;

/** The same of a record, in which they stand some levels down: what was accepted can be stored with all that comes around it. */
export const maxRecordLevels = maxLevels + 40;

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

/** Objects that are frozen in depth and hold nothing that can still change, or that is stored in a way of its own; and their levels. */
const sealed = new WeakMap<object, number>();

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
export function seal(value: unknown, what: string, levels = maxLevels): void {
  inspect(value, what, { levels, freezes: true });
}

/** The same without freezing anything: for what is somebody else's to go on with. True when something in it is stored in a way of its own. */
export function checkStorable(value: unknown, what: string, levels = maxLevels): boolean {
  return kindOf(inspect(value, what, { levels, freezes: false })) === marked;
}

/** True for a value that can be stored; see `checkStorable`. */
export function isStorable(value: unknown): boolean {
  try {
    checkStorable(value, "");
    return true;
  } catch {
    return false;
  }
}

interface Inspection {
  readonly levels: number;
  readonly freezes: boolean;
}

function inspect(value: unknown, what: string, inspection: Inspection): Found {
  try {
    return look(value, 0, inspection);
  } catch (error) {
    throw error === notStorable || error instanceof RangeError ? problemOf(value, what, inspection.levels) : error;
  }
}

const notStorable = new Error("not storable");

/** Of a value with all that is in it: it never changes, it may change, something in it is stored in a way of its own. */
const constant = 0;
const changeable = 1;
const marked = 2;

/** The kind of a value and its levels, in one number: most values are looked at in every turn. */
type Found = number;

function kindOf(found: Found): number {
  return found & 3;
}

function look(value: unknown, around: number, inspection: Inspection): Found {
  if (typeof value === "string") return value.isWellFormed() ? constant : marked;
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") throw notStorable;
    return constant;
  }
  const known = sealed.get(value);
  if (around + (known ?? 1) > inspection.levels) throw notStorable;
  if (known !== undefined) return known << 2;
  if (!Array.isArray(value) && !isRecord(value)) return lookAtPiece(value);
  const inside = Array.isArray(value) ? lookAtItems(value, around + 1, inspection) : lookAtFields(value, around + 1, inspection);
  const found = inside + (1 << 2);
  if (inspection.freezes) {
    Object.freeze(value);
    if (kindOf(found) === constant) sealed.set(value, found >> 2);
  }
  return found;
}

function lookAtPiece(value: object): Found {
  if (pieceProblem(value) !== undefined) throw notStorable;
  return value instanceof Error || isBuffer(value) ? marked : changeable;
}

function lookAtItems(value: readonly unknown[], around: number, inspection: Inspection): Found {
  if (arrayProblem(value) !== undefined) throw notStorable;
  let found: Found = constant;
  for (const item of value) found = both(found, look(item, around, inspection));
  return found;
}

function lookAtFields(value: Readonly<Record<string, unknown>>, around: number, inspection: Inspection): Found {
  if (recordProblem(value) !== undefined) throw notStorable;
  let found: Found = Object.getPrototypeOf(value) === null ? marked : constant;
  // Not `for … in`: it is optimized for the shapes seen so far, and the shapes of what is stored have no end.
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) throw notStorable;
    found = both(found, look(value[key], around, inspection));
  }
  return found;
}

/** The larger kind and the more levels of the two. */
function both(one: Found, other: Found): Found {
  return Math.max(one >> 2, other >> 2) * 4 + Math.max(one & 3, other & 3);
}

/** An object whose content is its own enumerable keys. */
export function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Node's own byte array. */
export function isBuffer(value: object): value is Buffer {
  return Object.getPrototypeOf(value) === Buffer.prototype;
}

/** What would be lost of an array, itself and not what is in it. */
function arrayProblem(value: readonly unknown[]): string | undefined {
  // Of another realm too, but not of a subclass: the prototype of plain arrays is an array itself.
  if (!Array.isArray(Object.getPrototypeOf(value)))
    return `is an array of class ${classOf(value)}, which would come back without its class; use a plain array`;
  const keys = Object.keys(value);
  const { length } = value;
  // Items come first, in their order: where the last key is that of the last item, there is no gap and nothing else.
  if (keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))) return undefined;
  const gap = keys.findIndex((key, at) => key !== String(at));
  const key = keys[gap];
  return key === undefined || isIndex(key)
    ? `has a gap at [${gap === -1 ? keys.length : gap}], which would come back as an item; fill it`
    : `has the key ${JSON.stringify(key)} beside its items, which would be lost; copy the items, or use a plain object`;
}

function isIndex(key: string): boolean {
  return String(Number(key) >>> 0) === key;
}

function recordProblem(value: object): string | undefined {
  if (Object.hasOwn(value, "__proto__")) return 'has the key "__proto__"';
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol === undefined) return undefined;
  if (Object.prototype.toString.call(value) === "[object Arguments]") return "is an arguments object; use an array";
  return `has the key ${String(symbol)}, which would be lost; use a text as key`;
}

// oxlint-disable-next-line no-restricted-globals -- the class, not the clock
const realDate = Date;

const bytePrototypes: ReadonlySet<unknown> = new Set(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
    ArrayBuffer,
    Buffer,
  ].map(({ prototype }): unknown => prototype),
);

/** What is neither an array nor a record is stored as one piece: errors, dates and bytes. */
function pieceProblem(value: object): string | undefined {
  if (value instanceof Error) return undefined;
  if (value instanceof realDate) return dateProblem(value);
  if (!bytePrototypes.has(Object.getPrototypeOf(value))) return classProblem(value);
  const buffer = ArrayBuffer.isView(value) ? value.buffer : (value as ArrayBuffer);
  if (!(buffer instanceof ArrayBuffer)) return "is shared memory, which would come back as a copy; copy it";
  return buffer.detached ? "was transferred, and is empty now; copy it before" : undefined;
}

function dateProblem(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  // oxlint-disable-next-line no-restricted-globals -- the class, which tests may have replaced
  if ((prototype === realDate.prototype || prototype === Date.prototype) && Object.keys(value).length === 0) return undefined;
  return `is a date of class ${classOf(value)}, or with fields of its own, and would come back without; use a plain Date`;
}

/** The slow way, for the message: where the trouble lies. */
function problemOf(value: unknown, what: string, levels: number): NotStorableError {
  const path: (string | number)[] = [];
  const problem = find(value, path, levels) ?? "cannot be read";
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return new NotStorableError(what, (text.startsWith(".") ? text.slice(1) : text).slice(0, 200), problem);
}

/** Leaves the way to the trouble in `path`. */
function find(value: unknown, path: (string | number)[], levels: number): string | undefined {
  if (typeof value === "function") return "is a function; name it, and look it up by its name";
  if (typeof value === "symbol") return "is a symbol; use a text";
  if (typeof value !== "object" || value === null) return undefined;
  if (path.length >= levels) {
    path.length = 5;
    return `… goes round in circles, or is nested deeper than ${levels} levels`;
  }
  if (!Array.isArray(value) && !isRecord(value)) return pieceProblem(value);
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  const problem = Array.isArray(value) ? arrayProblem(value) : (recordProblem(value) ?? keyProblem(value));
  if (problem !== undefined) return problem;
  for (const key of keys) {
    path.push(key);
    const problem = find((value as Record<string | number, unknown>)[key], path, levels);
    if (problem !== undefined) return problem;
    path.pop();
  }
  return undefined;
}

function keyProblem(value: object): string | undefined {
  return Object.keys(value).every((key) => key.isWellFormed()) ? undefined : "has a key that is no valid Unicode; use toWellFormed() on it";
}

function classProblem(value: object): string {
  if (value instanceof Map || value instanceof Set) return `is a ${classOf(value)}; use a plain object or an array`;
  if (typeof (value as { then?: unknown }).then === "function") return "is a promise; store what it leads to";
  if (ArrayBuffer.isView(value)) return `is a ${classOf(value)}, which would come back as something else; use a plain Uint8Array`;
  return `is an object of class ${classOf(value)}, which would come back without its class; use a plain object`;
}

function classOf(value: object): string {
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" && name !== "" ? name : "(unnamed)";
}
