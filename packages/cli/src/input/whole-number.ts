import { UsageError } from "./usage-error.ts";

/** Reads a whole number that JavaScript can count to; throws `UsageError`, in which `what` names it. */
export function parseWhole(text: string, what: string, least = 0): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new UsageError(`${what} is "${text}"`, `give a whole number from ${least} on`);
}
