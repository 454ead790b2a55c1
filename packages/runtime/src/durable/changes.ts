import { encode } from "@orgtree/core";

/** Where in a value: keys of objects and places in arrays, from the outside in. */
export type Path = readonly (string | number)[];

/** One difference between two values. An array's places are those of the value that has it: of the first where it was removed. */
export type Change =
  | { readonly kind: "added"; readonly path: Path; readonly after: unknown }
  | { readonly kind: "removed"; readonly path: Path; readonly before: unknown }
  | { readonly kind: "changed"; readonly path: Path; readonly before: unknown; readonly after: unknown };

/** Pairs of items of two arrays that are compared, at most; longer ones are compared place by place, which is never wrong but long. */
const maxPairs = 250_000;

/**
 * What differs between two values, for people: not the shortest way from the one to the other, as `diff` is, but the places
 * where they differ. What moved in an array because something before it went away is not a difference.
 */
export function changesBetween(before: unknown, after: unknown): readonly Change[] {
  const changes: Change[] = [];
  compare([before, after], [], changes);
  return changes;
}

/** `context.jobs[3].done`; empty for the whole value. */
export function describePath(path: Path): string {
  const parts = path.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  });
  return parts.join("").replace(/^\./, "");
}

type Pair = readonly [before: unknown, after: unknown];

function compare([before, after]: Pair, path: Path, changes: Change[]): void {
  if (isSame(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) return compareArrays([before, after], path, changes);
  if (isPlain(before) && isPlain(after)) return compareObjects([before, after], path, changes);
  changes.push({ kind: "changed", path, before, after });
}

type Fields = Readonly<Record<string, unknown>>;

function compareObjects([before, after]: readonly [Fields, Fields], path: Path, changes: Change[]): void {
  for (const key of Object.keys(before)) {
    const inner = [...path, key];
    if (Object.hasOwn(after, key)) compare([before[key], after[key]], inner, changes);
    else changes.push({ kind: "removed", path: inner, before: before[key] });
  }
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key)) changes.push({ kind: "added", path: [...path, key], after: after[key] });
  }
}

type Items = readonly unknown[];

function compareArrays([before, after]: readonly [Items, Items], path: Path, changes: Change[]): void {
  let [from, to] = [0, 0];
  for (const [left, right] of [...commonItems(before, after), [before.length, after.length] as const]) {
    // Between two items that are the same, what went and what came are taken for one another as far as they go.
    for (; from < left && to < right; from++, to++) compare([before[from], after[to]], [...path, to], changes);
    for (; from < left; from++) changes.push({ kind: "removed", path: [...path, from], before: before[from] });
    for (; to < right; to++) changes.push({ kind: "added", path: [...path, to], after: after[to] });
    from = left + 1;
    to = right + 1;
  }
}

/** The places of items that both have, in the same order: a longest common subsequence. */
function commonItems(before: Items, after: Items): readonly (readonly [left: number, right: number])[] {
  const front: (readonly [number, number])[] = [];
  let start = 0;
  while (start < before.length && start < after.length && isSame(before[start], after[start])) front.push([start, start++]);
  const back: (readonly [number, number])[] = [];
  let [left, right] = [before.length, after.length];
  while (left > start && right > start && isSame(before[left - 1], after[right - 1])) back.push([--left, --right]);
  const middle = (left - start) * (right - start) > maxPairs ? [] : commonBetween(before.slice(start, left), after.slice(start, right));
  return [...front, ...middle.map(([one, other]) => [one + start, other + start] as const), ...back.reverse()];
}

function commonBetween(before: Items, after: Items): readonly (readonly [number, number])[] {
  const [left, right] = [before.map(textOf), after.map(textOf)];
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let at = left.length - 1; at >= 0; at--) {
    for (let to = right.length - 1; to >= 0; to--) {
      const isEqual = left[at] === right[to];
      lengths[at]![to] = isEqual ? lengths[at + 1]![to + 1]! + 1 : Math.max(lengths[at + 1]![to]!, lengths[at]![to + 1]!);
    }
  }
  const common: (readonly [number, number])[] = [];
  for (let [at, to] = [0, 0]; at < left.length && to < right.length;) {
    if (left[at] === right[to]) common.push([at++, to++]);
    else if (lengths[at + 1]![to]! >= lengths[at]![to + 1]!) at++;
    else to++;
  }
  return common;
}

/** The same text for the same bytes. */
function textOf(value: unknown): string {
  return Buffer.from(encode(value)).toString("latin1");
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, at) => isSame(item, other[at]));
  if (isPlain(one) && isPlain(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]));
  }
  return textOf(one) === textOf(other);
}

function isPlain(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
