import {
  checkChildOf,
  checkSegment,
  describeExit,
  ExpectedError,
  MessageRefusedError,
  rootAddress,
  shutdownExit,
  UnknownRecipientError,
  type Address,
  type ChildSpec,
  type Clock,
  type Commit,
  type DeadLetter,
  type DeadLetterReason,
  type Exit,
  type Logger,
  type Observer,
  type Random,
} from "@orgtree/core";
import type { Body } from "./body.ts";
import { Cell } from "./cell.ts";
import type { Incarnation } from "./incarnation.ts";
import { defaultAskMs } from "./incarnation-turn.ts";
import { Kernel } from "./kernel.ts";
import { isMachine, typeOfLogic, type Logic } from "./logic.ts";
import { MachineBody } from "./machine-body.ts";
import { Mail } from "./mail.ts";
import { isOversized } from "./message-size.ts";
import { PlainBody } from "./plain-body.ts";
import { SupervisorBody } from "./supervisor-body.ts";
import { supervisor, supervisorHandle, type StartedChild, type SupervisorHandle } from "./supervisor.ts";
import { systemClock, systemRandom } from "./system-clock.ts";
import { viewTree, type TreeNode } from "./tree-view.ts";

/** How a system is made. Everything has a default. */
export interface SystemOptions {
  /** Default: real time. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Hears every supervisor's decision. Default: nobody. */
  readonly logger?: Logger;
  /** Makes turns durable. Default: turns count at once. */
  readonly commit?: Commit;
  /** A turn that keeps the thread longer is reported as `stalled`. Milliseconds, default 100. */
  readonly stallMs?: number;
  /** Dead letters kept for looking at. Default 1,000; they are counted for ever. */
  readonly keepDeadLetters?: number;
  /** Longest text or byte array in a message from outside, in characters or bytes. Default 1 MiB. */
  readonly maxMessageSize?: number;
  /** Freezes states after each turn, so that code which changes them in place fails at once. For tests. Default false. */
  readonly freeze?: boolean;
}

/** How a question from outside is asked. */
export interface AskOptions {
  /** Milliseconds until the promise rejects with `AskTimeoutError`. Default 5,000. `Infinity` for no limit. */
  readonly timeoutMs?: number;
  /** Gives up waiting; the promise rejects with the signal's reason. The outcome is unknown then. */
  readonly signal?: AbortSignal;
}

/** A running system of actors: the door for code outside the tree. */
export class ActorSystem {
  readonly #kernel: Kernel;
  readonly #root: Cell;
  readonly #maxMessageSize: number;
  #closed: string | undefined;

  constructor(options: SystemOptions = {}) {
    this.#kernel = new Kernel({
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      logger: options.logger ?? silent,
      commit: options.commit,
      stallMs: options.stallMs ?? 100,
      keepDeadLetters: options.keepDeadLetters ?? 1_000,
      freeze: options.freeze ?? false,
      makeBody,
    });
    this.#maxMessageSize = options.maxMessageSize ?? 1_048_576;
    this.#root = makeRoot(this.#kernel);
  }

  /**
   * Starts an actor at the top of the tree, under the root, which restarts it as its spec says and never gives up itself.
   *
   * Rejects with `SupervisorCallError` or `SpecError`. Gives back its address.
   */
  async start(spec: ChildSpec<Logic>): Promise<Address> {
    // Checked here too, so that the error names the caller's own field.
    const checked = checkChildOf({ strategy: "dynamic", autoShutdown: "never" }, spec, { field: "spec", typeOf: typeOfLogic });
    const started = (await this.ask(rootAddress, { type: "start-child", spec }, { timeoutMs: Infinity })) as StartedChild;
    return started.address ?? `/${checked.id}`;
  }

  /** Ends the actor at `address` for good, through its supervisor. */
  async stop(address: Address): Promise<void> {
    const cut = address.lastIndexOf("/");
    const parent = cut === 0 ? rootAddress : (address.slice(0, cut) as Address);
    checkSegment(address.slice(cut + 1));
    await this.ask(parent, { type: "terminate-child", id: address.slice(cut + 1) }, { timeoutMs: Infinity });
  }

  /**
   * Sends a message, at most once. Throws when it is refused, so that the caller keeps it: `MailboxFullError`,
   * `MessageRefusedError`, `SystemClosedError`. A message for nobody becomes a dead letter.
   */
  tell(to: Address, message: unknown): void {
    const mail = this.#mail(to, message);
    const cell = this.#kernel.cells.get(to);
    if (cell === undefined) return this.#kernel.bury(mail, "no-recipient");
    const refusal = cell.accept(mail);
    if (refusal !== undefined) throw refusal;
  }

  /**
   * Asks and waits for the answer. Rejects with `AskTimeoutError` (outcome unknown), `AskFailedError` (it ended),
   * `UnknownRecipientError`, `MailboxFullError`, or the error that the actor answered with.
   */
  ask(to: Address, message: unknown, options: AskOptions = {}): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    try {
      const { asks, clock, cells } = this.#kernel;
      const timeoutMs = options.timeoutMs ?? defaultAskMs;
      options.signal?.throwIfAborted();
      const mail = this.#mail(to, message);
      const cell = cells.get(to);
      if (cell === undefined) throw new UnknownRecipientError(to);
      mail.replyTo = asks.open({ resolve, reject }, undefined, { to, timeoutMs });
      if (timeoutMs !== Infinity) mail.deadlineMs = clock.nowMs() + timeoutMs;
      if (options.signal !== undefined) this.#giveUpOn(options.signal, mail, reject);
      const refusal = cell.accept(mail);
      if (refusal !== undefined) asks.reject(mail.replyTo, refusal);
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  #giveUpOn(signal: AbortSignal, mail: Mail, reject: (reason: unknown) => void): void {
    const giveUp = (): void => {
      this.#kernel.asks.drop(mail.replyTo!);
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
  }

  #mail(to: Address, message: unknown): Mail {
    if (this.#closed !== undefined) throw new SystemClosedError(this.#closed);
    if (isOversized(message, this.#maxMessageSize)) {
      throw new MessageRefusedError(to, "oversized", `a part of it is longer than ${this.#maxMessageSize} (maxMessageSize); send a reference instead`);
    }
    return new Mail("message", { to, from: undefined, trace: this.#kernel.newTrace() }, message);
  }

  /** The exit of the incarnation that lives at `address`; rejects with `UnknownRecipientError` when nobody does. */
  watch(address: Address): Promise<Exit> {
    const { promise, resolve, reject } = Promise.withResolvers<Exit>();
    if (this.#kernel.cells.has(address)) this.#kernel.watches.addOutside(address, ({ exit }) => resolve(exit));
    else reject(new UnknownRecipientError(address));
    return promise;
  }

  /** The administrative calls of the supervisor at `address`. */
  supervisor(address: Address): SupervisorHandle {
    return supervisorHandle(address, (message) => this.ask(address, message, { timeoutMs: Infinity }));
  }

  /** Tells `observer` everything that happens, until the function it gives back is called. */
  observe(observer: Observer): () => void {
    return this.#kernel.observe(observer);
  }

  /** The address behind a registered name. */
  whereis(name: string): Address | undefined {
    return this.#kernel.registry.whereis(name);
  }

  /** The members of a group. */
  members(group: string): readonly Address[] {
    return this.#kernel.registry.members(group);
  }

  /** The tree as it stands, as plain data. */
  tree(): TreeNode {
    return viewTree(this.#kernel, rootAddress)!;
  }

  /** The newest lost messages, and how many there were by reason. */
  get deadLetters(): { list(): readonly DeadLetter[]; counts(): Readonly<Partial<Record<DeadLetterReason, number>>> } {
    return this.#kernel.deadLetters;
  }

  /** What is still open, for tests of leaks: all zero once the system is closed. */
  get open(): { readonly actors: number; readonly timers: number; readonly asks: number } {
    const { cells, timers, asks } = this.#kernel;
    return { actors: cells.size, timers: timers.pending, asks: asks.size };
  }

  /** Takes nothing new from outside, lets the actors finish what is in their mailboxes, then closes. */
  async drain(timeoutMs = 30_000): Promise<void> {
    this.#closed ??= "it drains";
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = this.#kernel.timers.set(timeoutMs, resolve);
    const look = (): void => {
      if (this.#isIdle() || !deadline.pending) resolve();
      else this.#kernel.clock.defer(look);
    };
    look();
    await promise;
    this.#kernel.timers.cancel(deadline);
    await this.close();
  }

  #isIdle(): boolean {
    if (!this.#kernel.dispatcher.idle) return false;
    for (const { mailbox, life } of this.#kernel.cells.values()) if (mailbox.size > 0 || life?.committing === true) return false;
    return true;
  }

  /** Ends everything, in order, and waits for it. A second call waits for the first. */
  async close(): Promise<void> {
    this.#closed ??= "it is closed";
    if (this.#root.life === undefined) return;
    const ended = this.watch(rootAddress);
    this.#root.life.stop(shutdownExit);
    const exit = await ended;
    this.#root.forget();
    if (exit.kind !== "shutdown") this.#kernel.logger.error({ exit: describeExit(exit) }, "the root did not end in order");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The system takes no messages from outside any more. */
export class SystemClosedError extends ExpectedError {
  override readonly name = "SystemClosedError";
  readonly retryable = false;

  constructor(why: string) {
    super(`the system takes no messages: ${why}`);
  }
}

/** Makes a system of actors with an empty tree. */
export function createActorSystem(options: SystemOptions = {}): ActorSystem {
  return new ActorSystem(options);
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What runs in a cell, by its logic. */
function makeBody(life: Incarnation, logic: Logic): Body {
  if (isMachine(logic)) return new MachineBody(life, { kind: "machine", machine: logic, options: {} });
  switch (logic.kind) {
    case "plain":
      return new PlainBody(life, logic);
    case "machine":
      return new MachineBody(life, logic);
    case "supervisor":
      return new SupervisorBody(life, logic, life.cell.address === rootAddress);
    default:
      return logic satisfies never;
  }
}

function makeRoot(kernel: Kernel): Cell {
  const logic = supervisor({ strategy: "dynamic", maxChildren: 1_000_000 });
  const spec = checkChildOf<Logic>({ strategy: "one-for-one", autoShutdown: "never" }, { id: "root", logic, mailbox: 1_000_000 }, { field: "root", typeOf: typeOfLogic });
  const root = new Cell(kernel, { address: rootAddress, supervisor: { hear: () => {}, account: undefined } }, spec);
  kernel.cells.set(rootAddress, root);
  root.start();
  return root;
}
