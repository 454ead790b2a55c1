import type { Exit } from "@orgtree/core";
import type { BeginResult, Body, Termination } from "./body.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Mail } from "./mail.ts";
import { ignore, type PlainLogic } from "./plain.ts";
import type { Signal } from "./signal.ts";

/** One life of a plain actor. */
export class PlainBody implements Body {
  readonly #life: Incarnation;
  readonly #logic: PlainLogic;
  #state: unknown;
  #next: unknown;

  constructor(life: Incarnation, logic: PlainLogic) {
    this.#life = life;
    this.#logic = logic;
  }

  begin(input: unknown): BeginResult | Promise<BeginResult> {
    const begun = this.#logic.init(input, this.#life.turn);
    return begun instanceof Promise ? begun.then((state) => this.#begun(state)) : this.#begun(begun);
  }

  #begun(state: unknown): BeginResult {
    if (state === ignore) return "ignore";
    this.#next = state;
    return "started";
  }

  compute(mail: Mail): void {
    const { turn } = this.#life;
    if (mail.kind === "message") this.#next = this.#logic.receive(this.#state, mail.message, turn);
    else if (this.#logic.signal !== undefined) this.#next = this.#logic.signal(this.#state, mail.message as Signal, turn);
    else this.#unheard(mail.message as Signal, mail);
  }

  /** Nobody listens: a refused message is lost after all. */
  #unheard(signal: Signal, mail: Mail): void {
    if (signal.type === "orgtree.refused") this.#life.cell.kernel.buryRefused(signal, mail);
  }

  install(): void {
    this.#state = this.#next;
  }

  discard(): void {
    this.#next = this.#state;
  }

  state(): unknown {
    return this.#next;
  }

  label(): undefined {
    return undefined;
  }

  terminate(exit: Exit): Termination | Promise<Termination> {
    return this.#logic.terminate?.(this.#state, exit);
  }

  abort(): void {
    // A plain actor has no private work beside what its incarnation holds.
  }
}
