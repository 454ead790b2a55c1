import {
  childAddress,
  noAmount,
  shutdownExit,
  toFailure,
  type Address,
  type Amount,
  type Supervision,
  type SupervisionEvent,
  type SupervisionStep,
} from "@orgtree/core";
import { Cell } from "../actor/cell.ts";
import type { Supervisor } from "../actor/supervisor-link.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { notStoredHere } from "../durable/stored-whole.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { Logic } from "../logic.ts";
import { RemoteChild } from "../remote/remote-child.ts";
import type { Timer } from "../time/timer-queue.ts";
import { undoFor } from "./compensations.ts";

/** What a supervisor does to its children, once it is decided: their places, their starts and retries, what becomes of what they spent. */
export class Children {
  readonly #life: Incarnation;
  readonly #supervision: Supervision<Logic>;
  readonly #supervisor: Supervisor;
  readonly #retries = new Map<string, Timer>();
  /** Those who are started as soon as work of before is taken back. */
  readonly #owing = new Map<string, Cell>();

  constructor(life: Incarnation, supervision: Supervision<Logic>, supervisor: Supervisor) {
    this.#life = life;
    this.#supervision = supervision;
    this.#supervisor = supervisor;
  }

  get(id: string): Cell | RemoteChild | undefined {
    const { kernel } = this.#life.cell;
    const address = this.#addressOf(id);
    return kernel.cells.get(address) ?? kernel.remote?.children.get(address);
  }

  #addressOf(id: string): Address {
    return childAddress(this.#life.cell.address, id);
  }

  /** The place of a child, made where there is none. Its mailbox is open from then on. */
  place(id: string): Cell | RemoteChild {
    const { kernel } = this.#life.cell;
    const address = this.#addressOf(id);
    const { birth, spec } = this.#supervision.table.get(id)!;
    if (kernel.remote?.hosts(address) === true) return kernel.remote.children.place(address, this.#supervisor, { birth, spec });
    let cell = kernel.cells.get(address);
    if (cell === undefined) {
      cell = new Cell(kernel, { address, supervisor: this.#supervisor }, spec);
      kernel.cells.set(address, cell);
    }
    cell.spec = spec;
    return cell;
  }

  /**
   * Begins its next life; `resumed` is called when that goes on where the stored one was. `isUp`: it ran when the process of its supervisor
   * ended, and does so still where it lives in another one.
   */
  start(id: string, how: { readonly isUp: boolean; readonly resumed: () => void }): void {
    const { kernel } = this.#life.cell;
    const cell = this.place(id);
    const { birth } = this.#supervision.table.get(id)!;
    if (cell instanceof RemoteChild) {
      cell.start(kernel.store === undefined ? kernel.remote!.newBirth() : birth, how);
      return;
    }
    if (kernel.past.owesUndo(cell.address)) return this.#takeBackFirst(id, cell, how);
    kernel.recovery.comesUp(cell.address);
    const isSame = cell.start(birth, kernel.past.take(cell.address));
    kernel.recovery.release(cell.address);
    if (cell.life?.body?.isSupervisor !== true) kernel.recovery.isBack(cell.address);
    if (isSame) how.resumed();
  }

  /** Somebody put it back while nobody was there to take its work back: that comes first, as in any rollback. */
  #takeBackFirst(id: string, cell: Cell, how: Parameters<Children["start"]>[1]): void {
    const { kernel } = this.#life.cell;
    const { address: top, spec } = cell;
    const seq = kernel.nextSeq++;
    this.#owing.set(id, cell);
    const isWanted = (): boolean => this.#owing.get(id) === cell && kernel.cells.get(top) === cell;
    kernel.past
      .takeBack(top, { seq, undo: undoFor(this.#life, { top, spec }) })
      .then(
        () => isWanted() && this.#owing.delete(id) && this.start(id, how),
        (error: unknown) => isWanted() && this.#supervisor.hear({ kind: "start-failed", id, failure: toFailure(error, top) }),
      )
      .catch((error: unknown) => this.#life.cell.crashed(error));
  }

  stop(id: string): void {
    if (this.#owing.delete(id)) return this.#supervisor.hear({ kind: "exited", id, exit: shutdownExit });
    this.get(id)?.stop();
  }

  /** It is decided that a child, and all below it, will be put back. */
  goesBack(id: string): void {
    const { address, kernel } = this.#life.cell;
    kernel.recovery.goesBack(childAddress(address, id));
  }

  /** Puts a child that has stopped, and all below it, back; its supervisor hears how that went. */
  rollBack({ id, target }: SupervisionStep & { kind: "rollback" }): void {
    const { cell } = this.#life;
    const { kernel } = cell;
    const top = childAddress(cell.address, id);
    const failed = (error: unknown): void => {
      kernel.recovery.isBack(top);
      this.#supervisor.hear({ kind: "rollback-failed", id, failure: toFailure(error, top) });
    };
    this.goesBack(id);
    kernel.endPause(top);
    const place = this.place(id);
    if (place instanceof RemoteChild) return failed(notStoredHere(top, top));
    const spent = place.books === undefined ? undefined : place.allSpent;
    const seq = Math.max(place.seq, kernel.nextSeq);
    // The number is used up, also where nobody is started there afterwards.
    place.seq = kernel.nextSeq = seq + 1;
    const isWanted = (): boolean => kernel.cells.get(top) === place;
    kernel.past
      .rollBack({ top, ...target, spent, seq, isWanted, undo: undoFor(this.#life, { top, spec: place.spec }) })
      .then((report) => {
        place.takeSpent(); // It is in the record.
        for (const address of report.actors) kernel.orphans.putBack(address);
        this.#supervisor.hear({ kind: "rolled-back", id, report });
      }, failed)
      .catch((error: unknown) => cell.crashed(error));
  }

  /** Shutdown time, answers and permits change at once; mailbox and budget belong to the place and stay. */
  changeSpec(id: string): void {
    const cell = this.get(id);
    if (cell !== undefined) cell.spec = this.#supervision.table.get(id)!.spec;
  }

  /** Has its supervisor try to start it again, after a while. */
  schedule({ id, token, delayMs, attempt }: SupervisionStep & { kind: "schedule" }): void {
    const { cell } = this.#life;
    const retry: SupervisionEvent<Logic> = { kind: "retry", id, token };
    const address = childAddress(cell.address, id);
    cell.kernel.notify({ type: "restart-scheduled", address, attempt, delayMs, atMs: cell.kernel.clock.epochMs() });
    // Behind what is in the mailbox now: a child that cannot start must not keep its supervisor from listening (OTP-9549).
    if (delayMs === 0) return cell.internal(retry);
    this.cancel(id);
    const timer = cell.kernel.timers.set(delayMs, () => {
      this.#retries.delete(id);
      this.#supervisor.hear(retry);
    });
    this.#retries.set(id, timer);
  }

  cancel(id: string): void {
    const timer = this.#retries.get(id);
    if (timer === undefined) return;
    this.#retries.delete(id);
    this.#life.cell.kernel.timers.cancel(timer);
  }

  cancelAll(): void {
    for (const id of this.#retries.keys()) this.cancel(id);
  }

  /** What a child whose place is forgotten has spent since its books were stored; what is in them stays there, whoever lives there next. */
  spentSinceStored(id: string): Amount {
    return this.get(id)?.takeSpent() ?? noAmount;
  }

  /** What a child has spent whose place is given up for good, and those below it, was spent by its supervisor. */
  absorb(id: string): void {
    const { cell } = this.#life;
    const child = this.get(id);
    if (child === undefined) return;
    cell.spend(child.takeAllSpent());
    const { past } = cell.kernel;
    for (const place of past.placesBelow(this.#addressOf(id))) cell.spend(past.booksOf(place)?.spent ?? noAmount);
  }

  /** The ends of all places of an earlier process at and below a child that is not to be there any more. */
  endsOf(id: string): NonNullable<TurnRecord["ends"]> {
    const { address, kernel } = this.#life.cell;
    return kernel.past.untaken(childAddress(address, id)).map(([place, stored]) => {
      const seq = Math.max(kernel.nextSeq, stored.seq + 1);
      kernel.nextSeq = seq + 1;
      return { address: place, seq };
    });
  }

  /** What they have spent there was spent by its supervisor. */
  inherit(id: string): void {
    const { cell } = this.#life;
    cell.spend(cell.kernel.past.spentWithin(childAddress(cell.address, id)));
  }

  /** Those elsewhere that were not to run when the process ended: their systems may not have heard of it. */
  leaveStopped(): void {
    const { kernel } = this.#life.cell;
    for (const [id, { status }] of this.#supervision.table) {
      const isDown = status === "stopped" || status === "stopping";
      if (isDown && kernel.remote?.hosts(this.#addressOf(id)) === true) this.place(id).forget();
    }
  }

  /** Somebody of an earlier process is given up for good: what is here of him is so with the record. */
  removed(id: string): void {
    this.#life.cell.kernel.remote?.children.reclaim(this.#addressOf(id));
  }

  /** Gives up the place; whoever lives there next knows what the one before took. */
  forget(id: string): void {
    this.get(id)?.forget();
    this.#staysAway(id);
  }

  /** Gives up the place for good; also what was granted to a child whose place is given up already. */
  drop(id: string): void {
    this.absorb(id);
    const { address, kernel, account } = this.#life.cell;
    const cell = this.get(id);
    if (cell !== undefined) cell.drop();
    else kernel.accounts.drop(childAddress(address, id), { above: account, hasChildren: true });
    this.#endBelow(id);
    this.#staysAway(id);
  }

  /** With a place go all below it: whoever lives there next goes on from nothing, and not back to what was there before. */
  #endBelow(id: string): void {
    const { kernel } = this.#life.cell;
    for (const place of kernel.past.placesBelow(this.#addressOf(id))) kernel.endPlace(place, kernel.past.booksOf(place));
  }

  /** It may have been about to be put back. */
  #staysAway(id: string): void {
    this.#owing.delete(id);
    const { address, kernel } = this.#life.cell;
    kernel.recovery.isBack(childAddress(address, id));
  }
}
