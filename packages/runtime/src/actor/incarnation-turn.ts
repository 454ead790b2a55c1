import { isPermitted, RoleViolationError, type Address, type Exit, type ReplyTo } from "@orgtree/core";
import type { BudgetHandle } from "../kernel/budget-account.ts";
import type { Incarnation } from "./incarnation.ts";
import { Mail } from "./mail.ts";
import { isThenable } from "./thenable.ts";
import { TurnClosedError, type Turn, type Work } from "./turn.ts";

/** Milliseconds an ask waits when it does not say. */
export const defaultAskMs = 5_000;

/** Gives back a time in milliseconds; throws `RangeError` for what is no number. What is less than 0 is due at once. */
export function checkMs(ms: number, name: string): number {
  if (typeof ms === "number" && !Number.isNaN(ms)) return ms;
  throw new RangeError(`${name}: a number of milliseconds, not ${String(ms)}`);
}

/** The `Turn` that a logic is given: it only collects effects, and only while the turn lasts. */
export class IncarnationTurn implements Turn {
  readonly #life: Incarnation;

  constructor(life: Incarnation) {
    this.#life = life;
  }

  get address(): Address {
    return this.#life.cell.address;
  }

  get incarnation(): number {
    return this.#life.number;
  }

  get from(): Address | undefined {
    const { current } = this.#life;
    return current?.kind === "message" ? current.from : undefined;
  }

  get replyTo(): ReplyTo | undefined {
    return this.#life.current?.replyTo;
  }

  get budget(): BudgetHandle {
    return this.#life.cell.budget;
  }

  tell(to: Address, message: unknown): void {
    this.#open().effects.push(this.#mail(to, message));
  }

  ask(to: Address, message: unknown, options: { readonly tag: string; readonly timeoutMs?: number }): void {
    const life = this.#open();
    const timeoutMs = checkMs(options.timeoutMs ?? defaultAskMs, "timeoutMs");
    life.effects.push({ kind: "ask", mail: this.#mail(to, message), tag: options.tag, timeoutMs });
  }

  reply(value: unknown, to: ReplyTo | undefined = this.replyTo): void {
    const life = this.#open();
    if (isThenable(value)) {
      // A promise would settle the asker's promise when it pleases, past every deadline, and its rejection is nobody's.
      Promise.resolve(value).catch(() => {});
      throw new TypeError(`${this.address} answers with a promise: begin the work with turn.run and answer with its result`);
    }
    if (to !== undefined) life.effects.push({ kind: "reply", to, value });
  }

  refuse(error: Error, to: ReplyTo | undefined = this.replyTo): void {
    const life = this.#open();
    // What is no error would be a rejection that nobody can read.
    const reason = error instanceof Error ? error : new Error(String(error));
    if (to !== undefined) life.effects.push({ kind: "refuse", to, error: reason });
  }

  watch(address: Address): void {
    this.#open().effects.push({ kind: "watch", address });
  }

  unwatch(address: Address): void {
    this.#open().effects.push({ kind: "unwatch", address });
  }

  setTimer(name: string, delayMs: number): void {
    this.#open().effects.push({ kind: "timer", name, delayMs: checkMs(delayMs, "delayMs") });
  }

  cancelTimer(name: string): void {
    this.#open().effects.push({ kind: "cancel-timer", name });
  }

  run(tag: string, work: Work): void {
    const life = this.#open();
    life.effects.push({ kind: "run", tag, key: life.nextKey(), work });
  }

  exit(exit: Exit = { kind: "normal" }): void {
    this.#open().effects.push({ kind: "exit", exit });
  }

  postpone(): void {
    this.#open().postponed = true;
  }

  unstash(): void {
    this.#open().effects.push({ kind: "unstash" });
  }

  register(name: string): void {
    // Checked at once, so that a clash fails this turn; the name is taken when the turn is committed.
    this.#open().cell.kernel.registry.checkFree(name, this.address);
    this.#life.effects.push({ kind: "register", name });
  }

  join(group: string): void {
    this.#open().effects.push({ kind: "join", group });
  }

  leave(group: string): void {
    this.#open().effects.push({ kind: "leave", group });
  }

  publish(group: string, message: unknown): void {
    const life = this.#open();
    for (const member of life.cell.kernel.registry.members(group)) if (member !== this.address) this.#checkRecipient(member);
    life.effects.push({ kind: "publish", group, message });
  }

  emit(event: { readonly type: string }): void {
    this.#open().effects.push({ kind: "emit", event });
  }

  info(value: unknown): void {
    this.#open().startInfo = value;
  }

  #mail(to: Address, message: unknown): Mail {
    const life = this.#life;
    this.#checkRecipient(to);
    return new Mail("message", { to, from: life.cell.address, trace: life.trace() }, message);
  }

  #checkRecipient(to: Address): void {
    const { recipients } = this.#life.cell.spec;
    if (recipients === undefined || isPermitted(recipients, to)) return;
    throw new RoleViolationError(this.address, `send to ${to}`, `its recipients are ${recipients.join(", ") || "nobody"}`);
  }

  #open(): Incarnation {
    if (!this.#life.turnOpen) throw new TurnClosedError(this.address);
    return this.#life;
  }
}
