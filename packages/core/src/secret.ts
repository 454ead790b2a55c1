import { ExpectedError } from "./errors.ts";

declare const isSecret: unique symbol;

/**
 * A handle of something secret: the text `secret:NAME`, which may be stored, sent, logged and shown. What it stands for is looked up by
 * `reveal` at the moment when it is used, and belongs in no state.
 */
export type Secret = string & { readonly [isSecret]: true };

/** Where what a secret stands for is to be found, now; undefined where it is not there. */
export type SecretSource = () => string | undefined;

const prefix = "secret:";
/** Shorter ones are in too many texts by chance to be cut out of them. */
const leastLength = 8;
const mask = (name: string): string => `${prefix}${name}`;

/** Of this process, since handles are texts: those that were made here, by name. */
const sources = new Map<string, SecretSource>();
/** What was revealed, with its name, the longest first: one may be in another. */
let revealed: readonly (readonly [value: string, name: string])[] = [];

/** What was secret is not there, or cannot be read. The message names where it was looked for. */
export class SecretMissingError extends ExpectedError {
  override readonly name = "SecretMissingError";
  readonly retryable = false;
  readonly secret: string;

  constructor(secret: string, problem: string) {
    super(`the secret ${secret} ${problem}`);
    this.secret = secret;
  }
}

/** Makes the handle of a secret; `source` is asked each time that it is revealed. Made again under a name it is another source. */
export function makeSecret(name: string, source: SecretSource): Secret {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) throw new SecretMissingError(name, "has no name that a variable could have");
  sources.set(name, source);
  return mask(name) as Secret;
}

/**
 * What a handle stands for; any other text is given back as it is. A text that looks like a handle and was not made by `makeSecret` in this
 * process is such a text: nobody can name a secret from outside. Throws `SecretMissingError`.
 */
export function reveal(handle: string): string {
  const name = handle.startsWith(prefix) ? handle.slice(prefix.length) : undefined;
  const source = name === undefined ? undefined : sources.get(name);
  if (name === undefined || source === undefined) return handle;
  const value = source();
  if (value === undefined || value === "")
    throw new SecretMissingError(name, `is not there: set ${name}, or ${name}_FILE to a file with it`);
  remember(value, name);
  return value;
}

/** Whether anything has been revealed that could leak. */
export function hasRevealed(): boolean {
  return revealed.length > 0;
}

/** A text with handles in place of what was revealed. */
export function redactText(text: string): string {
  let safe = text;
  for (const [value, name] of revealed) if (safe.includes(value)) safe = safe.replaceAll(value, mask(name));
  return safe;
}

/** Plain data, and errors, with handles in place of what was revealed. What has nothing of it is the same object. */
export function redact<T>(value: T): T {
  return revealed.length === 0 ? value : (redactIn(value, new Set()) as T);
}

/** Whether something that was revealed is in some bytes, as text. */
export function leaksIn(bytes: Uint8Array): boolean {
  if (revealed.length === 0) return false;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return revealed.some(([value]) => view.includes(value));
}

function remember(value: string, name: string): void {
  if (value.length < leastLength || revealed.some(([known]) => known === value)) return;
  revealed = [...revealed, [value, name] as const].toSorted(([one], [other]) => other.length - one.length);
}

/** Objects inside of each other, beyond which it is nothing that anybody stores. */
const maxLevels = 500;

function redactIn(value: unknown, around: ReadonlySet<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null || around.has(value) || around.size > maxLevels) return value;
  const within = new Set(around).add(value);
  if (Array.isArray(value))
    return sameOr(
      value,
      value.map((item) => redactIn(item, within)),
    );
  if (value instanceof Uint8Array) return leaksIn(value) ? redactBytes(value) : value;
  if (value instanceof Error) return redactError(value, within);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const fields = Object.entries(value).map(([key, item]) => [redactText(key), redactIn(item, within)] as const);
  const isSame = fields.every(([key, item]) => Object.hasOwn(value, key) && (value as Record<string, unknown>)[key] === item);
  return isSame ? value : Object.fromEntries(fields);
}

/** Byte for byte, whatever else is in it. */
function redactBytes(bytes: Uint8Array): Uint8Array {
  let safe = Buffer.from(bytes).toString("latin1");
  for (const [value, name] of revealed) safe = safe.replaceAll(Buffer.from(value).toString("latin1"), mask(name));
  return new Uint8Array(Buffer.from(safe, "latin1"));
}

function sameOr(value: readonly unknown[], made: readonly unknown[]): readonly unknown[] {
  return made.every((item, at) => item === value[at]) ? value : made;
}

/** An error is somebody's object: one that has nothing of it stays, for another one stands an error with the same name. */
function redactError(error: Error, within: ReadonlySet<object>): Error {
  const { name, message, stack, cause } = error;
  const [safeMessage, safeCause] = [redactText(String(message)), redactIn(cause, within)];
  const safeStack = stack === undefined ? undefined : redactText(stack);
  if (safeMessage === message && safeCause === cause && safeStack === stack) return error;
  const safe = Object.assign(new Error(safeMessage, safeCause === undefined ? undefined : { cause: safeCause }), { name });
  return Object.defineProperty(safe, "stack", { value: safeStack, configurable: true, writable: true });
}
