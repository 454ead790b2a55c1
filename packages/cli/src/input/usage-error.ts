/**
 * The command line cannot be carried out as it stands. Nothing was started; the message names what to change.
 *
 * An expected error like those of orgtree, by its field: a mistake on the command line is told without loading the runtime.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly retryable = false;

  constructor(problem: string, remedy?: string) {
    super(remedy === undefined ? problem : `${problem}; ${remedy}`);
  }
}
