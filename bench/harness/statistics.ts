/** A figure with its spread over the rounds. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

/** Median and spread of at least one value. */
export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, values };
}

/** Round by round, so that what disturbed both at the same time cancels out. */
export function ratioOf(ours: readonly number[], peer: readonly number[]): Figure {
  return figureOf(ours.map((value, round) => value / peer[round]!));
}
