/** Work of which nobody knows whether it was done: what is told of it. */
import type { Address, Failure } from "@orgtree/core";
import { wasCutOff, type WorkDefinition } from "./work.ts";

/** Longest that an input, or the words of a definition, are in a failure, in characters. */
const maxLength = 300;

/** One piece of it. Plain data. */
export interface LostWork {
  /** What it does, in words. */
  readonly what: string;
  /** The key that was sent outward. */
  readonly key: string;
  /** Why it is not begun again. */
  readonly why: string;
}

/** What work does, in words: those of its definition, or its name with its input. Shortened. */
export function describeWork(
  definition: Pick<WorkDefinition<unknown, unknown>, "describe"> | undefined,
  { id, name, input }: { readonly id: string; readonly name: string; readonly input: unknown },
): string {
  const words = shorten(inWords(() => definition?.describe?.(input)) ?? `${name}(${inWords(() => JSON.stringify(input)) ?? ""})`);
  return id === name ? words : `${id}: ${words}`;
}

/** Undefined where there are none: an input with a cycle, a description that throws. */
function inWords(describe: () => string | undefined): string | undefined {
  try {
    return describe();
  } catch {
    return undefined; // The failure that is told is another one.
  }
}

function shorten(text: string): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}

/** The failure of an actor that does not know what became of its work. */
export function unknownOutcome(works: readonly LostWork[], address: Address): Failure {
  const message = works
    .map(
      ({ what, key, why }) =>
        `${what} ${wasCutOff}, and whether it was done is unknown (${why}): look whether it was done for the key ${key} before anything does it again`,
    )
    .join("; ");
  const detail = { works: works.map(({ what, key }) => ({ what, key })) };
  return { class: "unknown-outcome", name: "UnknownOutcome", message, address, detail };
}
