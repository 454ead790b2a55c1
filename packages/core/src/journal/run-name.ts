/** A name for a run that nobody else has; see `Journal.run`. Short, since it stands in front of each key that is sent outward. */
export function newRun(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}
