import {
  AskFailedError,
  isReservedType,
  MailboxFullError,
  MessageRefusedError,
  toFailure,
  UnknownRecipientError,
  type Address,
  type Endpoint,
  type ReplyTo,
  type SendOutcome,
  type SendRefusal,
  type Transport,
} from "@orgtree/core";
import { Mail, traceText } from "../actor/mail.ts";
import { resumeToward } from "../actor/resumption.ts";
import type { Answer } from "../durable/books.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import { settled } from "../durable/stored-answer.ts";
import type { Answerer } from "../kernel/asks.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Down } from "../kernel/watches.ts";
import { nodeLost, readParcel, writeParcel, type MessageParcel, type Parcel } from "./parcel.ts";

/** Until it is looked again whether somebody who is being restored is there to be watched, in milliseconds. */
const lookAgainMs = 200;

/**
 * The part of a system that deals with other systems: what is for an actor elsewhere goes out as a parcel, and what comes in goes to the
 * actor here.
 *
 * What an actor's books say is owed (`deliver`, durable questions and answers) is sent again from the books when a connection is renewed;
 * what else must not be lost (that something was taken, exit notices) is kept here until it has arrived.
 */
export class Remote {
  readonly #kernel: Kernel;
  readonly #transport: Transport;
  /** By endpoint and by what they are about. */
  readonly #kept = new Map<Endpoint, Map<string, Parcel>>();
  /** Who of ours is watched from elsewhere, and by whom. */
  readonly #watched = new Map<Address, Map<Endpoint, () => void>>();
  /** Nothing more is said: what ends here goes on elsewhere. */
  #isSilent = false;

  constructor(kernel: Kernel, transport: Transport) {
    this.#kernel = kernel;
    this.#transport = transport;
  }

  start(): Promise<void> {
    return this.#transport.start({
      receive: (body, from) => this.#receive(body, from),
      renewed: (endpoint) => this.#renewed(endpoint),
      lost: (endpoint, problem) => this.#lost(endpoint, problem),
    });
  }

  /** Says and hears nothing any more. */
  close(): Promise<void> {
    this.#isSilent = true;
    return this.#transport.close();
  }

  /** Says nothing any more of what happens here: another process goes on with it. */
  silence(): void {
    this.#isSilent = true;
  }

  /** True for an address that another system hosts. */
  hosts(address: Address): boolean {
    return address !== "/" && this.#transport.endpointOf(address) !== this.#transport.endpoint;
  }

  // Out

  /** Sends a message to another system; false where its recipient is none of theirs. */
  send(mail: Mail): boolean {
    const { to, from, message, key, replyTo, deadlineMs, kind } = mail;
    if (kind !== "message" || !this.hosts(to)) return false;
    if (this.#isSilent) return true;
    const parcel: MessageParcel = {
      type: "message",
      to,
      from,
      message,
      trace: this.#traceOf(mail),
      key,
      askId: replyTo?.askId,
      leftMs: deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - this.#kernel.clock.nowMs()),
    };
    this.#transport.send(this.#transport.endpointOf(to), writeParcel(parcel), {
      isKept: key !== undefined,
      ended: (outcome) => this.#sent(mail, outcome),
    });
    return true;
  }

  /** Answers somebody elsewhere whose question is not open here any more; false where nobody there waits. */
  answer({ address, askId }: ReplyTo, outcome: { readonly value: unknown } | { readonly error: Error }, by: Answerer): boolean {
    if (address === undefined || by.key === undefined || !this.hosts(address)) return false;
    this.#sendAnswer(this.#transport.endpointOf(address), { askId, to: address }, { answer: answerOf(outcome, by.address), by });
    return true;
  }

  /** Tells a sender elsewhere that what he sent was stored; false where he is none of theirs. */
  acknowledge(from: Address, key: EffectKey): boolean {
    if (!this.hosts(from)) return false;
    this.#sendKept(this.#transport.endpointOf(from), `taken ${from}#${key}`, { type: "taken", from, key });
    return true;
  }

  /** Wants to hear of the end of an actor; false for one that lives in no other system. */
  watch(target: Address): boolean {
    if (!this.hosts(target)) return false;
    this.#sendKept(this.#transport.endpointOf(target), `watch ${target}`, { type: "watch", target });
    return true;
  }

  #sendAnswer(
    to: Endpoint,
    { askId, to: asker }: { readonly askId: number; readonly to: Address | undefined },
    { answer, by }: { readonly answer: Answer; readonly by: Answerer },
  ): void {
    if (this.#isSilent) return;
    const parcel: Parcel = { type: "answer", askId, to: asker, answer, by: by.address, key: by.key };
    // Whoever asks from outside is gone with his process.
    this.#transport.send(to, writeParcel(parcel), { isKept: by.key !== undefined && asker !== undefined });
  }

  /** Sends what is to arrive whatever happens to the connection. */
  #sendKept(to: Endpoint, about: string, parcel: Parcel): void {
    if (this.#isSilent) return;
    let kept = this.#kept.get(to);
    if (kept === undefined) this.#kept.set(to, (kept = new Map()));
    kept.set(about, parcel);
    this.#transport.send(to, writeParcel(parcel), {
      isKept: true,
      ended: () => {
        // What has been replaced since is another one.
        if (kept.get(about) === parcel && parcel.type !== "watch") kept.delete(about);
      },
    });
  }

  /** What became of a message. One that is kept and not refused is nothing to be told of. */
  #sent(mail: Mail, outcome: SendOutcome): void {
    const { to, replyTo } = mail;
    switch (outcome.type) {
      case "taken":
        return;
      case "refused":
        return this.#refused(mail, outcome.refusal);
      case "unreachable":
      case "unknown": {
        const isDone = outcome.type === "unknown" ? "unknown" : "not-done";
        if (replyTo !== undefined) this.#kernel.asks.reject(replyTo, new AskFailedError(to, isDone, outcome.problem));
        this.#kernel.bury(mail, outcome.type === "unknown" ? "connection-lost" : "unreachable");
      }
    }
  }

  #refused(mail: Mail, { reason, problem, detail }: SendRefusal): void {
    const { to } = mail;
    // It will not be wanted the next time either.
    if (mail.key !== undefined) this.#kernel.acknowledge(mail);
    switch (reason) {
      case "no-recipient":
        return this.#kernel.lose(mail, reason);
      case "mailbox-full":
      case "overload":
        return this.#kernel.refuse(mail, new MailboxFullError(to, Number(detail) || 0));
      case "forged":
      case "oversized":
        return this.#kernel.refuse(mail, new MessageRefusedError(to, reason, problem));
      default:
        return this.#kernel.refuse(mail, new MessageRefusedError(to, "malformed", problem));
    }
  }

  #traceOf({ trace }: Mail): string {
    // The numbers of a system are its own.
    return typeof trace === "number" ? `${this.#transport.endpoint}.${traceText(trace)}` : trace;
  }

  // In

  #receive(body: unknown, from: Endpoint): SendRefusal | undefined {
    const parcel = readParcel(body);
    switch (parcel.type) {
      case "message":
        return this.#receiveMessage(parcel, from);
      case "answer":
        return this.#receiveAnswer(parcel);
      case "taken":
        this.#kernel.taken(parcel.from, parcel.key);
        return undefined;
      case "watch":
        this.#receiveWatch(parcel.target, from);
        return undefined;
      case "unwatch":
        this.#watched.get(parcel.target)?.get(from)?.();
        return undefined;
      case "down":
        this.#receiveDown(parcel);
        return undefined;
      default:
        return parcel satisfies never;
    }
  }

  #receiveMessage({ to, from, message, trace, key, askId, leftMs }: MessageParcel, endpoint: Endpoint): SendRefusal | undefined {
    if (this.hosts(to)) return { reason: "no-recipient", problem: `${to} is not hosted at ${this.#transport.endpoint}` };
    const type = (message as { readonly type?: unknown } | null | undefined)?.type;
    if (typeof type === "string" && isReservedType(type)) return { reason: "forged", problem: `${type} belongs to the runtime` };
    const mail = new Mail("message", { to, from, trace }, message);
    mail.key = key;
    if (askId !== undefined) this.#openAsk(mail, { askId, leftMs, endpoint });
    const error = this.#kernel.bring(mail);
    if (error === undefined) return undefined;
    if (mail.replyTo !== undefined) this.#kernel.asks.drop(mail.replyTo);
    return refusalOf(error);
  }

  /** The question is open here as well, so that whoever answers it need not know from where it came. */
  #openAsk(
    mail: Mail,
    { askId, leftMs, endpoint }: { readonly askId: number; readonly leftMs: number | undefined; endpoint: Endpoint },
  ): void {
    const { asks } = this.#kernel;
    const say = (outcome: { readonly value: unknown } | { readonly error: Error }, by?: Answerer): boolean => {
      const answerer = by ?? { address: mail.to, key: undefined };
      this.#sendAnswer(endpoint, { askId, to: mail.from }, { answer: answerOf(outcome, mail.to), by: answerer });
      return true;
    };
    const asker = {
      resolve: (value: unknown, by?: Answerer) => say({ value }, by),
      reject: (error: Error, by?: Answerer) => say({ error }, by),
    };
    asks.drop({ address: mail.from, askId });
    asks.open(asker, mail, { timeoutMs: leftMs ?? Infinity, askId });
  }

  #receiveAnswer({ askId, to, answer, by, key }: Extract<Parcel, { type: "answer" }>): SendRefusal | undefined {
    const { asks, recovery } = this.#kernel;
    const isTaken = asks.settle({ address: to, askId }, settled(answer), { address: by, key });
    if (isTaken || key === undefined) return undefined;
    // Nobody waits. An asker that is not there again yet will ask again; of the others it was taken, or is too late.
    if (to === undefined || !recovery.mayAskAgain(to)) this.acknowledge(by, key);
    return undefined;
  }

  #receiveWatch(target: Address, from: Endpoint): void {
    const { cells, recovery, timers, watches } = this.#kernel;
    if (this.#watched.get(target)?.has(from) === true) return;
    const hear = (down: Down): void => {
      stop();
      if (!this.#kernel.leaving)
        this.#sendKept(from, `down ${target}`, { type: "down", target, incarnation: down.incarnation, exit: down.exit });
    };
    const stop = (): void => {
      forget();
      this.#watched.get(target)?.delete(from);
    };
    let forget = (): void => {};
    const look = (): void => {
      if (cells.has(target)) forget = watches.addOutside(target, hear);
      else if (recovery.isAwaited({ to: target, key: undefined })) {
        const timer = timers.set(lookAgainMs, look);
        forget = () => timers.cancel(timer);
      } else {
        const failure = {
          class: "crash",
          kind: "no-process",
          name: "NoProcess",
          message: `no actor at ${target}`,
          address: target,
        } as const;
        hear({ address: target, incarnation: 0, exit: { kind: "failure", failure } });
      }
    };
    const watchers = this.#watched.get(target) ?? new Map<Endpoint, () => void>();
    this.#watched.set(target, watchers);
    watchers.set(from, stop);
    look();
  }

  #receiveDown({ target, incarnation, exit }: Extract<Parcel, { type: "down" }>): void {
    this.#kept.get(this.#transport.endpointOf(target))?.delete(`watch ${target}`);
    this.#kernel.watches.notify({ address: target, incarnation, exit }, this.#kernel, this.#kernel.newTrace());
  }

  // Connections

  /** Everything that is owed there goes out again: what the books of actors say, and what is kept here. */
  #renewed(endpoint: Endpoint): void {
    if (this.#isSilent) return;
    const { cells, recovery } = this.#kernel;
    const isThere = (address: Address): boolean => this.#transport.endpointOf(address) === endpoint;
    for (const cell of cells.values()) resumeToward(cell, isThere);
    recovery.handOverAgain(isThere);
    for (const [about, parcel] of Array.from(this.#kept.get(endpoint) ?? [])) this.#sendKept(endpoint, about, parcel);
  }

  #lost(endpoint: Endpoint, problem: string): void {
    if (this.#transport.outlives(endpoint)) return;
    // With its process everything there is gone for good.
    this.#kept.delete(endpoint);
    const { watches } = this.#kernel;
    for (const target of watches.targets())
      if (this.hosts(target) && this.#transport.endpointOf(target) === endpoint)
        watches.notify(
          { address: target, incarnation: 0, exit: { kind: "failure", failure: nodeLost(target, problem) } },
          this.#kernel,
          this.#kernel.newTrace(),
        );
    for (const watchers of this.#watched.values()) watchers.get(endpoint)?.();
  }
}

function answerOf(outcome: { readonly value: unknown } | { readonly error: Error }, by: Address): Answer {
  return "error" in outcome ? { failure: toFailure(outcome.error, by) } : outcome;
}

function refusalOf(error: UnknownRecipientError | MailboxFullError | MessageRefusedError): SendRefusal {
  if (error instanceof MailboxFullError) return { reason: "mailbox-full", problem: error.message, detail: error.capacity };
  if (error instanceof UnknownRecipientError) return { reason: "no-recipient", problem: error.message };
  return { reason: error.reason, problem: error.message };
}
