/** Work of which nobody knows whether it was done: what is told of it. */
import { ExpectedError, FailureError, toFailure, type Address, type Failure } from "@orgtree/core";
import type { WorkDefinition } from "./work.ts";

/** When work was under way that a life finds so: the one before it ended with its process, or it was put back to where the work had begun. */
export const cutOffWords = {
  crash: "was under way when its process ended",
  rollback: "was under way at the moment to which its actor went back",
} as const;

/** Why a life has work that is under way, and that it has not begun. */
export type CutOff = keyof typeof cutOffWords;

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

/** What of a definition says what the work does. */
export type Describing = Pick<WorkDefinition<unknown, unknown>, "describe">;

/** What work does, in words: those of its definition, or its name with its input. Shortened. */
export function describeWork(
  definition: Describing | undefined,
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

/** A life that has found it. */
interface Finder {
  readonly cell: { readonly address: Address };
  readonly cutOff: CutOff;
}

/** The failure of an actor that does not know what became of its work. */
export function unknownOutcome(works: readonly LostWork[], { cell, cutOff }: Finder): Failure {
  const { address } = cell;
  const message = works
    .map(
      ({ what, key, why }) =>
        `${what} ${cutOffWords[cutOff]}, and whether it was done is unknown (${why}): look whether it was done for the key ${key} before anything does it again`,
    )
    .join("; ");
  return { class: "unknown-outcome", name: "UnknownOutcome", message, address, detail: detailOf(works) };
}

/** What an actor fails with that has lost several pieces of work: all of them are named. At least one. */
export function allLost(failures: readonly Failure[]): Failure {
  const works = failures.flatMap(({ detail }) => (detail?.["works"] ?? []) as readonly LostWork[]);
  return { ...failures[0]!, message: failures.map(({ message }) => message).join("; "), detail: { works } };
}

/** The error of work that was cut off, and could not be taken back. */
export function notUndone(
  work: Omit<LostWork, "why">,
  { cutOff, thrown }: { readonly cutOff: CutOff; readonly thrown: unknown },
): FailureError {
  const cause = toFailure(thrown);
  const message = `${work.what} ${cutOffWords[cutOff]}, and could not be taken back: ${cause.message}; look what of it was done for the key ${work.key}`;
  return new FailureError({ class: "unknown-outcome", name: "NotUndone", message, detail: detailOf([work]), cause });
}

function detailOf(works: readonly Omit<LostWork, "why">[]): object & Failure["detail"] {
  return { works: works.map(({ what, key }) => ({ what, key })) };
}

/** The work that an error is about, where it says that nobody knows whether it was done. */
export function lostWorkIn(error: unknown): Omit<LostWork, "why"> | undefined {
  if (!(error instanceof ExpectedError) || error.failureClass !== "unknown-outcome") return undefined;
  const { works } = error.detail as { readonly works?: readonly LostWork[] };
  return Array.isArray(works) ? works[0] : undefined;
}
