import type { Mail } from "./mail.ts";

/**
 * A bounded first-in first-out queue in front of an actor.
 *
 * Signals share the queue, so that an exit notice never overtakes earlier messages of the same sender, but not the bound:
 * they are never refused. The mailbox outlives the incarnations of its actor.
 */
export class Mailbox {
  readonly capacity: number;
  /** A ring of a power of two slots; undefined while nothing ever came, which keeps idle actors small. */
  #ring: (Mail | undefined)[] | undefined;
  #head = 0;
  #size = 0;
  /** Messages of users, which alone count against the capacity. */
  #messages = 0;
  /** Numbered messages for which there is no room yet. */
  #waiting: Mail[] = noMails;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Messages of users in the mailbox; the caller holds them against the capacity. */
  get messages(): number {
    return this.#messages;
  }

  /** True when there is no room, or others wait for it. What is put aside counts too. */
  isFull(stashed: number): boolean {
    return this.#messages + stashed >= this.capacity || this.#waiting.length > 0;
  }

  get hasWaiting(): boolean {
    return this.#waiting !== noMails;
  }

  /** What is numbered is not refused: it waits in front of the mailbox, in order; its senders' outboxes bound how much that can be. */
  letWait(mail: Mail): void {
    if (this.#waiting === noMails) this.#waiting = [mail];
    else this.#waiting.push(mail);
  }

  /** Lets in what waited, as far as there is room. */
  letIn(stashed: number): void {
    let at = 0;
    while (at < this.#waiting.length && this.#messages + stashed < this.capacity) this.push(this.#waiting[at++]!);
    this.#waiting = at === this.#waiting.length ? noMails : this.#waiting.slice(at);
  }

  /** All that waits; nothing does afterwards. */
  takeWaiting(): readonly Mail[] {
    const waiting = this.#waiting;
    this.#waiting = noMails;
    return waiting;
  }

  push(mail: Mail): void {
    if (mail.kind === "message") this.#messages++;
    const ring = this.#roomy();
    ring[(this.#head + this.#size) & (ring.length - 1)] = mail;
    this.#size++;
  }

  shift(): Mail | undefined {
    if (this.#size === 0) return undefined;
    const ring = this.#ring!;
    const mail = ring[this.#head]!;
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    this.#size--;
    if (mail.kind === "message") this.#messages--;
    if (this.#size === 0 && ring.length > 64) this.#ring = undefined;
    return mail;
  }

  /** Puts mails back in front, the first of them first; they were in the mailbox before, so the bound does not apply. */
  putBack(mails: readonly Mail[]): void {
    for (let index = mails.length - 1; index >= 0; index--) {
      const mail = mails[index]!;
      const ring = this.#roomy();
      this.#head = (this.#head - 1) & (ring.length - 1);
      ring[this.#head] = mail;
      this.#size++;
      if (mail.kind === "message") this.#messages++;
    }
  }

  /** Everything that is left, oldest first; the mailbox is empty afterwards. */
  empty(): Mail[] {
    const mails: Mail[] = [];
    for (let mail = this.shift(); mail !== undefined; mail = this.shift()) mails.push(mail);
    this.#ring = undefined;
    return mails;
  }

  /** Takes out what is no user's message: signals and internal events, which belong to one incarnation. Oldest first. */
  takeNotices(): readonly Mail[] {
    if (this.#size === this.#messages) return [];
    const mails = this.empty();
    for (const mail of mails) if (mail.kind === "message") this.push(mail);
    return mails.filter((mail) => mail.kind !== "message");
  }

  #roomy(): (Mail | undefined)[] {
    if (this.#ring === undefined) {
      this.#head = 0;
      this.#ring = [undefined, undefined, undefined, undefined];
    } else if (this.#size === this.#ring.length) {
      const grown = this.#ring.slice(this.#head).concat(this.#ring.slice(0, this.#head));
      grown.length = 2 * this.#size;
      this.#head = 0;
      this.#ring = grown;
    }
    return this.#ring;
  }
}

const noMails: Mail[] = [];
