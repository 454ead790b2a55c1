import type { Exit } from "@orgtree/core";
import type { BeginResult, Body, Termination } from "./body.ts";
import type { RunEffect } from "./effect.ts";
import { freezeState } from "./freeze.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Mail } from "./mail.ts";
import { ignore, type PlainLogic } from "./plain.ts";
import type { Signal } from "./signal.ts";

/** One life of a plain actor. */
export class PlainBody implements Body {
  readonly #life: Incarnation;
  readonly #logic: PlainLogic;
  readonly #freeze: boolean;
  #state: unknown;
  #next: unknown;
  /** A refusal that nobody listens to. */
  #unheard: Mail | undefined;

  constructor(life: Incarnation, logic: PlainLogic) {
    this.#life = life;
    this.#logic = logic;
    this.#freeze = life.cell.kernel.freeze;
  }

  begin(input: unknown): BeginResult | Promise<BeginResult> {
    const begun = this.#logic.init(input, this.#life.turn);
    return begun instanceof Promise ? begun.then((state) => this.#begun(state)) : this.#begun(begun);
  }

  #begun(state: unknown): BeginResult {
    if (state === ignore) return "ignore";
    if (this.#freeze) freezeState(state);
    this.#next = state;
    return "started";
  }

  restore(state: unknown, before?: Body): void {
    this.#next = state;
    if (before !== undefined) this.install();
  }

  compute(mail: Mail): void {
    const { turn } = this.#life;
    let next: unknown;
    if (mail.kind === "internal") next = this.#goOn(mail);
    else if (mail.kind === "message") next = this.#logic.receive(this.#state, mail.message, turn);
    else if (this.#logic.signal !== undefined) next = this.#logic.signal(this.#state, mail.message as Signal, turn);
    else return this.#ignore(mail);
    if (next instanceof Promise) throw notAsync(next);
    if (next === undefined && this.#state !== undefined)
      throw new TypeError("a turn gave back no state: return the state, also where it is the old one");
    if (this.#freeze) freezeState(next);
    this.#next = next;
  }

  /** Work that was taken back begins again; after a migration the state is stored. */
  #goOn({ message }: Mail): unknown {
    const effect = message as Partial<RunEffect>;
    if (effect.kind === "run") this.#life.turn.collect(effect as RunEffect);
    return this.#state;
  }

  #ignore(mail: Mail): void {
    if ((mail.message as Signal).type === "orgtree.refused") this.#unheard = mail;
  }

  install(): void {
    this.#state = this.#next;
    if (this.#unheard !== undefined) this.#life.cell.kernel.bury(this.#unheard, "mailbox-full");
    this.#unheard = undefined;
  }

  discard(): void {
    this.#next = this.#state;
    this.#unheard = undefined;
  }

  state(): unknown {
    return this.#next;
  }

  installed(): unknown {
    return this.#state;
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

/** What an async function does would come after its turn: the turn fails, and its promise is of no interest any more. */
function notAsync(promise: Promise<unknown>): TypeError {
  promise.catch(() => {});
  return new TypeError("a turn gave back a promise in place of a state: work that takes time belongs in turn.run");
}
