import type { AsyncLocalStorage } from "node:async_hooks";
import {
  AskFailedError,
  isWithin,
  MailboxFullError,
  MessageRefusedError,
  parentAddress,
  RoleViolationError,
  rootAddress,
  toFailure,
  topOf,
  UnknownRecipientError,
  type Address,
  type ChildSpec,
  type Clock,
  type DeadLetterReason,
  type Failure,
  type Logger,
  type Observer,
  type Random,
  type ReplyTo,
  type SystemEvent,
  type Transport,
} from "@orgtree/core";
import { Accounts } from "./accounts.ts";
import { answererOf, Asks, type Giver, type Outcome } from "./asks.ts";
import type { Body } from "../actor/body.ts";
import type { Cell } from "../actor/cell.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { Books } from "../durable/books.ts";
import { outwardKey, type EffectKey, type FullKey } from "../durable/effect-key.ts";
import { noPast, type StoredPast } from "../durable/stored-past.ts";
import type { TurnRecord, TurnStore } from "../durable/turn-store.ts";
import { Orphans } from "../durable/orphans.ts";
import { Dispatcher } from "./dispatcher.ts";
import { isRedelivered, Mail, toEnvelope, type Trace } from "../actor/mail.ts";
import { isThenable } from "../actor/thenable.ts";
import { guardLogger } from "./guarded-logger.ts";
import { Pauses } from "./pauses.ts";
import { Recovery, type GivenAnswer } from "./recovery.ts";
import { Registry } from "./registry.ts";
import { Remote } from "../remote/remote.ts";
import { RunningWork } from "./running-work.ts";
import type { Signal } from "../actor/signal.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import type { Logic } from "../logic.ts";
import { Watches } from "./watches.ts";
import { TimerQueue } from "../time/timer-queue.ts";

/** What a kernel needs of the world. */
export interface KernelOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Undefined where turns count at once. */
  readonly store: TurnStore | undefined;
  readonly past: StoredPast;
  /** Called when a turn is committed and carried out. */
  readonly afterCommit?: ((life: Incarnation, turn: TurnRecord) => void) | undefined;
  /** How long a commit may take, all attempts together. */
  readonly commitMs: number;
  /** Turns longer than this are reported. */
  readonly stallMs: number;
  readonly keepDeadLetters: number;
  /** States are frozen after each turn. */
  readonly freeze: boolean;
  readonly makeBody: MakeBody;
  readonly transport?: Transport | undefined;
  /** Default: code for nobody else is known, and nothing is said. */
  readonly placing?: Placing | undefined;
}

/** How what runs in another system than its supervisor is found; see `SystemOptions`. */
export interface Placing {
  readonly specOf?: ((address: Address, about: unknown) => Pick<ChildSpec<Logic>, "logic"> | undefined) | undefined;
  readonly about?: ((address: Address) => unknown) | undefined;
}

/** Makes what runs in a cell from its logic. Passed in, because supervisors make cells in their turn. */
export type MakeBody = (life: Incarnation, logic: Logic) => Body;

/** What all actors of a system share: who lives where, whose turn it is, which timers and questions are open. */
export class Kernel {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Undefined where turns count at once. */
  store: TurnStore | undefined;
  past: StoredPast;
  readonly afterCommit: KernelOptions["afterCommit"];
  /** The process leaves: nobody takes turns any more, and nothing more is stored. */
  leaving = false;
  readonly commitMs: number;
  readonly freeze: boolean;
  readonly makeBody: MakeBody;
  readonly cells = new Map<Address, Cell>();
  readonly dispatcher: Dispatcher;
  readonly timers: TimerQueue;
  readonly asks: Asks;
  readonly registry = new Registry();
  readonly watches = new Watches();
  readonly accounts = new Accounts();
  readonly deadLetters: DeadLetters;
  readonly orphans = new Orphans();
  readonly runningWork = new RunningWork();
  readonly pauses = new Pauses();
  /** The other systems, where there are any. */
  readonly remote: Remote | undefined;
  readonly placing: Placing;
  readonly recovery: Recovery = new Recovery(this);
  /** Where the turns of a new place are counted from: behind those of every place that was given up, so that no key comes twice. */
  nextSeq = 0;
  /** Whose code is running, kept over everything asynchronous; only where `guardProcess` looks at it. */
  owners: AsyncLocalStorage<Incarnation | undefined> | undefined;
  readonly #run: string;
  readonly #observers = new Set<Observer>();
  #lastTrace = 0;
  #lastNumber = 0;

  constructor(options: KernelOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.logger = guardLogger(options.logger);
    this.store = options.store;
    this.past = options.past;
    this.afterCommit = options.afterCommit;
    this.#run = this.past.run ?? "";
    this.commitMs = options.commitMs;
    this.freeze = options.freeze;
    this.makeBody = options.makeBody;
    this.placing = options.placing ?? {};
    this.remote = options.transport === undefined ? undefined : new Remote(this, options.transport);
    // A timer is nobody's, whoever armed it: what fires in it is run on behalf of those it belongs to.
    const { clock } = options;
    const ownerless: Clock = {
      nowMs: () => clock.nowMs(),
      epochMs: () => clock.epochMs(),
      setTimer: (delayMs, due) => this.within(undefined, () => clock.setTimer(delayMs, due)),
      defer: (work) => this.within(undefined, () => clock.defer(work)),
    };
    this.timers = new TimerQueue(ownerless, (error) => this.logger.error({ err: error }, "a timer threw"));
    this.asks = new Asks(this.timers, options.random);
    this.deadLetters = new DeadLetters(options.keepDeadLetters);
    this.dispatcher = new Dispatcher(ownerless, {
      ms: options.stallMs,
      report: (runnable, turnMs) =>
        this.notify({ type: "stalled", address: (runnable as Cell).address, turnMs, atMs: this.clock.epochMs() }),
    });
  }

  /** What is stored stays as it is: the stop of everything is no decision about anybody. */
  leave(): void {
    if (this.store === undefined) return;
    this.leaving = true;
    this.remote?.silence();
    this.store = undefined;
    this.past = noPast;
  }

  /** The key of an effect as the world outside knows it. */
  outwardKey(key: FullKey): string {
    return outwardKey(this.#run, key);
  }

  /** Runs work on behalf of an incarnation, or of nobody, so that an error which escapes it can be told whose it is. */
  within<T>(life: Incarnation | undefined, work: () => T): T {
    return this.owners === undefined ? work() : this.owners.run(life, work);
  }

  /** The uppermost of those at an address and above it who are here without a gap: the top of its tree, as far as this system has it. */
  topOf(address: Address): Address {
    if (this.remote === undefined) return topOf(address);
    let top = address;
    for (let above = parentAddress(top); above !== undefined && above !== rootAddress; above = parentAddress(above)) {
      if (this.remote.hosts(above)) break;
      top = above;
    }
    return top;
  }

  /** A number that this system gives out once. */
  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** A trace for a message from outside: unique within this system. */
  newTrace(): Trace {
    return ++this.#lastTrace;
  }

  /** The id of a question that is not asked yet. */
  newAskId(): number {
    return this.asks.newId();
  }

  /** True when somebody listens, so that costly events need not be made for nobody. */
  get observed(): boolean {
    return this.#observers.size > 0;
  }

  observe(observer: Observer): () => void {
    this.#observers.add(observer);
    return () => {
      this.#observers.delete(observer);
    };
  }

  /** Tells the observers. One that throws is logged and does not disturb the others or the actor. */
  notify(event: SystemEvent): void {
    for (const observer of this.#observers) {
      try {
        const result: unknown = this.within(undefined, () => observer(event));
        if (isThenable(result)) this.#watchObserver(result, event);
      } catch (error) {
        this.logger.error({ err: error, event: event.type }, "an observer threw");
      }
    }
  }

  #watchObserver(result: PromiseLike<unknown>, { type }: SystemEvent): void {
    result.then(undefined, (error: unknown) => this.logger.error({ err: error, event: type }, "an observer rejected"));
  }

  /**
   * Brings a mail to where its recipient lives. Where nobody does it is kept for who is about to, or it is lost. What is refused is
   * answered to its sender.
   */
  send(mail: Mail): void {
    const cell = this.cells.get(mail.to);
    if (cell === undefined) {
      if (this.remote?.mail.send(mail) !== true && !this.recovery.takes(mail)) this.lose(mail, "no-recipient");
      return;
    }
    const refusal = cell.accept(mail);
    if (refusal !== undefined) this.refuse(mail, refusal);
  }

  /** Brings a mail of another system's to who lives here; gives back why he does not get it. */
  bring(mail: Mail): UnknownRecipientError | MailboxFullError | MessageRefusedError | undefined {
    const cell = this.cells.get(mail.to);
    if (cell !== undefined) return cell.accept(mail);
    return this.recovery.takes(mail) ? undefined : new UnknownRecipientError(mail.to);
  }

  /** A mail was not wanted: its sender is told, or it is lost. */
  refuse(mail: Mail, error: MailboxFullError | MessageRefusedError): void {
    const reason: DeadLetterReason = error instanceof MessageRefusedError ? error.reason : "mailbox-full";
    if (mail.replyTo !== undefined && this.asks.reject(mail.replyTo, error)) return;
    const sender = mail.from === undefined ? undefined : this.cells.get(mail.from);
    const wasTold = sender?.signal({ type: "orgtree.refused", to: mail.to, message: mail.message, error }, mail.trace);
    if (wasTold !== true) this.bury(mail, reason);
  }

  /**
   * Whoever carries messages between processes did not take a mail from this one: its sender did what it may not, and fails of it as of a
   * message that its charter forbids, but later, since it heard later. Where nobody here sent it, it comes before the root.
   */
  forbid(mail: Mail, problem: string): void {
    const { to, from, replyTo } = mail;
    const error = new RoleViolationError(from ?? rootAddress, `send to ${to}`, `${problem}; permit it there, or send elsewhere`);
    const sender = from === undefined ? undefined : this.cells.get(from);
    if (sender?.life !== undefined) sender.life.failLater(error);
    else if (replyTo === undefined || from !== undefined) this.tellRoot(toFailure(error, from ?? rootAddress));
    if (replyTo !== undefined) this.asks.reject(replyTo, error);
    this.bury(mail, "forbidden");
  }

  /** A failure of nobody who lives here comes before the root, which tells people. */
  tellRoot(failure: Failure): void {
    this.notify({ type: "escalated-to-root", address: failure.address ?? rootAddress, failure, atMs: this.clock.epochMs() });
  }

  /** A message is lost for good: nobody need send it again. */
  lose(mail: Mail, reason: DeadLetterReason): void {
    this.bury(mail, reason);
    if (mail.key !== undefined) this.acknowledge(mail);
  }

  /** A message is lost: it becomes a dead letter, and whoever asked is told at once. */
  bury(mail: Mail, reason: DeadLetterReason): void {
    if (mail.kind !== "message") return this.#buryNotice(mail);
    const atMs = this.clock.epochMs();
    const letter = { envelope: toEnvelope(mail), reason, atMs };
    this.deadLetters.add(letter);
    this.notify({ type: "dead-letter", letter, atMs });
    if (mail.replyTo === undefined) return;
    const error =
      reason === "no-recipient"
        ? new UnknownRecipientError(mail.to)
        : new AskFailedError(mail.to, "not-done", `the message is a dead letter (${reason})`);
    this.asks.reject(mail.replyTo, error);
  }

  /** Signals to the dead and the deaf are nobody's loss, but for the message in a refusal: it is lost now. */
  #buryNotice(notice: Mail): void {
    const signal = notice.message as Signal;
    if (notice.kind !== "signal" || signal.type !== "orgtree.refused") return;
    const reason = signal.error instanceof MessageRefusedError ? signal.error.reason : "mailbox-full";
    this.bury(new Mail("message", { to: signal.to, from: notice.to, trace: notice.trace }, signal.message), reason);
  }

  /** A numbered message was taken, or is known to be: whoever sent it need not send it again. */
  acknowledge(mail: Mail): void {
    const { kind, from, key, message, replyTo } = mail;
    // A question is over when it is answered. What comes again after a rollback was acknowledged then: its key is its recipient's.
    if (kind === "message" && (replyTo !== undefined || isRedelivered(mail))) return;
    if (kind === "message" && from !== undefined && key !== undefined) return this.#acknowledge(from, key);
    const answerer = kind === "signal" ? answererOf(message as Signal) : undefined;
    if (answerer !== undefined) this.#acknowledge(answerer.address, answerer.key!);
  }

  /**
   * Gives the answer to a question. One with a key is owed until it is taken: where nobody waits for it any more it need not be given
   * again. But who comes up, or goes back, asks again what he waited for, and hears it then (`Recovery`).
   */
  answer(to: ReplyTo, outcome: Outcome, by: Giver): void {
    if (this.asks.settle(to, outcome, by)) return;
    if (by.key !== undefined && (this.remote?.mail.answer(to, outcome, by) === true || this.recovery.keepsAnswer({ to, outcome, by })))
      return;
    this.loseAnswer({ to, outcome, by });
  }

  /** An answer that nobody waits for any more is a lost message like any other, unless it was given before: then it may have been taken. */
  loseAnswer({ to, outcome, by: { address, key, trace } }: GivenAnswer): void {
    if (key !== undefined) this.#acknowledge(address, key);
    if (trace === undefined) return;
    const route = { to: to.address ?? rootAddress, from: address, trace };
    this.bury(new Mail("message", route, "error" in outcome ? outcome.error : outcome.value), "late-reply");
  }

  #acknowledge(sender: Address, key: EffectKey): void {
    if (this.remote?.acknowledge(sender, key) !== true) this.taken(sender, key);
  }

  /** Who is to take what an actor of this system owes under this key; undefined where that is nobody, or somebody outside. */
  takerOf(sender: Address, key: EffectKey): Address | undefined {
    const owed = this.cells.get(sender)?.books?.pending[key] ?? this.orphans.owed(sender, key);
    if (owed === undefined || !("to" in owed)) return undefined;
    return typeof owed.to === "string" ? owed.to : owed.to.address;
  }

  /** What an actor of this system sent under this key was taken. */
  taken(sender: Address, key: EffectKey): void {
    const cell = this.cells.get(sender);
    if (cell !== undefined) cell.acknowledge(key);
    else this.orphans.acknowledge(sender, key);
  }

  /**
   * A place is given up for good: its end is stored when all that was sent from there was taken, or somebody else lives there. Who comes
   * after it counts from behind it.
   */
  endPlace(address: Address, books: Books | undefined): void {
    const { past, store } = this;
    const seq = this.nextSeq++;
    if (store === undefined) return;
    this.orphans.keep(address, books, (how) => (how === "settled" ? past.end(address, seq) : past.endBefore(address, seq)));
  }

  /** Who was paused takes its mail. */
  endPause(top: Address): void {
    if (!this.pauses.end(top)) return;
    for (const [address, cell] of this.cells) if (isWithin(address, top)) cell.wake();
  }

  /** A signal to the actor at `to`; nobody there is no loss. */
  signal(to: Address, signal: Signal, trace: Trace): void {
    this.cells.get(to)?.signal(signal, trace);
  }
}
