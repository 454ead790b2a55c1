/**
 * Recovery: who of those that are stored is not up again yet, and what waits for him.
 *
 * A tree is a child of the root, or of a supervisor in another system, with all of this system that is below it. After a restart of the process it comes up piece by piece, from its top
 * down; and so does a subtree that is put back to an earlier state.
 *
 * Rules, in the order in which they come into play
 *   R1. Mail for somebody who is stored and not up is kept: any, until his tree is whole; after that what was delivered, which
 *       its sender keeps as well, as long as a supervisor above remembers him. It goes on to him as soon as he is up.
 *   R2. A subtree that is put back is awaited in the same way, stored or not, from the decision on until it is up or is not to be; but
 *       not by those in it who are still to be stopped.
 *   R3. A tree is whole when each of its supervisors that was restored has its children; without any, when its top is up.
 *   R4. What a life has to do about the time before (`RecoveryWork`) it does when its tree is whole: all do first what others wait for,
 *       and only then what may end them. A life that has ended by then hands over what it had sent.
 *   R5. Then what those had sent who are stored in the tree and are no part of it any more is handed over, and last the mail that was kept.
 *   R6. An answer for who may ask again, as his tree is not whole or he is put back, is kept by who gave it. Where he is there then
 *       and has not asked, it is too late.
 *   R7. A tree that was given up counts as whole: nobody waits for it. What it had sent to others arrives.
 */
import { idOf, isWithin, parentAddress, type Address, type ReplyTo } from "@orgtree/core";
import type { Incarnation } from "../actor/incarnation.ts";
import { Mail } from "../actor/mail.ts";
import type { Orphan } from "../durable/orphans.ts";
import { settled } from "../durable/stored-answer.ts";
import type { Giver, Outcome } from "./asks.ts";
import type { Kernel } from "./kernel.ts";

/** What is done for a life when its tree is whole. */
export interface RecoveryWork {
  goOn(): void;
  /** When all others have gone on too: what may fail it, of which those have to hear who wait for its answers. */
  begin?(): void;
  /** It has ended meanwhile: only what it had sent, which belongs to its place. */
  handOver(): void;
}

/** The answer to a question, and who gave it. */
export interface GivenAnswer {
  readonly to: ReplyTo;
  readonly outcome: Outcome;
  readonly by: Giver;
}

/** A life that waits for that. */
interface Waiting {
  readonly life: Incarnation;
  readonly work: RecoveryWork;
}

/** How the trees of a system come up again; see the head of this file. */
export class Recovery {
  readonly #kernel: Kernel;
  readonly #kept = new Map<Address, Mail[]>();
  #waiting: Waiting[] = [];
  /** How many supervisors still start what they had, by the top of their tree. */
  readonly #starting = new Map<Address, number>();
  /** The tops of the trees that are whole. */
  readonly #whole = new Set<Address>();
  /** The tops of subtrees that are put back; true when they are started. */
  readonly #goingBack = new Map<Address, boolean>();
  /** Answers that are kept (R6). */
  #answers: GivenAnswer[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  // Mail

  /** Takes a mail for an address where nobody lives: to keep it (R1, R2), or since its answer is known. False where that is no concern of ours. */
  takes(mail: Mail): boolean {
    if (this.isAwaited(mail) && !this.#isUndone(mail)) {
      const kept = this.#kept.get(mail.to);
      if (kept === undefined) this.#kept.set(mail.to, [mail]);
      else kept.push(mail);
      return true;
    }
    const orphan = mail.replyTo === undefined ? undefined : this.#kernel.orphans.answerTo(mail.to, mail.replyTo);
    if (orphan !== undefined) this.#handOver(orphan);
    return orphan !== undefined;
  }

  /** Somebody will be there who is not yet (R1, R2). */
  isAwaited({ to, key }: Pick<Mail, "to" | "key">): boolean {
    if (this.#isGoingBack(to)) return true;
    if (!this.#kernel.past.has(to)) return false;
    return !this.#isWhole(to) || (key !== undefined && this.#isRemembered(to));
  }

  /** Who sent it is to be put back as well: what he sends until then never happens. */
  #isUndone({ to, from }: Mail): boolean {
    if (from === undefined) return false;
    for (const [top, isStarted] of this.#goingBack) if (!isStarted && isWithin(to, top) && isWithin(from, top)) return true;
    return false;
  }

  #isGoingBack(address: Address): boolean {
    if (this.#goingBack.size > 0) for (const top of this.#goingBack.keys()) if (isWithin(address, top)) return true;
    return false;
  }

  /** The supervisor above, the next one that lives, knows of an earlier child there whose specification it has not. */
  #isRemembered(address: Address): boolean {
    for (let below = address; ;) {
      const above = parentAddress(below);
      if (above === undefined) return false;
      const cell = this.#kernel.cells.get(above);
      if (cell !== undefined) return cell.life?.body?.remembers?.(idOf(below)) === true;
      below = above;
    }
  }

  /** Brings what was kept for an address to who lives there now; or it is kept anew, or lost. */
  release(address: Address): void {
    const kept = this.#kept.get(address);
    if (kept === undefined) return;
    this.#kept.delete(address);
    for (const mail of kept) this.#kernel.send(mail);
  }

  /** The same for an address and all below it. */
  releaseBelow(top: Address): void {
    for (const address of Array.from(this.#kept.keys())) if (isWithin(address, top)) this.release(address);
  }

  // Answers

  /** Keeps an answer for whoever may ask again (R6); false where nobody will. */
  keepsAnswer(answer: GivenAnswer): boolean {
    const { address } = answer.to;
    if (address === undefined || !this.mayAskAgain(address)) return false;
    const isSame = ({ to, by }: GivenAnswer): boolean =>
      to.askId === answer.to.askId && by.address === answer.by.address && by.key === answer.by.key;
    // From elsewhere it comes again with each connection.
    if (!this.#answers.some(isSame)) this.#answers.push(answer);
    return true;
  }

  /** Who was awaited at an address and below it is there, or is not to be. */
  #endAnswers(top: Address): void {
    const due = this.#answers.filter(({ to }) => isWithin(to.address!, top) && !this.mayAskAgain(to.address!));
    if (due.length === 0) return;
    this.#answers = this.#answers.filter((answer) => !due.includes(answer));
    // Who asks again gets it from who gave it.
    for (const answer of due) if (!this.#kernel.asks.isOpen(answer.to)) this.#kernel.loseAnswer(answer);
  }

  // Trees

  /** Whoever lives at an address may still ask again what he asked before: his tree is not whole, or he goes back. */
  mayAskAgain(address: Address): boolean {
    return !this.#isWhole(address) || this.#isGoingBack(address);
  }

  /** The tree of an address is there, as far as this system knows of it. */
  #isWhole(address: Address): boolean {
    return this.#whole.has(this.#kernel.topOf(address));
  }

  /** A supervisor was restored, and starts its children. */
  supervisorBegins(address: Address): void {
    const top = this.#kernel.topOf(address);
    this.#starting.set(top, (this.#starting.get(top) ?? 0) + 1);
  }

  /** Its children are there, or it has ended (R3). */
  supervisorDone(address: Address): void {
    const top = this.#kernel.topOf(address);
    const left = this.#starting.get(top)! - 1;
    if (left > 0) return void this.#starting.set(top, left);
    this.#starting.delete(top);
    this.becomesWhole(top);
  }

  /** The tree at `top` is whole (R4, R5). */
  becomesWhole(top: Address): void {
    const isOfIt = ({ life }: Waiting): boolean => this.#kernel.topOf(life.cell.address) === top;
    const due = this.#waiting.filter(isOfIt);
    this.#waiting = this.#waiting.filter((each) => !isOfIt(each));
    goOn(due);
    this.#whole.add(top);
    for (const [other, isUp] of this.#goingBack) if (isUp && isWithin(other, top)) this.#goingBack.delete(other);
    for (const orphan of this.#orphansOf(top)) this.#handOver(orphan);
    this.releaseBelow(top);
    this.#endAnswers(top);
    this.#kernel.remote?.children.reclaim(top);
  }

  /** Has work done when the tree of a life is whole, perhaps at once (R4). */
  whenWhole(life: Incarnation, work: RecoveryWork): void {
    const { address } = life.cell;
    if (this.#isWhole(address) && !this.#starting.has(this.#kernel.topOf(address))) goOn([{ life, work }]);
    else this.#waiting.push({ life, work });
  }

  /** The tree at `top` was given up by an earlier process, and stays as it is (R7). */
  staysAway(top: Address): void {
    this.#whole.add(top);
    for (const orphan of this.#orphansOf(top)) if (!isWithin(recipientOf(orphan) ?? top, top)) this.#handOver(orphan);
    this.#endAnswers(top);
    this.#kernel.remote?.children.reclaim(top);
  }

  /** It does not: it is begun afresh. */
  beginsAfresh(top: Address): void {
    this.#whole.delete(top);
  }

  // Subtrees that are put back

  /** It will be there again (R2). */
  goesBack(top: Address): void {
    this.#goingBack.set(top, false);
  }

  /** It is started: it is there at once, or, where it is a supervisor that has to start those below it, when its tree is whole. */
  comesUp(top: Address): void {
    if (this.#goingBack.has(top)) this.#goingBack.set(top, true);
  }

  /** It is there, or is not to be. */
  isBack(top: Address): void {
    if (!this.#goingBack.delete(top) || this.#kernel.leaving) return;
    this.releaseBelow(top);
    this.#endAnswers(top);
  }

  // What places owe that nobody has taken over

  /** All that is owed to some of those elsewhere goes out again. */
  handOverAgain(isTo: (recipient: Address) => boolean): void {
    for (const orphan of Array.from(this.#kernel.orphans.all())) {
      const recipient = recipientOf(orphan);
      if (recipient !== undefined && isTo(recipient)) this.#handOver(orphan);
    }
  }

  *#orphansOf(top: Address): Iterable<Orphan> {
    const { past, orphans } = this.#kernel;
    for (const [address, { durable }] of past.untaken(top))
      if (this.#kernel.topOf(address) === top) yield* orphans.keepFound(address, durable.books);
  }

  #handOver({ from, key, pending }: Orphan): void {
    if (pending.kind === "reply") return this.#kernel.answer(pending.to, settled(pending.answer), { address: from, key });
    const mail = new Mail("message", { to: pending.to, from, trace: this.#kernel.newTrace() }, pending.message);
    mail.key = key;
    this.#kernel.send(mail);
  }
}

function goOn(waiting: readonly Waiting[]): void {
  for (const { life, work } of waiting) {
    if (life.phase === "ended") work.handOver();
    else work.goOn();
  }
  for (const { life, work } of waiting) if (life.phase !== "ended") work.begin?.();
}

function recipientOf({ pending: { to } }: Orphan): Address | undefined {
  return typeof to === "string" ? to : to.address;
}
