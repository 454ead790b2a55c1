import type { DeadLetter, DeadLetterReason, Endpoint } from "@orgtree/core";

/** A message that was lost at a node. */
export interface LostLetter {
  /** Among those of its node. */
  readonly id: string;
  readonly partition: Endpoint;
  /** The run in which it was lost; undefined where the actors of the partition themselves are. */
  readonly run: string | undefined;
  readonly letter: DeadLetter;
}

/** The newest messages that were lost at a node, and how many there were. */
export class LetterBook {
  readonly #keep: number;
  readonly #letters = new Map<string, LostLetter>();
  readonly #counts = new Map<DeadLetterReason, number>();
  readonly #listeners = new Set<(letter: DeadLetter) => void>();
  #newest = 0;

  /** `keep`: how many. Default 1,000. */
  constructor(keep = 1_000) {
    this.#keep = keep;
  }

  add(letter: DeadLetter, place: { readonly partition: Endpoint; readonly run?: string | undefined }): void {
    this.#counts.set(letter.reason, (this.#counts.get(letter.reason) ?? 0) + 1);
    const id = String(++this.#newest);
    this.#letters.set(id, { id, partition: place.partition, run: place.run, letter });
    if (this.#letters.size > this.#keep) this.#letters.delete(this.#letters.keys().next().value!);
    for (const listener of this.#listeners) listener(letter);
  }

  get(id: string): LostLetter | undefined {
    return this.#letters.get(id);
  }

  /** The newest, newest first. */
  list(most: number): readonly LostLetter[] {
    return [...this.#letters.values()].reverse().slice(0, most);
  }

  /** How many there were since the node started, by reason. */
  counts(): Readonly<Partial<Record<DeadLetterReason, number>>> {
    return Object.fromEntries(this.#counts);
  }

  /** Hears of each that is lost, until the function that it gives back is called. */
  listen(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
