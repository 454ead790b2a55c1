/** Runs work one piece after the other, in the order it came; a piece that fails does not hold up the next. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a line of its own. */
export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work, work);
    last = result;
    return result;
  };
}
