import { Problem } from "./problem.ts";
import type { Token } from "./tokens.ts";

/** The streams that are open, of all and of each token. */
export class OpenStreams {
  readonly #limits: { readonly streams: number; readonly streamsPerToken: number };
  readonly #ofToken = new Map<string, number>();
  readonly #open = new Set<AbortController>();

  constructor(limits: { readonly streams: number; readonly streamsPerToken: number }) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Opens one; throws a `Problem` where there is no room. Its end is `close`. */
  open({ name }: Token): { readonly signal: AbortSignal; readonly close: () => void } {
    const { streams, streamsPerToken } = this.#limits;
    const own = this.#ofToken.get(name) ?? 0;
    if (own >= streamsPerToken)
      throw new Problem("too-many-streams", `${own} streams of ${name} are open; close one, or let one stream do`, { retryAfterS: 5 });
    if (this.count >= streams)
      throw new Problem("too-many-streams", `${streams} streams are open, as many as may be; try again later`, { retryAfterS: 5 });
    const controller = new AbortController();
    this.#open.add(controller);
    this.#ofToken.set(name, own + 1);
    const close = (): void => {
      if (!this.#open.delete(controller)) return;
      controller.abort(new Error("it was closed"));
      const left = this.#ofToken.get(name)! - 1;
      if (left === 0) this.#ofToken.delete(name);
      else this.#ofToken.set(name, left);
    };
    return { signal: controller.signal, close };
  }

  /** Ends all of them, each after what it is just writing. */
  end(): void {
    for (const controller of this.#open) controller.abort(new Error("the gateway closes"));
  }
}
