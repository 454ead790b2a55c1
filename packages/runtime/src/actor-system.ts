import {
  AddressError,
  AskFailedError,
  checkAddress,
  checkChildOf,
  childAddress,
  ExpectedError,
  GivenUpError,
  idOf,
  MessageRefusedError,
  parentAddress,
  rootAddress,
  shutdownExit,
  SpecError,
  toFailure,
  UnknownRecipientError,
  type Address,
  type ChildSpec,
  type DeadLetter,
  type DeadLetterReason,
  type Exit,
  type Logger,
  type Observer,
  type RollbackReport,
} from "@orgtree/core";
import type { Cell } from "./actor/cell.ts";
import { checkMs, defaultAskMs } from "./actor/incarnation-turn.ts";
import { JournalStore } from "./durable/journal-store.ts";
import { RollbackError } from "./durable/rollback-error.ts";
import { notStoredHere } from "./durable/stored-whole.ts";
import { ConsentError, needsConsent } from "./durable/consent-error.ts";
import { RestoringStore } from "./durable/restoring-store.ts";
import { noPast, type StoredPast } from "./durable/stored-past.ts";
import { Kernel, type KernelOptions } from "./kernel/kernel.ts";
import { impatientAsker, OutsideAsker, watchUntil } from "./kernel/outside.ts";
import { untilQuiet, untilStill } from "./kernel/quiet.ts";
import { makeBody, makeRoot } from "./root.ts";
import { typeOfLogic, type Logic } from "./logic.ts";
import { Mail } from "./actor/mail.ts";
import { checkMessageFromOutside } from "./actor/store-door.ts";
import { isOversized } from "./actor/message-size.ts";
import { Compensations } from "./supervisor/compensations.ts";
import { supervisorHandle, type StartedChild, type SupervisorHandle } from "./supervisor/supervisor.ts";
import type { AskOptions, RollbackOptions, StartOptions, SystemOptions, WatchOptions } from "./system-options.ts";
import { systemClock, systemRandom } from "./time/system-clock.ts";
import { viewTree, type TreeNode } from "./tree-view.ts";

const kernels = new WeakMap<ActorSystem, Kernel>();

/** What is behind the door, for the runtime's own parts. */
export function kernelOf(system: ActorSystem): Kernel {
  return kernels.get(system)!;
}

/** Where turns are stored, and what is known of those that are stored already. */
type Storage = Pick<KernelOptions, "store" | "past" | "afterCommit">;

/** A running system of actors: the door for code outside the tree. */
export class ActorSystem {
  readonly #kernel: Kernel;
  readonly #root: Cell;
  /** Settles when the journal was read, where there is one. */
  readonly #ready: Promise<void> | undefined;
  readonly #maxMessageSize: number;
  #closed: string | undefined;
  /** Why the root ended, where that was not in order. */
  #rootEnd: string | undefined;

  constructor(options: SystemOptions, storage: Storage) {
    this.#kernel = new Kernel({
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      logger: options.logger ?? silent,
      ...storage,
      commitMs: checkOption(options.commitMs ?? 30_000, "commitMs"),
      stallMs: checkOption(options.stallMs ?? 100, "stallMs"),
      keepDeadLetters: checkOption(options.keepDeadLetters ?? 1_000, "keepDeadLetters"),
      freeze: options.freeze ?? false,
      transport: options.transport,
      placing: { specOf: options.specOf, about: options.about },
      makeBody,
    });
    kernels.set(this, this.#kernel);
    this.#maxMessageSize = checkOption(options.maxMessageSize ?? 1_048_576, "maxMessageSize");
    this.#root = makeRoot(this.#kernel, (why) => (this.#rootEnd = `its root has ended: ${why}`));
    const { past } = this.#kernel;
    if (past === noPast) this.#root.start(0);
    if (past === noPast && this.#kernel.remote === undefined) return;
    this.#ready = this.#load(past);
    this.#ready.catch(() => {}); // Whoever starts something hears of it.
  }

  /** Nobody lives before the journal is read, and nothing from elsewhere is taken. */
  async #load(past: StoredPast): Promise<void> {
    if (past !== noPast) {
      this.#kernel.nextSeq = await past.load();
      this.#root.seq = this.#kernel.nextSeq;
      this.#root.start(0);
    }
    await this.#kernel.remote?.start();
  }

  /**
   * Starts an actor at the top of the tree, under the root, which restarts it as its spec says and never gives up itself.
   *
   * With a journal it goes on where it was when the last process ended. Where it was given up because of a failure it does not
   * start: it rejects with `GivenUpError`, which says why, and what to do. Rejects with `SupervisorCallError` or `SpecError`, with
   * `SystemClosedError` when the root has ended, as for a store that is damaged.
   * Gives back its address.
   */
  async start(spec: ChildSpec<Logic>, { fresh = false }: StartOptions = {}): Promise<Address> {
    // Checked here too, so that the error names the caller's own field.
    const checked = checkChildOf({ strategy: "dynamic", autoShutdown: "never" }, spec, { field: "spec", typeOf: typeOfLogic });
    if (this.#ready !== undefined) await this.#ready;
    if (this.#rootEnd !== undefined) throw new SystemClosedError(this.#rootEnd);
    const top = childAddress(rootAddress, checked.id);
    if (fresh) this.#kernel.past.checkParked(top);
    const message = { type: "start-child", spec, fresh };
    const starting = this.ask(rootAddress, message, { timeoutMs: Infinity }) as Promise<StartedChild>;
    const started = await starting.catch((error: unknown) => this.#notStarted(error));
    return started.address ?? top;
  }

  /** Of a tree that was given up the journal knows where it was before that; and why the root has ended says more than that it is not there. */
  async #notStarted(error: unknown): Promise<never> {
    if (error instanceof GivenUpError) {
      const { address, failure, at } = error;
      // Where the journal cannot tell, the error that is known says more than why not.
      const places = await this.#kernel.past.findGivingUp(address, { failure, seq: at.seq }).catch(() => undefined);
      throw places === undefined ? error : new GivenUpError(address, { failure, ...places });
    }
    const isGone = error instanceof AskFailedError || error instanceof UnknownRecipientError;
    if (this.#rootEnd !== undefined && isGone) throw new SystemClosedError(this.#rootEnd, { cause: error });
    throw error;
  }

  /** Ends the actor at `address` for good, through its supervisor. Rejects with `AddressError` for the root: `close` ends it. */
  async stop(address: Address): Promise<void> {
    const parent = parentAddress(checkAddress(address));
    if (parent === undefined) throw new AddressError(address, "the root is ended by close()");
    await this.ask(parent, { type: "terminate-child", id: idOf(address) }, { timeoutMs: Infinity });
  }

  /**
   * Puts an actor and all below it back to a checkpoint: by default the newest one among them, else the newest of that name, or
   * the turn of that number of the actor itself. It is stopped first, if it runs, and goes on from there.
   *
   * Messages from outside that were taken since are delivered again; what they exchanged among themselves is gone. Gives back
   * what was put back, and what stands. Where something stands that cannot be taken back, and `consent` is not given, it
   * rejects with `ConsentError` and nothing has happened. Rejects with `RollbackError` when there is no such checkpoint.
   */
  async rollBack(address: Address, options: RollbackOptions = {}): Promise<RollbackReport> {
    const { to, consent = false } = options;
    const parent = parentAddress(checkAddress(address));
    if (parent === undefined) throw new AddressError(address, "the root cannot be rolled back; roll back what is below it");
    const { past, remote } = this.#kernel;
    if (remote?.hosts(address) === true) throw notStoredHere(address, address);
    const goBack = async (): Promise<RollbackReport> => {
      const call = { type: "rollback-child", id: idOf(address), to };
      return ((await this.ask(parent, call, { timeoutMs: Infinity })) as { info: RollbackReport }).info;
    };
    const preview = (): Promise<RollbackReport> => past.previewRollback(address, { to });
    if (consent) {
      await preview();
      return goBack();
    }
    // What is begun between the look and the stop would stand as well, and nobody would have been asked.
    this.#kernel.pauses.begin(address);
    try {
      if (!(await untilStill(this.#kernel, address, this.#kernel.commitMs)))
        throw new RollbackError(address, "its turns do not come to an end; try again, or give consent to whatever stands");
      this.#checkStanding(address, await preview());
      return await goBack();
    } finally {
      this.#kernel.endPause(address);
    }
  }

  #checkStanding(address: Address, report: RollbackReport): void {
    const spec = this.#kernel.cells.get(address)?.spec;
    const compensations = spec === undefined ? undefined : new Compensations(this.#kernel, { top: address, spec });
    const problems = report.standing.filter((effect) => needsConsent(effect) && compensations?.find(effect) === undefined);
    if (problems.length > 0) throw new ConsentError(address, problems, report);
  }

  /**
   * Sends a message, at most once. Throws when it is refused, so that the caller keeps it: `MailboxFullError`,
   * `MessageRefusedError`, `SystemClosedError`. A message for nobody becomes a dead letter.
   */
  tell(to: Address, message: unknown): void {
    const mail = this.#mail(to, message);
    const cell = this.#kernel.cells.get(to);
    if (cell === undefined) {
      if (this.#kernel.remote?.mail.send(mail) !== true) this.#kernel.bury(mail, "no-recipient");
      return;
    }
    const refusal = cell.accept(mail);
    if (refusal !== undefined) throw refusal;
  }

  /**
   * Asks and waits for the answer. Rejects with `AskTimeoutError` (outcome unknown), `AskFailedError` (it ended),
   * `UnknownRecipientError`, `MailboxFullError`, or the error that the actor answered with.
   */
  ask(to: Address, message: unknown, options: AskOptions = {}): Promise<unknown> {
    const asking = Promise.withResolvers<unknown>();
    try {
      const { asks, cells, remote } = this.#kernel;
      const timeoutMs = checkMs(options.timeoutMs ?? defaultAskMs, "timeoutMs");
      options.signal?.throwIfAborted();
      const mail = this.#mail(to, message);
      const cell = cells.get(to);
      if (cell === undefined && remote?.hosts(to) !== true) throw new UnknownRecipientError(to);
      const plain = new OutsideAsker(this.#kernel, to, asking);
      const asker = options.signal === undefined ? plain : impatientAsker(this.#kernel, mail, { asker: plain, signal: options.signal });
      const replyTo = asks.open(asker, mail, { timeoutMs });
      const refusal = cell === undefined ? void remote!.mail.send(mail) : cell.accept(mail);
      if (refusal !== undefined) asks.reject(replyTo, refusal);
    } catch (error) {
      asking.reject(error);
    }
    return asking.promise;
  }

  #mail(to: Address, message: unknown): Mail {
    if (this.#closed !== undefined) throw new SystemClosedError(this.#closed);
    if (isTooLong(to, message, this.#maxMessageSize)) {
      throw new MessageRefusedError(
        to,
        "oversized",
        `a part of it is longer than ${this.#maxMessageSize} (maxMessageSize); send a reference instead`,
      );
    }
    checkMessageFromOutside(this.#kernel, to, message);
    return new Mail("message", { to, from: undefined, trace: this.#kernel.newTrace() }, message);
  }

  /**
   * The exit of the incarnation that lives at `address`, or of the next one while it is being restarted; rejects with
   * `UnknownRecipientError` when there is no such actor.
   */
  watch(address: Address, options: WatchOptions = {}): Promise<Exit> {
    const { promise, resolve, reject } = Promise.withResolvers<Exit>();
    const { signal } = options;
    if (signal?.aborted === true) reject(signal.reason);
    else if (!this.#kernel.cells.has(address) && this.#kernel.remote?.watches.watch(address) !== true)
      reject(new UnknownRecipientError(address));
    else if (signal === undefined) this.#kernel.watches.addOutside(address, ({ exit }) => resolve(exit));
    else watchUntil(this.#kernel, address, { signal, resolve, reject });
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

  /**
   * Has something stored with the next turn of an actor, as an effect of kind `orgtree.note`: what was done on its behalf, so that who
   * reads the journal finds it there no later than what follows from it. Nothing where there is no journal, or no such actor.
   */
  note(address: Address, what: unknown): void {
    this.#kernel.cells.get(address)?.note(what);
  }

  /**
   * The state of a plain actor as its newest turn left it that is stored; undefined where nobody lives, and of others. For who only looks: it
   * takes no turn.
   */
  peek(address: Address): unknown {
    return this.#kernel.cells.get(address)?.life?.body?.installed?.();
  }

  /** The tree as it stands, as plain data. */
  tree(): TreeNode {
    return viewTree(this.#kernel, rootAddress);
  }

  /** The trees of those who live here, and whose supervisors live in other systems. */
  branches(): readonly TreeNode[] {
    const { remote, cells } = this.#kernel;
    const all = remote?.hosted.addresses() ?? [];
    return all.filter((address) => cells.has(address)).map((address) => viewTree(this.#kernel, address));
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

  /**
   * Takes nothing new from outside, lets the actors finish what is in their mailboxes, then closes.
   *
   * Does not wait for what takes time: work, timers, answers from elsewhere. After `timeoutMs` (default 30,000) it closes
   * all the same, and what is left becomes dead letters.
   */
  async drain(timeoutMs = 30_000): Promise<void> {
    this.#closed ??= "it drains";
    await untilQuiet(this.#kernel, checkMs(timeoutMs, "timeoutMs"));
    await this.close();
  }

  /** Ends everything, in order, and waits for it. A second call waits for the first. */
  async close(): Promise<void> {
    this.#closed = "it is closed";
    // What is stored stays as it is: whoever opens it again goes on from there.
    this.#kernel.leave();
    // Never on the stack of an actor that asks for it: nobody is ended in the middle of a turn.
    await Promise.resolve();
    await this.#kernel.remote?.hosted.close();
    if (this.#root.life !== undefined) {
      const ended = this.watch(rootAddress);
      this.#root.life.stop(shutdownExit);
      await ended;
    }
    this.#kernel.timers.close();
    await this.#kernel.remote?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The system takes no messages from outside any more. */
export class SystemClosedError extends ExpectedError {
  override readonly name = "SystemClosedError";
  readonly retryable = false;

  constructor(why: string, options?: ErrorOptions) {
    super(`the system takes no messages: ${why}`, options);
  }
}

/** Makes a system of actors with an empty tree. */
export function createActorSystem(options: SystemOptions = {}): ActorSystem {
  return new ActorSystem(options, storageOf(options));
}

/** Everything is stored in the journal, where there is one. */
function storageOf({ journal, clock = systemClock, logger = silent, restores = false }: SystemOptions): Storage {
  const stored = journal === undefined ? undefined : new JournalStore(journal, { epochMs: () => clock.epochMs(), logger });
  const past = stored ?? noPast;
  if (!restores) return { store: stored, past };
  const store = new RestoringStore(stored);
  return { store, past, afterCommit: (life, turn) => store.relive(life, turn) };
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Throws `MessageRefusedError` for a message that cannot be read, such as a proxy that throws. */
function isTooLong(to: Address, message: unknown, limit: number): boolean {
  try {
    return isOversized(message, limit);
  } catch (error) {
    throw new MessageRefusedError(to, "malformed", `it cannot be read: ${toFailure(error).message}`);
  }
}

/** A count or a limit of the system's. */
function checkOption(value: number, field: string): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new SpecError(field, `a number of at least 0, not ${String(value)}`);
}
