import { AddressError, checkExit, isPermitted, RoleViolationError, type Address, type Exit, type ReplyTo } from "@orgtree/core";
import type { BudgetHandle } from "../kernel/budget-account.ts";
import { effectKey, fullKey, type EffectKey, type FullKey } from "../durable/effect-key.ts";
import type { Effect } from "./effect.ts";
import type { Incarnation } from "./incarnation.ts";
import { declareWork } from "./named-work.ts";
import { Mail, type Trace } from "./mail.ts";
import { checkAnswer, checkMessage, checkStored } from "./store-door.ts";
import { isThenable } from "./thenable.ts";
import { TurnClosedError, type Turn, type Work } from "./turn.ts";

/** Milliseconds an ask waits when it does not say. */
export const defaultAskMs = 5_000;

/** Gives back a time in milliseconds; throws `RangeError` for what is no number. What is less than 0 is due at once. */
export function checkMs(ms: number, name: string): number {
  if (typeof ms === "number" && !Number.isNaN(ms)) return ms;
  throw new RangeError(`${name}: a number of milliseconds, not ${String(ms)}`);
}

/**
 * The `Turn` that a logic is given: it only collects effects, and only while the turn lasts. One for all turns of an
 * incarnation, which come one after the other; what is not in `Turn` is for the runtime.
 */
export class IncarnationTurn implements Turn {
  readonly #life: Incarnation;
  /** Its mail, from its computation to the end of its effects, those of a resumed turn included; none in the initial step. */
  mail: Mail | undefined;
  /** What the turn belongs to; undefined outside of any. */
  trace: Trace | undefined;
  /** What was collected; added to by `collect` only. */
  effects: Effect[] = noEffects;
  postponed = false;
  #isOpen = false;
  #info: unknown;
  #epochMs: number | undefined;

  constructor(life: Incarnation) {
    this.#life = life;
  }

  // For the runtime

  /** Begins to collect: for a mail, or for the initial step. */
  open(mail: Mail | undefined): void {
    this.mail = mail;
    this.trace = mail === undefined ? this.#life.cell.kernel.newTrace() : mail.trace;
    this.#isOpen = true;
    this.#epochMs = undefined;
  }

  /** Now, milliseconds since 1970: one moment for all that the turn sets, books and stores, so that a replay knows it. */
  get epochMs(): number {
    this.#epochMs ??= this.#life.cell.kernel.clock.epochMs();
    return this.#epochMs;
  }

  /** The turn is computed: whoever kept hold of it collects nothing any more. */
  close(): void {
    this.#isOpen = false;
  }

  /** Nothing of the turn is to happen. */
  forget(): void {
    this.#isOpen = false;
    this.postponed = false;
    this.effects = noEffects;
  }

  /** Everything of the turn has happened. */
  end(): void {
    this.mail = undefined;
    this.trace = undefined;
  }

  /** Adds an effect, whoever makes it. */
  collect(effect: Effect): void {
    // A list that is pushed to makes room for many; mostly there is one.
    if (this.effects === noEffects) this.effects = [effect];
    else this.effects.push(effect);
  }

  takeEffects(): readonly Effect[] {
    const { effects } = this;
    this.effects = noEffects;
    return effects;
  }

  takeInfo(): unknown {
    const info = this.#info;
    this.#info = undefined;
    return info;
  }

  /** The key of the effect that is collected next, by which the turn's record knows it. */
  nextKey(): FullKey {
    return fullKey(this.address, this.#nextKey());
  }

  // For the logic

  get address(): Address {
    return this.#life.cell.address;
  }

  get incarnation(): number {
    return this.#life.number;
  }

  get from(): Address | undefined {
    return this.mail?.kind === "message" ? this.mail.from : undefined;
  }

  get replyTo(): ReplyTo | undefined {
    return this.mail?.replyTo;
  }

  get budget(): BudgetHandle {
    return this.#life.cell.budget;
  }

  tell(to: Address, message: unknown): void {
    this.#checkOpen();
    this.collect(this.#mail(to, message));
  }

  deliver(to: Address, message: unknown): void {
    this.#checkOpen();
    const mail = this.#mail(to, message);
    // By its number it is known as one that waits for room, also without a journal.
    mail.key = this.#nextKey();
    this.collect({ kind: "deliver", mail });
  }

  ask(to: Address, message: unknown, options: { readonly tag: string; readonly timeoutMs?: number }): void {
    this.#checkOpen();
    const timeoutMs = checkMs(options.timeoutMs ?? defaultAskMs, "timeoutMs");
    const mail = this.#numbered(to, message);
    const askId = this.#life.cell.kernel.newAskId();
    this.collect({ kind: "ask", mail, tag: options.tag, askId, timeoutMs });
  }

  reply(value: unknown, to: ReplyTo | undefined = this.replyTo): void {
    this.#checkOpen();
    if (isThenable(value)) {
      // A promise would settle the asker's promise when it pleases, past every deadline, and its rejection is nobody's.
      Promise.resolve(value).catch(() => {});
      throw new TypeError(`${this.address} answers with a promise: begin the work with turn.run and answer with its result`);
    }
    if (to === undefined) return;
    checkAnswer(this.#life.cell.kernel, value, { by: this.address, to: to.address });
    this.#collect({ kind: "reply", to, value, key: this.#replyKey(to) });
  }

  refuse(error: Error, to: ReplyTo | undefined = this.replyTo): void {
    this.#checkOpen();
    // What is no error would be a rejection that nobody can read.
    const reason = error instanceof Error ? error : new Error(String(error));
    if (to !== undefined) this.#collect({ kind: "refuse", to, error: reason, key: this.#replyKey(to) });
  }

  watch(address: Address): void {
    this.#collect({ kind: "watch", address });
  }

  unwatch(address: Address): void {
    this.#collect({ kind: "unwatch", address });
  }

  setTimer(name: string, delayMs: number): void {
    this.#collect({ kind: "timer", name, delayMs: checkMs(delayMs, "delayMs") });
  }

  cancelTimer(name: string): void {
    this.#collect({ kind: "cancel-timer", name });
  }

  run(name: string, workOrInput: unknown, options: { readonly tag?: string } = {}): void {
    this.#checkOpen();
    const isFunction = typeof workOrInput === "function";
    const { kernel, address } = this.#life.cell;
    if (!isFunction) checkStored(kernel, workOrInput, `the input of work "${name}" of ${address}`);
    const { declared, work } = isFunction ? { declared: undefined, work: workOrInput as Work } : declareWork(this.#life, name, workOrInput);
    this.collect({ kind: "run", tag: options.tag ?? name, key: this.nextKey(), place: this.#nextKey(), work, declared });
  }

  exit(exit: Exit = { kind: "normal" }): void {
    this.#collect({ kind: "exit", exit: checkExit(exit) });
  }

  postpone(): void {
    this.#checkOpen();
    this.postponed = true;
  }

  unstash(): void {
    this.#collect({ kind: "unstash" });
  }

  checkpoint(name: string): void {
    this.#collect({ kind: "checkpoint", name: checkName(name) });
  }

  register(name: string): void {
    // Checked at once, so that a clash fails this turn; the name is taken when the turn is committed.
    this.#checkOpen();
    this.#life.cell.kernel.registry.checkFree(name, this.address);
    this.#collect({ kind: "register", name });
  }

  join(group: string): void {
    this.#collect({ kind: "join", group });
  }

  leave(group: string): void {
    this.#collect({ kind: "leave", group });
  }

  publish(group: string, message: unknown): void {
    this.#checkOpen();
    const { kernel, address } = this.#life.cell;
    for (const member of kernel.registry.members(group)) if (member !== address) this.#checkRecipient(member);
    checkMessage(kernel, group, message);
    this.#collect({ kind: "publish", group, message });
  }

  emit(event: { readonly type: string }): void {
    this.#collect({ kind: "emit", event });
  }

  info(value: unknown): void {
    this.#checkOpen();
    checkStored(this.#life.cell.kernel, value, `the info of ${this.address}`);
    this.#info = value;
  }

  /** A message by whose key its recipient knows it again when it comes twice. */
  #numbered(to: Address, message: unknown): Mail {
    const mail = this.#mail(to, message);
    if (this.#life.cell.kernel.store !== undefined) mail.key = this.#nextKey();
    return mail;
  }

  /** An answer to an actor is owed until it has taken it; whoever asks from outside is gone with the process. */
  #replyKey({ address }: ReplyTo): EffectKey | undefined {
    return address === undefined || this.#life.cell.kernel.store === undefined ? undefined : this.#nextKey();
  }

  #nextKey(): EffectKey {
    return effectKey(this.#life.cell.seq, this.effects.length);
  }

  #mail(to: Address, message: unknown): Mail {
    this.#checkRecipient(to);
    const { kernel, address } = this.#life.cell;
    checkMessage(kernel, to, message);
    return new Mail("message", { to, from: address, trace: this.trace! }, message);
  }

  #checkRecipient(to: Address): void {
    if (typeof to !== "string") throw new AddressError(typeof to === "symbol" ? "a symbol" : `a ${typeof to}`, "it is no text");
    const { recipients } = this.#life.cell.spec;
    if (recipients === undefined || isPermitted(recipients, to)) return;
    throw new RoleViolationError(this.address, `send to ${to}`, `its recipients are ${recipients.join(", ") || "nobody"}`);
  }

  #collect(effect: Effect): void {
    this.#checkOpen();
    this.collect(effect);
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new TurnClosedError(this.address);
  }
}

/** A name that people can type. */
function checkName(name: unknown): string {
  if (typeof name === "string" && name !== "") return name;
  throw new TypeError(`the name of a checkpoint is a text that is not empty, not ${JSON.stringify(name)}`);
}

/** Shared by all turns without effects. */
const noEffects: Effect[] = [];
Object.freeze(noEffects);
