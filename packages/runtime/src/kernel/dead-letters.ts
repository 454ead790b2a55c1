import type { DeadLetter, DeadLetterReason } from "@orgtree/core";

/** The newest dead letters, and how many there were of each reason. */
export class DeadLetters {
  readonly #keep: number;
  readonly #letters: DeadLetter[] = [];
  readonly #counts = new Map<DeadLetterReason, number>();

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(letter: DeadLetter): void {
    this.#counts.set(letter.reason, (this.#counts.get(letter.reason) ?? 0) + 1);
    if (this.#keep === 0) return;
    this.#letters.push(letter);
    if (this.#letters.length >= 2 * this.#keep) this.#letters.splice(0, this.#keep);
  }

  /** The newest, oldest first. */
  list(): readonly DeadLetter[] {
    return this.#letters.slice(Math.max(0, this.#letters.length - this.#keep));
  }

  /** How many there were since the start, by reason. */
  counts(): Readonly<Partial<Record<DeadLetterReason, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
