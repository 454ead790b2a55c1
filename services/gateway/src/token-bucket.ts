/** How many more requests somebody may make: so many a second, and twice as many at once. */
export class TokenBucket {
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
    this.#atMs = nowMs;
  }

  /** Takes one; where there is none, gives the milliseconds until there is. */
  take(nowMs: number): number {
    this.#left = Math.min(2 * this.#perSecond, this.#left + ((nowMs - this.#atMs) * this.#perSecond) / 1_000);
    this.#atMs = nowMs;
    if (this.#left < 1) return Math.ceil(((1 - this.#left) * 1_000) / this.#perSecond);
    this.#left--;
    return 0;
  }
}
