/** One place where two requests differ; a side without it is undefined. */
export interface Difference {
  /** For example `messages[2].content`. */
  readonly path: string;
  readonly asked: string | undefined;
  readonly recorded: string | undefined;
}

/** Where two plain requests differ, in the order of the asked one. */
export function findDifferences(asked: unknown, recorded: unknown): readonly Difference[] {
  const askedLeaves = new Map(leavesOf(asked, ""));
  const recordedLeaves = new Map(leavesOf(recorded, ""));
  const paths = new Set([...askedLeaves.keys(), ...recordedLeaves.keys()]);
  return [...paths]
    .map((path) => ({ path, asked: askedLeaves.get(path), recorded: recordedLeaves.get(path) }))
    .filter((difference) => difference.asked !== difference.recorded);
}

/** A difference in one line, each side shown from shortly before the place where they part. */
export function describeDifference({ path, asked, recorded }: Difference): string {
  const same = commonLength(asked ?? "", recorded ?? "");
  return `${path}: asked ${excerpt(asked, same)}, recorded ${excerpt(recorded, same)}`;
}

function* leavesOf(value: unknown, path: string): Generator<[path: string, leaf: string]> {
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) yield* leavesOf(inner, `${path}[${index}]`);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) yield* leavesOf(inner, path === "" ? name : `${path}.${name}`);
  } else {
    yield [path, JSON.stringify(value) ?? "undefined"];
  }
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function excerpt(text: string | undefined, from: number): string {
  if (text === undefined) return "nothing";
  const start = Math.max(0, from - 20);
  const end = start + 60;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}
