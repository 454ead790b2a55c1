import { JournalError } from "@orgtree/core";

/** The past that was asked for has been compacted: what the actors were at that position is not known any more. */
export class JournalCompactedError extends JournalError {
  override readonly name = "JournalCompactedError";
  /** The position that was asked for. */
  readonly position: number;
  /** The oldest position from which on everything is there. */
  readonly oldest: number;

  constructor(journal: string, position: number, oldest: number) {
    super(
      journal,
      `position ${position} was compacted; read from ${oldest} on, or at the position of a marked entry of the actor, and pin what is still to be read`,
    );
    this.position = position;
    this.oldest = oldest;
  }
}
