/** Compensable work that has begun and is not over, by its outward key; also when the actor that began it is gone, or has given up on it. */
export class RunningWork {
  readonly #running = new Map<string, Promise<void>>();

  add(key: string, work: Promise<unknown>): void {
    const over = (): void => void (this.#running.get(key) === ended && this.#running.delete(key));
    const ended: Promise<void> = work.then(over, over);
    this.#running.set(key, ended);
  }

  /** Resolves when the work of this key is over; at once when there is none. */
  async ended(key: string): Promise<void> {
    await this.#running.get(key);
  }
}
