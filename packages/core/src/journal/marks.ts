import { isBuffer, isRecord, isSealed, isStorable } from "./storable.ts";

/**
 * What msgpack has no bytes for, as what it has some for: errors, Node's buffers, objects without a prototype, texts that are no
 * valid Unicode. Each becomes a set, which nothing that may be stored is.
 */
type Mark =
  | readonly [kind: "text", units: Uint8Array]
  | readonly [kind: "error", name: unknown, message: unknown, cause: unknown, errors?: readonly unknown[]]
  | readonly [kind: "buffer", bytes: Uint8Array]
  | readonly [kind: "bare", fields: Readonly<Record<string, unknown>>];

/** Causes and errors kept of an error, all together; the others are cut, so that one that holds itself comes to an end. */
const maxCauses = 64;

/** Inside of an error: how many causes may still be kept of it. */
interface Inside {
  causesLeft: number;
}

/** A copy of a storable value in which everything special is marked; what is sealed holds nothing special. */
export function mark(value: unknown, inside?: Inside): unknown {
  if (typeof value === "string") return markText(value);
  if (typeof value !== "object" || value === null || isSealed(value)) return value;
  if (Array.isArray(value)) return value.map((item) => mark(item, inside));
  if (value instanceof Error) return markError(value, inside);
  if (isBuffer(value)) return marked(["buffer", plainBytes(value)]);
  if (!isRecord(value)) return value;
  const fields = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mark(item, inside)]));
  return Object.getPrototypeOf(value) === null ? marked(["bare", fields]) : fields;
}

function marked(mark: Mark): ReadonlySet<Mark> {
  return new Set([mark]);
}

function markText(text: string): unknown {
  return text.isWellFormed() ? text : marked(["text", plainBytes(Buffer.from(text, "utf16le"))]);
}

function plainBytes({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** An error is kept whatever it is like: it is what is left of somebody's failure. */
function markError(error: Error, inside: Inside = { causesLeft: maxCauses }): ReadonlySet<Mark> {
  const keep = (value: unknown): unknown =>
    value !== undefined && inside.causesLeft-- > 0 && isStorable(value) ? mark(value, inside) : undefined;
  const name = markText(textOf(() => error.name, "Error"));
  const message = markText(textOf(() => error.message, "(its message cannot be read)"));
  const cause = keep(attempt(() => error.cause));
  const errors = error instanceof AggregateError ? attempt(() => error.errors.map((each) => keep(each))) : undefined;
  return marked(errors === undefined ? ["error", name, message, cause] : ["error", name, message, cause, errors]);
}

function textOf(read: () => unknown, otherwise: string): string {
  const text = attempt(read);
  return typeof text === "string" ? text : otherwise;
}

/** What it reads; nothing where that throws. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The value behind one that was marked, which it changes. */
export function unmark(value: unknown): unknown {
  if (value instanceof Set) return unmarkOne([...(value as ReadonlySet<Mark>)][0]!);
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) value[at] = unmark(item);
  } else if (typeof value === "object" && value !== null && isRecord(value)) {
    for (const key in value) value[key] = unmark(value[key]);
  }
  return value;
}

function unmarkOne(mark: Mark): unknown {
  switch (mark[0]) {
    case "text":
      return bufferOf(mark[1]).toString("utf16le");
    case "buffer":
      return bufferOf(mark[1]);
    case "bare":
      return Object.assign(Object.create(null), unmark(mark[1]));
    case "error":
      return unmarkError(mark);
    default:
      throw new RangeError(`a mark of kind "${String(mark satisfies never)}" is unknown`);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const classes = new Map([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((one) => [one.name, one]));

function unmarkError([, ...parts]: Extract<Mark, { 0: "error" }>): Error {
  const [name, message, cause, errors] = unmark(parts) as [string, string, unknown, (readonly unknown[])?];
  const options = cause === undefined ? undefined : { cause };
  const error = errors === undefined ? new (classes.get(name) ?? Error)(message, options) : new AggregateError(errors, message, options);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  // It was not thrown here.
  error.stack = `${name}: ${message}`;
  return error;
}
