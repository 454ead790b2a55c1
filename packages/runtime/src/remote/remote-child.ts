import {
  idOf,
  killedExit,
  noAmount,
  shutdownExit,
  toFailure,
  withoutInput,
  type Address,
  type Amount,
  type CheckedChildSpec,
  type Exit,
  type Failure,
} from "@orgtree/core";
import type { Supervisor } from "../actor/supervisor-link.ts";
import type { BudgetAccount } from "../kernel/budget-account.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Logic } from "../logic.ts";
import type { Timer } from "../time/timer-queue.ts";
import { nodeLost } from "./parcel.ts";
import type { News, Order, Suspended, Terms, Want } from "./placement.ts";
import type { RemoteSpending } from "./remote-spending.ts";
import type { Remote } from "./remote.ts";

/** How long a child's system may take to say that it has stopped, beyond what the child may take. Milliseconds. */
const answerMs = 5_000;
/** How long a system that is away is waited for while a child there, without a limit of its own, is to stop. Milliseconds. */
const awayMs = 30_000;

/** What a place elsewhere needs of this system. */
export interface RemoteChildParts {
  readonly kernel: Kernel;
  readonly remote: Remote;
  readonly supervisor: Supervisor;
  readonly spending: RemoteSpending;
  /** It is given up; it is kept in mind until its system knows. */
  readonly leave: (child: RemoteChild, isDropped: boolean) => void;
}

/**
 * The place of a child that lives in another system, as its supervisor here sees it: it does what a `Cell` does, and the supervisor
 * hears of it in the same words. See `placement.ts`.
 */
export class RemoteChild {
  readonly address: Address;
  /** The decision by which its life began. */
  birth: number;
  readonly #parts: RemoteChildParts;
  #spec: CheckedChildSpec<Logic>;
  #phase: "none" | "starting" | "up" | "suspended" | "stopping" | "ended" = "none";
  #want: Want = "run";
  #isUp = false;
  #suspended: Suspended | undefined;
  #resumed: string | undefined;
  #limit: Timer | undefined;
  /** Its system has heard or said something since the connection ended last. */
  #isHeard = false;
  #incarnation = 0;

  constructor(parts: RemoteChildParts, address: Address, from: { readonly birth: number; readonly spec: CheckedChildSpec<Logic> }) {
    this.#parts = parts;
    this.address = address;
    this.birth = from.birth;
    this.#spec = from.spec;
  }

  get spec(): CheckedChildSpec<Logic> {
    return this.#spec;
  }

  /** A live change is told at once. */
  set spec(spec: CheckedChildSpec<Logic>) {
    if (spec === this.#spec) return;
    this.#spec = spec;
    if (this.#phase === "up") this.tell();
  }

  /** As far as is known here, for the tree view. */
  view(): { readonly isSuspended: boolean; readonly incarnation: number; readonly spent: ReturnType<BudgetAccount["spent"]> | undefined } {
    const isLimited = this.#spec.budget !== undefined;
    return {
      isSuspended: this.#phase === "suspended",
      incarnation: this.#incarnation,
      spent: isLimited ? this.#parts.spending.spent() : undefined,
    };
  }

  // What its supervisor decides

  /**
   * Begins a life. `isUp`: it ran when the process of its supervisor ended, and where another process goes on with what runs there it
   * still does, until there is news of its end: it is not waited for.
   */
  start(birth: number, { isUp }: { readonly isUp: boolean }): void {
    const { remote, spending, supervisor } = this.#parts;
    this.birth = birth;
    this.#want = "run";
    this.#isUp = isUp;
    this.#suspended = this.#resumed = undefined;
    this.#phase = "starting";
    try {
      spending.open(this.#spec.budget, supervisor.account);
    } catch (error) {
      return this.#failed(toFailure(error, this.address));
    }
    this.tell();
    if (isUp && remote.outlives(remote.endpointOf(this.address))) {
      this.#phase = "up";
      return supervisor.hear({ kind: "started", id: idOf(this.address), info: undefined });
    }
    const { startMs } = this.#spec;
    // Its own system ends what does not start in time, and says so; where that does not answer, it is given up here.
    if (startMs !== "infinity")
      this.#limitTo(startMs, () => {
        if (this.#isHeard) this.#limitTo(answerMs, () => this.#startTimedOut(startMs));
        else this.#startTimedOut(startMs);
      });
  }

  #startTimedOut(startMs: number): void {
    this.#want = "stop";
    this.tell();
    const message = `it did not start within ${startMs} ms (startMs); its system is ${this.#parts.remote.endpointOf(this.address)}`;
    this.#failed({ class: "timeout", kind: "start", name: "StartTimeout", message, address: this.address });
  }

  stop(): void {
    if (this.#phase === "none" || this.#phase === "ended" || this.#phase === "stopping") return;
    // Another process goes on with its supervisor, and finds it there.
    if (this.#parts.remote.isSilent) return this.#exited(shutdownExit);
    this.#phase = "stopping";
    this.#want = "stop";
    this.tell();
    const { shutdownMs } = this.#spec;
    if (shutdownMs !== "infinity")
      this.#limitTo((shutdownMs === "brutal-kill" ? 0 : shutdownMs) + answerMs, () => this.#exited(killedExit));
    else this.#limitAbsence();
  }

  /** Nobody can say whether it stops. */
  #limitAbsence(): void {
    if (this.#phase === "stopping" && !this.#isHeard && this.#spec.shutdownMs === "infinity")
      this.#limitTo(awayMs, () => this.#exited(killedExit));
  }

  /** It waits for a directive, and ends with its failure. */
  endSuspended(): void {
    if (this.#phase !== "suspended") return;
    const { failure } = this.#suspended!;
    this.#want = "end";
    this.#phase = "stopping";
    this.tell();
    if (this.#parts.remote.isSilent) return this.#exited({ kind: "failure", failure });
    this.#limitTo(answerMs, () => this.#exited({ kind: "failure", failure }));
  }

  /** It goes on from its failure. */
  resume(): void {
    if (this.#phase !== "suspended") return;
    this.#phase = "up";
    this.#resumed = this.#suspended!.number;
    this.tell();
  }

  /** The place is given up; what its system has stored stays there. */
  forget(): void {
    this.#giveUp("forget");
  }

  /** The place is given up for good. */
  drop(): void {
    const { kernel, supervisor } = this.#parts;
    this.#giveUp("drop");
    kernel.accounts.drop(this.address, { above: supervisor.account, hasChildren: false });
  }

  #giveUp(want: "forget" | "drop"): void {
    this.#cancelLimit();
    this.#phase = "ended";
    this.#want = want;
    this.#parts.spending.close();
    this.#parts.leave(this, want === "drop");
    this.tell();
  }

  // What its system says

  hear(news: News): void {
    this.#isHeard = true;
    this.#incarnation = Math.max(this.#incarnation, news.incarnation);
    const { spending, supervisor } = this.#parts;
    spending.hear(news.spent, supervisor.account);
    const id = idOf(this.address);
    if (this.#phase === "stopping") {
      if (news.end !== undefined) this.#stopped(news.end);
      else if (this.#spec.shutdownMs === "infinity") this.#cancelLimit();
      return;
    }
    if (this.#phase === "starting" && news.isUp) {
      this.#cancelLimit();
      this.#phase = "up";
      this.#isUp = true;
      if (this.#spec.restart === "temporary") this.#spec = withoutInput(this.#spec);
      supervisor.hear({ kind: "started", id, info: news.info });
    }
    if (this.#isLiving && news.end !== undefined) return this.#ended(news.end);
    if (this.#phase !== "up" || news.suspended === undefined || news.suspended.number === this.#suspended?.number) return;
    this.#phase = "suspended";
    this.#suspended = news.suspended;
    supervisor.hear({ kind: "failed", id, failure: news.suspended.failure });
  }

  get #isLiving(): boolean {
    return this.#phase === "starting" || this.#phase === "up" || this.#phase === "suspended";
  }

  #ended(end: NonNullable<News["end"]>): void {
    const { kernel, supervisor } = this.#parts;
    switch (end.kind) {
      case "exited":
        return this.#exited(end.exit);
      case "start-ignored":
        this.#over();
        return supervisor.hear({ kind: end.kind, id: idOf(this.address) });
      case "start-failed":
        if (end.isParked) kernel.past.park(this.address, end.failure);
        // It was up, and cannot go on in another process.
        return this.#phase === "starting" ? this.#failed(end.failure) : this.#exited({ kind: "failure", failure: end.failure });
      case "gone":
        return this.#exited({ kind: "failure", failure: nodeLost(this.address, "nobody knows of it there") });
      default:
        return end satisfies never;
    }
  }

  /** It was to stop, and whatever it was in the middle of, it has. */
  #stopped(end: NonNullable<News["end"]>): void {
    if (this.#want === "end") return this.#exited({ kind: "failure", failure: this.#suspended!.failure });
    if (end.kind === "exited") return this.#exited(end.exit);
    this.#exited(end.kind === "start-failed" ? { kind: "failure", failure: end.failure } : shutdownExit);
  }

  /** The connection to its system has ended; `isGone`: with the process of that system, in which nobody goes on. */
  lost(problem: string, isGone: boolean): void {
    this.#isHeard = false;
    this.#limitAbsence();
    if (!isGone) return;
    if (this.#phase === "up" || this.#phase === "suspended" || this.#phase === "stopping")
      this.#exited({ kind: "failure", failure: nodeLost(this.address, problem) });
  }

  /** Tells its system how it is to be. */
  tell(): void {
    if (this.#phase === "none") return;
    const { remote } = this.#parts;
    const order: Order = {
      type: "order",
      address: this.address,
      birth: this.birth,
      want: this.#want,
      isUp: this.#isUp,
      resumed: this.#resumed,
      terms: this.#want === "run" ? this.#terms() : undefined,
    };
    remote.sendParcel(remote.endpointOf(this.address), order, {
      isKept: true,
      ended: (outcome) => {
        this.#isHeard = true;
        if (outcome.type !== "refused" || this.birth !== order.birth || this.#phase !== "starting") return;
        const { problem } = outcome.refusal;
        this.#failed({
          class: "crash",
          kind: "order",
          name: "NotStarted",
          message: `it cannot be started there: ${problem}`,
          address: this.address,
        });
      },
    });
  }

  #terms(): Terms {
    const { remote, spending, supervisor } = this.#parts;
    const { logic: _logic, type: _type, ...spec } = this.#spec;
    return { spec, about: remote.aboutOf(this.address), planVersion: supervisor.planVersion, spent: spending.known };
  }

  #failed(failure: Failure): void {
    this.#over();
    this.#parts.supervisor.hear({ kind: "start-failed", id: idOf(this.address), failure });
  }

  #exited(exit: Exit): void {
    this.#over();
    this.#parts.supervisor.hear({ kind: "exited", id: idOf(this.address), exit });
  }

  /** Whatever its system is told from now on, it does not begin this life once more. */
  #over(): void {
    this.#cancelLimit();
    this.#phase = "ended";
    this.#want = "stop";
  }

  #limitTo(ms: number, over: () => void): void {
    this.#cancelLimit();
    this.#limit = this.#parts.kernel.timers.set(ms, over);
  }

  #cancelLimit(): void {
    if (this.#limit !== undefined) this.#parts.kernel.timers.cancel(this.#limit);
    this.#limit = undefined;
  }

  // What it spends

  /** Its own system keeps what it spends in its books. */
  takeSpent(): Amount {
    return noAmount;
  }

  /** What was spent there, for the books of its supervisor. */
  takeAllSpent(): Amount {
    return this.#parts.spending.takeOwed();
  }
}
