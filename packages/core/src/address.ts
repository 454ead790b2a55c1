import { AddressError } from "./errors.ts";

/**
 * The stable name of an actor: the path from the root of its tree, such as `/newsroom/desk/writer-2`.
 *
 * A reference to an actor is always its address, never an object, so it survives a restart and a move to another node.
 */
export type Address = `/${string}`;

/** The address of the root supervisor of every system. */
export const rootAddress: Address = "/";

/** Longest segment, in characters: what a NATS subject token carries comfortably. */
export const maxSegmentLength = 64;
/** Deepest tree: segments in one address. */
export const maxDepth = 32;

const segmentPattern = /^[A-Za-z0-9_-]+(~[A-Za-z0-9_-]{1,32})?$/;

/**
 * Checks one segment of an address, which is also the rule for a child's id.
 *
 * Letters, digits, `_` and `-`, 1 to 64 of them: everything else means something to a subject, a shell or a path. Behind a `~` it may end with
 * a label of 1 to 32 of them, such as `worker~gpu`: the pool of processes that hosts what lies there.
 *
 * Throws `AddressError`.
 */
export function checkSegment(segment: string): string {
  const problem = problemOf(segment);
  if (problem !== undefined) throw new AddressError(String(segment), problem);
  return segment;
}

function problemOf(segment: string): string | undefined {
  if (typeof segment !== "string" || segment.length === 0) return "an id must not be empty";
  if (segment.length > maxSegmentLength) return `an id has at most ${maxSegmentLength} characters, this one has ${segment.length}`;
  if (!segmentPattern.test(segment)) {
    return "an id is made of letters, digits, _ and - only, and may end with a label of up to 32 of them, as worker~gpu";
  }
  return undefined;
}

/** Checks a whole address; throws `AddressError`. */
export function checkAddress(text: string): Address {
  if (text === rootAddress) return rootAddress;
  if (typeof text !== "string" || !text.startsWith("/")) throw new AddressError(String(text), "an address begins with /");
  const segments = text.slice(1).split("/");
  if (segments.length > maxDepth) throw new AddressError(text, `an address has at most ${maxDepth} segments`);
  for (const segment of segments) {
    const problem = problemOf(segment);
    if (problem !== undefined) throw new AddressError(text, problem);
  }
  return text as Address;
}

/** The address of the child `id` of `parent`; `id` must have been checked. */
export function childAddress(parent: Address, id: string): Address {
  return parent === rootAddress ? `/${id}` : `${parent}/${id}`;
}

/** The address above; the root has none. */
export function parentAddress(address: Address): Address | undefined {
  if (address === rootAddress) return undefined;
  const cut = address.lastIndexOf("/");
  return cut === 0 ? rootAddress : (address.slice(0, cut) as Address);
}

/** The top of the tree that an address lies in, just below the root; the root for itself. */
export function topOf(address: Address): Address {
  const cut = address.indexOf("/", 1);
  return cut < 0 ? address : (address.slice(0, cut) as Address);
}

/** The last segment: the child's id under its supervisor. The root's is the empty string. */
export function idOf(address: Address): string {
  return address.slice(address.lastIndexOf("/") + 1);
}

/** The label at the end of an id, such as `gpu` in `worker~gpu`. */
export function labelOf(id: string): string | undefined {
  const at = id.indexOf("~");
  return at < 0 ? undefined : id.slice(at + 1);
}

/** True when `address` is `ancestor` or lies below it. */
export function isWithin(address: Address, ancestor: Address): boolean {
  return ancestor === rootAddress || address === ancestor || address.startsWith(`${ancestor}/`);
}
