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
} from "@orgtree/core";
import { Mail, traceText } from "../actor/mail.ts";
import type { Answer } from "../durable/books.ts";
import { settled } from "../durable/stored-answer.ts";
import type { Answerer } from "../kernel/asks.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { MessageParcel, Parcel } from "./parcel.ts";
import type { Remote } from "./remote.ts";

type Outcome = { readonly value: unknown } | { readonly error: Error };

/** Messages, questions and answers between actors of different systems. */
export class RemoteMail {
  readonly #kernel: Kernel;
  readonly #remote: Remote;

  constructor(kernel: Kernel, remote: Remote) {
    this.#kernel = kernel;
    this.#remote = remote;
  }

  // Out

  /** Sends a message to another system; false where its recipient is none of theirs. */
  send(mail: Mail): boolean {
    const { to, from, message, key, replyTo, deadlineMs, kind } = mail;
    if (kind !== "message" || !this.#remote.hosts(to)) return false;
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
    this.#remote.sendParcel(this.#remote.endpointOf(to), parcel, {
      isKept: key !== undefined,
      ended: (outcome) => this.#sent(mail, outcome),
    });
    return true;
  }

  /** Answers somebody elsewhere whose question is not open here any more; false where nobody there waits. */
  answer({ address, askId }: ReplyTo, outcome: Outcome, by: Answerer): boolean {
    if (address === undefined || by.key === undefined || !this.#remote.hosts(address)) return false;
    this.#sendAnswer(this.#remote.endpointOf(address), { askId, to: address }, { answer: answerOf(outcome, by.address), by });
    return true;
  }

  #sendAnswer(
    to: Endpoint,
    { askId, to: asker }: { readonly askId: number; readonly to: Address | undefined },
    { answer, by }: { readonly answer: Answer; readonly by: Answerer },
  ): void {
    const parcel: Parcel = { type: "answer", askId, to: asker, answer, by: by.address, key: by.key };
    // Whoever asks from outside is gone with his process.
    this.#remote.sendParcel(to, parcel, { isKept: by.key !== undefined && asker !== undefined });
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
      case "forbidden":
        return this.#kernel.forbid(mail, problem);
      case "forged":
      case "oversized":
        return this.#kernel.refuse(mail, new MessageRefusedError(to, reason, problem));
      default:
        return this.#kernel.refuse(mail, new MessageRefusedError(to, "malformed", problem));
    }
  }

  #traceOf({ trace }: Mail): string {
    // The numbers of a system are its own.
    return typeof trace === "number" ? `${this.#remote.endpoint}.${traceText(trace)}` : trace;
  }

  // In

  receiveMessage({ to, from, message, trace, key, askId, leftMs }: MessageParcel, endpoint: Endpoint): SendRefusal | undefined {
    if (this.#remote.hosts(to)) return { reason: "no-recipient", problem: `${to} is not hosted at ${this.#remote.endpoint}` };
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
    const say = (outcome: Outcome, by?: Answerer): boolean => {
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

  receiveAnswer({ askId, to, answer, by, key }: Extract<Parcel, { type: "answer" }>): void {
    const { asks, recovery } = this.#kernel;
    const [replyTo, outcome] = [{ address: to, askId }, settled(answer)];
    const isTaken = asks.settle(replyTo, outcome, { address: by, key });
    if (isTaken || key === undefined) return;
    // Nobody waits. An asker that is not there again yet may ask again; of the others it was taken, or is too late.
    if (!recovery.keepsAnswer({ to: replyTo, outcome, by: { address: by, key } })) this.#remote.acknowledge(by, key);
  }
}

function answerOf(outcome: Outcome, by: Address): Answer {
  return "error" in outcome ? { failure: toFailure(outcome.error, by) } : outcome;
}

function refusalOf(error: UnknownRecipientError | MailboxFullError | MessageRefusedError): SendRefusal {
  if (error instanceof MailboxFullError) return { reason: "mailbox-full", problem: error.message, detail: error.capacity };
  if (error instanceof UnknownRecipientError) return { reason: "no-recipient", problem: error.message };
  return { reason: error.reason, problem: error.message };
}
