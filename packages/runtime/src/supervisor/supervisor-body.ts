import {
  checkChildOf,
  checkPlanner,
  checkSupervisorSpec,
  childAddress,
  noAmount,
  listChildren,
  makeSupervision,
  restoreSupervision,
  SupervisionWriter,
  shutdownExit,
  supervise,
  toFailure,
  topOf,
  type CheckedChildSpec,
  type Exit,
  type StoredSupervision,
  type Supervision,
  type SupervisionEvent,
  type SupervisionStep,
  type SupervisorSpec,
} from "@orgtree/core";
import { later, type BeginResult, type Body, type Termination } from "../actor/body.ts";
import { bookTurn } from "../durable/bookkeeping.ts";
import { effectKey, emptyBooks, inheritBooks, type Books, type EffectKey } from "../durable/books.ts";
import type { Effect } from "../actor/effect.ts";
import { RollbackError } from "../durable/rollback-error.ts";
import type { BudgetAccount } from "../kernel/budget-account.ts";
import { Cell, type Supervisor } from "../actor/cell.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { PendingCommit } from "../actor/pending-commit.ts";
import { typeOfLogic, type Logic } from "../logic.ts";
import { Mail } from "../actor/mail.ts";
import { startError } from "./child-moment.ts";
import { EarlierChildren } from "./earlier-children.ts";
import { undoFor } from "./compensations.ts";
import { Planners } from "./planners.ts";
import { mailOf, isLook, makeDecisionRecord, nothing, replyEffect, storeReply, type StoredReply } from "./decision-record.ts";
import { readCall } from "./supervisor-call.ts";
import { logReport } from "./supervisor-log.ts";
import type { SupervisorLogic } from "./supervisor.ts";
import type { Timer } from "../time/timer-queue.ts";

/**
 * One life of a supervisor. It hears events, asks core what is to be done, commits that, and does it.
 *
 * The answers to its own steps may come while it is still carrying them out; they wait in `#heard`, so that one event is
 * dealt with at a time, and 100,000 children need no stack.
 */
export class SupervisorBody implements Body, Supervisor {
  readonly isSupervisor = true;
  readonly #life: Incarnation;
  readonly #isRoot: boolean;
  /** As it was started with; `change-spec` does not outlive it. */
  readonly #spec: SupervisorSpec<Logic>;
  readonly #supervision: Supervision<Logic>;
  readonly #writer: SupervisionWriter;
  readonly #retries = new Map<string, Timer>();
  readonly #planners: Planners;
  #heard: SupervisionEvent<Logic>[] = [];
  #busy = false;
  /** It is restored, and not everything that was under way is done yet. */
  #recovering = false;
  /** The root only. */
  readonly #earlier: EarlierChildren;
  /** Settles the start while it waits for children that need time. */
  #start: { resolve(result: BeginResult): void; reject(error: Error): void } | undefined;
  #started: "no" | "yes" | Exit = "no";
  /** Decided, but not carried out before the commit. */
  #undone: readonly SupervisionStep[] = [];
  #commit: PendingCommit | undefined;

  constructor(life: Incarnation, logic: SupervisorLogic, isRoot: boolean) {
    this.#life = life;
    this.#isRoot = isRoot;
    this.#spec = logic.spec;
    const { address } = life.cell;
    const spec = checkSupervisorSpec(logic.spec, address, typeOfLogic);
    if (spec.plan !== undefined) checkPlanner(spec.plan, address);
    this.#supervision = makeSupervision(address, spec, isRoot);
    this.#planners = new Planners(life, this.#supervision, (event) => this.hear(event));
    this.#earlier = new EarlierChildren(life, this.#supervision as Supervision);
    this.#writer = new SupervisionWriter(this.#supervision as Supervision, storeReply);
  }

  get account(): BudgetAccount | undefined {
    return this.#life.cell.account;
  }

  /** Of its own plan, else of the one that it is itself part of. */
  get planVersion(): number | undefined {
    return this.#supervision.plan?.version ?? this.#life.cell.planVersion;
  }

  begin(): BeginResult | Promise<BeginResult> {
    if (this.#isRoot) this.#earlier.remember(this.#surroundings());
    this.hear({ kind: "begin" });
    if (this.#started === "yes") return "started";
    if (this.#started !== "no") throw startError(this.#started);
    const { promise, resolve, reject } = Promise.withResolvers<BeginResult>();
    this.#start = { resolve, reject };
    return promise;
  }

  hear(event: SupervisionEvent<Logic>): void {
    if (this.#life.phase === "ended") return;
    this.#heard.push(event);
    if (!this.#busy) this.#work();
  }

  #work(): void {
    const { kernel } = this.#life.cell;
    this.#busy = true;
    for (let at = 0; this.#heard.length > 0; at = 0) {
      const events = this.#heard;
      this.#heard = [];
      while (at < events.length) {
        if (this.#life.phase === "ended") return; // Nobody is started by who has ended, whatever was asked meanwhile.
        const event = events[at++]!;
        const around = { nowMs: kernel.clock.nowMs(), random: kernel.random, decision: this.#life.cell.seq };
        const steps = supervise(this.#supervision, event, around);
        if (this.#isRoot) this.#earlier.keepParked(steps);
        if (kernel.store !== undefined && steps.length > 0 && !isLook(event) && !this.#needsNoRecord(event)) {
          this.#heard = [...events.slice(at), ...this.#heard];
          return this.#commitSteps(event, steps);
        }
        for (const step of steps) this.#tryToCarryOut(step);
      }
    }
    this.#busy = false;
    this.#endRecovery();
  }

  #endRecovery(): void {
    const { address, kernel } = this.#life.cell;
    if (!this.#recovering || (this.#supervision.operation !== undefined && this.#life.phase !== "ended")) return;
    this.#recovering = false;
    kernel.endRecovery(topOf(address));
  }

  /** That what was running runs again was decided when it was started; and a tree that stays as it is stored has not ended. */
  #needsNoRecord(event: SupervisionEvent<Logic>): boolean {
    if ((event.kind === "exited" || event.kind === "start-failed") && this.#isRoot && this.#earlier.isParked(event.id)) return true;
    return event.kind === "recover" || this.#supervision.operation?.purpose.kind === "recover";
  }

  /** A decision is durable before it is carried out. */
  #commitSteps(event: SupervisionEvent<Logic>, steps: readonly SupervisionStep[]): void {
    const { cell } = this.#life;
    const { address, kernel, seq } = cell;
    const books = this.#bookSteps(event, steps);
    const record = makeDecisionRecord(this.#life, { event, steps, books, state: this.state() });
    cell.seq++;
    try {
      kernel.store!.prepare?.(record);
    } catch (error) {
      return this.#life.end({ kind: "failure", failure: toFailure(error, address) });
    }
    this.#undone = steps;
    this.#commit = new PendingCommit(kernel, record, (failed) => {
      this.#commit = undefined;
      // A system that leaves ends in order, also where the store is out of reach.
      const mayGoOn = failed === undefined || (kernel.leaving && failed.kind !== "refused");
      if (!mayGoOn) return this.#life.end({ kind: "failure", failure: failed.failure });
      this.#undone = [];
      cell.recorded(record);
      const mail = mailOf(event);
      if (mail?.kind === "signal") kernel.acknowledge(mail);
      for (const [at, step] of steps.entries()) this.#tryToCarryOut(step, effectKey(seq, at));
      this.#work();
    });
  }

  /** What a decision leaves owing: answers to actors, and its own end. */
  #bookSteps(event: SupervisionEvent<Logic>, steps: readonly SupervisionStep[]): Books {
    const { cell } = this.#life;
    const effects = steps.map((step, at): Effect => {
      if (step.kind === "exit") return { kind: "exit", exit: step.exit };
      if (step.kind === "ask-planner") return this.#planners.question(step, effectKey(cell.seq, at));
      if (step.kind === "drop") this.#absorb(step.id);
      // What is in its books stays there, whoever lives there next.
      if (step.kind === "forget") cell.spend(this.#child(step.id)?.takeSpent() ?? noAmount);
      return step.kind === "reply" ? (replyEffect(step, effectKey(cell.seq, at)) ?? nothing) : nothing;
    });
    const mail = mailOf(event);
    const books = event.kind === "begin" ? inheritBooks(cell.books ?? emptyBooks, cell.birth) : (cell.books ?? emptyBooks);
    const epochMs = cell.kernel.clock.epochMs();
    return bookTurn(books, { seq: cell.seq, mail, effects, epochMs, acknowledged: cell.takeAcknowledged(), spent: cell.takeSpent() });
  }

  /** What a child has spent whose place is given up for good was spent by its supervisor. */
  #absorb(id: string): void {
    const child = this.#child(id);
    if (child !== undefined) this.#life.cell.spend(child.takeAllSpent());
  }

  /** One step that cannot be done must not make a supervisor deaf, which would take all below it along. */
  #tryToCarryOut(step: SupervisionStep, key?: EffectKey): void {
    try {
      this.#carryOut(step, key);
    } catch (error) {
      const { address, kernel } = this.#life.cell;
      kernel.logger.error({ err: error, address, step: step.kind }, "a step of a supervisor threw");
      if (step.kind === "start") this.hear({ kind: "start-failed", id: step.id, failure: toFailure(error, address) });
    }
  }

  #carryOut(step: SupervisionStep, key: EffectKey | undefined): void {
    const { kernel } = this.#life.cell;
    switch (step.kind) {
      case "start":
        return this.#startChild(step.id);
      case "stop": // One that has ended meanwhile has already said so.
        return this.#child(step.id)?.life?.stop(shutdownExit);
      case "end":
        return this.#child(step.id)?.life?.endSuspended();
      case "rollback":
        return this.#rollBack(step);
      case "brief-planner":
        return this.#planners.brief(step);
      case "ask-planner":
        return this.#planners.ask(step);
      case "resume":
        return this.#child(step.id)?.life?.resume();
      case "change-spec":
        return this.#changeSpec(step.id);
      case "forget":
        return this.#child(step.id)?.forget();
      case "drop":
        return this.#drop(step.id);
      case "schedule":
        return this.#schedule(step);
      case "cancel":
        return this.#cancel(step.id);
      case "reply":
        return this.#reply(step, key);
      case "report":
        logReport(kernel.logger, step.report);
        return kernel.notify({ type: "report", report: step.report, atMs: kernel.clock.epochMs() });
      case "escalate-to-root": {
        const address = childAddress(this.#life.cell.address, step.id);
        return kernel.notify({ type: "escalated-to-root", address, failure: step.failure, atMs: kernel.clock.epochMs() });
      }
      case "ready":
        this.#started = "yes";
        return this.#start?.resolve("started");
      case "exit":
        return this.#exit(step.exit);
      default:
        return step satisfies never;
    }
  }

  #child(id: string): Cell | undefined {
    return this.#life.cell.kernel.cells.get(childAddress(this.#life.cell.address, id));
  }

  /** The place of a child, made where there is none. */
  #placeOf(id: string): Cell {
    const { kernel, address } = this.#life.cell;
    const { spec } = this.#supervision.table.get(id)!;
    let cell = this.#child(id);
    if (cell === undefined) {
      cell = new Cell(kernel, { address: childAddress(address, id), supervisor: this }, spec);
      kernel.cells.set(cell.address, cell);
    }
    cell.spec = spec;
    return cell;
  }

  #startChild(id: string): void {
    const { kernel } = this.#life.cell;
    const cell = this.#placeOf(id);
    const { birth } = this.#supervision.table.get(id)!;
    const stored = kernel.store?.take?.(cell.address);
    // Another life than the one that is stored was decided, and has not stored anything yet.
    const isSame = stored?.durable.books.birth === birth;
    if (isSame && this.#isRoot) this.#earlier.resumed(id);
    cell.start(birth, { stored, isSame });
    if (cell.life?.body?.isSupervisor !== true) kernel.endWaitingFor(cell.address);
  }

  #rollBack({ id, plan }: SupervisionStep & { kind: "rollback" }): void {
    const { cell } = this.#life;
    const { kernel } = cell;
    const top = childAddress(cell.address, id);
    const failed = (error: unknown): void => {
      kernel.endWaitingFor(top);
      this.hear({ kind: "rollback-failed", id, failure: toFailure(error, top) });
    };
    const { store } = kernel;
    if (store?.rollBack === undefined) return failed(new RollbackError(top, "its turns are not stored; start the system with a journal"));
    kernel.waitFor(top);
    const place = this.#placeOf(id);
    const spent = place.books === undefined ? undefined : place.allSpent;
    const used = { spent, nextSeq: Math.max(place.seq, kernel.nextSeq) };
    store
      .rollBack({ top, to: plan.to, birth: plan.birth, ...used, undo: undoFor(this.#life, { top, spec: place.spec }) })
      .then((report) => {
        place.takeSpent(); // It is in the record.
        this.hear({ kind: "rolled-back", id, report });
      }, failed)
      .catch((error: unknown) => cell.crashed(error));
  }

  /** Also what was granted to a child whose place is given up already. */
  #drop(id: string): void {
    this.#absorb(id);
    const { address, kernel } = this.#life.cell;
    const cell = this.#child(id);
    if (cell !== undefined) cell.drop();
    else kernel.accounts.drop(childAddress(address, id), { above: this.account, hasChildren: true });
  }

  /** Shutdown time, answers and permits change at once; mailbox and budget belong to the place and stay. */
  #changeSpec(id: string): void {
    const cell = this.#child(id);
    if (cell !== undefined) cell.spec = this.#supervision.table.get(id)!.spec;
  }

  #schedule(step: SupervisionStep & { kind: "schedule" }): void {
    const { cell } = this.#life;
    const { id, token, delayMs, attempt } = step;
    const retry: SupervisionEvent<Logic> = { kind: "retry", id, token };
    if (this.#recovering) this.#placeOf(id); // Its mailbox is open while it waits.
    const address = childAddress(cell.address, id);
    cell.kernel.notify({ type: "restart-scheduled", address, attempt, delayMs, atMs: cell.kernel.clock.epochMs() });
    // Behind what is in the mailbox now: a child that cannot start must not keep its supervisor from listening (OTP-9549).
    if (delayMs === 0) return cell.internal(retry);
    this.#cancel(id);
    const timer = cell.kernel.timers.set(delayMs, () => {
      this.#retries.delete(id);
      this.hear(retry);
    });
    this.#retries.set(id, timer);
  }

  #cancel(id: string): void {
    const timer = this.#retries.get(id);
    if (timer === undefined) return;
    this.#retries.delete(id);
    this.#life.cell.kernel.timers.cancel(timer);
  }

  #reply(step: SupervisionStep & { kind: "reply" }, key: EffectKey | undefined): void {
    const effect = replyEffect(step, key);
    if (effect === undefined) return; // It was told, not asked.
    const { cell, holdings } = this.#life;
    const { asks } = cell.kernel;
    const by = { address: cell.address, key: effect.key };
    holdings.closeAsk(effect.to.askId);
    const isTaken = asks.settle(effect.to, effect.kind === "reply" ? { value: effect.value } : { error: effect.error }, by);
    if (!isTaken && effect.key !== undefined) cell.acknowledge(effect.key);
  }

  #exit(exit: Exit): void {
    if (this.#life.phase !== "starting") return this.#life.end(exit);
    // It has said that it is up, and nobody has heard it yet: it ends as soon as they have.
    if (this.#started === "yes") {
      this.#life.exitWanted = exit;
      return;
    }
    this.#started = exit;
    this.#start?.reject(startError(exit));
  }

  compute(mail: Mail): void {
    if (mail.kind === "internal") return this.hear(mail.message as SupervisionEvent<Logic>);
    if (mail.kind === "signal") return this.#planners.hear(mail);
    const call = readCall(this.#supervision, mail.message);
    if (!(call instanceof Error)) return this.hear({ kind: "call", call, reply: mail });
    const { kernel } = this.#life.cell;
    if (mail.replyTo === undefined) kernel.bury(mail, "malformed");
    else kernel.asks.reject(mail.replyTo, call);
  }

  install(): void {
    // Its table is changed as it decides; a refused commit ends the incarnation.
  }

  discard(): void {
    // As above.
  }

  state(): unknown {
    return this.#writer.write(this.#surroundings());
  }

  restore(state: unknown): void {
    const specOf = (id: string, input: unknown): CheckedChildSpec<Logic> | undefined => {
      const { strategy, template } = this.#supervision.spec;
      if (strategy !== "dynamic" || template === undefined) return undefined;
      return checkChildOf(this.#supervision.spec, { ...template, id, input }, { field: "template", typeOf: typeOfLogic });
    };
    const specsOf = (plan: unknown): readonly CheckedChildSpec<Logic>[] => this.#planners.childrenOf(plan);
    const around = { ...this.#surroundings(), specOf, specsOf, restoreReply: (reply: unknown) => this.#restoreReply(reply) };
    restoreSupervision(this.#supervision, state as StoredSupervision, around);
    this.#started = "yes";
  }

  #restoreReply(stored: unknown): Mail | undefined {
    if (stored === undefined) return undefined;
    const { from, replyTo, key } = stored as StoredReply;
    const mail = new Mail("message", { to: this.#life.cell.address, from, trace: this.#life.cell.kernel.newTrace() }, undefined);
    mail.replyTo = replyTo;
    mail.key = key;
    return mail;
  }

  /** The children that ran run again, as they were. */
  recover(): void {
    this.#recovering = true;
    this.#life.cell.kernel.beginRecovery(topOf(this.#life.cell.address));
    this.hear({ kind: "recover" });
  }

  #surroundings(): { readonly nowMs: number; readonly epochMs: number } {
    const { clock } = this.#life.cell.kernel;
    return { nowMs: clock.nowMs(), epochMs: clock.epochMs() };
  }

  /** The children as they stand, for the tree view. */
  children(): ReturnType<typeof listChildren> {
    return listChildren(this.#supervision);
  }

  label(): string {
    return this.#supervision.spec.strategy;
  }

  terminate(exit: Exit): Termination {
    this.hear({ kind: "stop", exit });
    return later;
  }

  /** Killed: its children are killed too, in reverse order. OTP would leave grandchildren behind. */
  abort(): void {
    for (const timer of this.#retries.values()) this.#life.cell.kernel.timers.cancel(timer);
    this.#retries.clear();
    this.#commit?.abandon();
    this.#endRecovery();
    // A child whose row is gone already, but whose place is not.
    for (const step of this.#undone) {
      if (step.kind === "forget") this.#child(step.id)?.forget();
      else if (step.kind === "drop") this.#drop(step.id);
    }
    // The next life knows those of its specification; dynamic children and those that were added are nobody's then.
    const known = new Set(this.#spec.children?.map(({ id }) => id));
    for (const id of [...this.#supervision.table.keys()].reverse()) {
      if (known.has(id)) this.#child(id)?.forget();
      else this.#drop(id);
    }
  }
}
