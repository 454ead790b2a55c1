import {
  checkChildOf,
  checkPlanner,
  checkSupervisorSpec,
  childAddress,
  isQuery,
  listChildren,
  makeSupervision,
  restoreSupervision,
  SupervisionWriter,
  supervise,
  toFailure,
  type CheckedChildSpec,
  type CheckedSupervisorSpec,
  type Exit,
  type SpecificationChange,
  type StoredSupervision,
  type Supervision,
  type SupervisionEvent,
  type SupervisionStep,
} from "@orgtree/core";
import { later, type BeginResult, type Body, type Termination } from "../actor/body.ts";
import type { Books } from "../durable/books.ts";
import { effectKey, type EffectKey } from "../durable/effect-key.ts";
import { outcomeOf, type Effect } from "../actor/effect.ts";
import type { BudgetAccount } from "../kernel/budget-account.ts";
import type { Supervisor } from "../actor/supervisor-link.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import { PendingCommit } from "../actor/pending-commit.ts";
import { nextBooks } from "../actor/turn-record.ts";
import { typeOfLogic, type Logic } from "../logic.ts";
import { Mail } from "../actor/mail.ts";
import { checkRollback } from "./answers.ts";
import { ChangedChildren } from "./changed-children.ts";
import { startError } from "./child-moment.ts";
import { Children } from "./children.ts";
import { EarlierChildren } from "./earlier-children.ts";
import { Planners } from "./planners.ts";
import { mailOf, makeDecisionRecord, replyEffect, storeReply, type StoredReply } from "./decision-record.ts";
import { readCall } from "./supervisor-call.ts";
import { logReport } from "./supervisor-log.ts";
import type { SupervisorLogic } from "./supervisor.ts";

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
  readonly #spec: CheckedSupervisorSpec<Logic>;
  readonly #supervision: Supervision<Logic>;
  readonly #writer: SupervisionWriter;
  readonly #children: Children;
  readonly #planners: Planners;
  #heard: SupervisionEvent<Logic>[] = [];
  #busy = false;
  /** What the code has otherwise than what it was restored from. */
  #change: SpecificationChange = { added: [], removed: [] };
  /** It is restored, and not everything that was under way is done yet. */
  #recovering = false;
  /** The root only. */
  readonly #earlier: EarlierChildren;
  /** Settles the start while it waits for children that need time. */
  #starting: { resolve(result: BeginResult): void; reject(error: Error): void } | undefined;
  #started: "no" | "yes" | Exit = "no";
  /** Decided, but not carried out before the commit. */
  #undone: readonly SupervisionStep[] = [];
  #commit: PendingCommit | undefined;

  constructor(life: Incarnation, logic: SupervisorLogic, isRoot: boolean) {
    this.#life = life;
    this.#isRoot = isRoot;
    const { address } = life.cell;
    const spec = checkSupervisorSpec(logic.spec, address, typeOfLogic);
    if (spec.plan !== undefined) checkPlanner(spec.plan, address);
    for (const child of spec.children) checkRollback(child, `${address}.${child.id}`, this.#hasJournal);
    checkRollback(spec.template, `${address}.template`, this.#hasJournal);
    this.#spec = spec;
    this.#supervision = makeSupervision(address, spec, isRoot);
    this.#supervision.keepsGivenUp = isRoot && life.cell.kernel.past.run !== undefined;
    this.#children = new Children(life, this.#supervision, this);
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

  get #hasJournal(): boolean {
    return this.#life.cell.kernel.store !== undefined;
  }

  begin(): BeginResult | Promise<BeginResult> {
    if (this.#isRoot) this.#earlier.remember(this.#surroundings());
    this.hear({ kind: "begin" });
    if (this.#started === "yes") return "started";
    if (this.#started !== "no") throw startError(this.#started);
    const { promise, resolve, reject } = Promise.withResolvers<BeginResult>();
    this.#starting = { resolve, reject };
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
        if (kernel.store !== undefined && steps.length > 0 && !this.#needsNoRecord(event)) {
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
    kernel.recovery.supervisorDone(address);
  }

  /** Who only looks decides nothing; that what was running runs again was decided when it was started; and a tree that stays as it is stored has not ended. */
  #needsNoRecord(event: SupervisionEvent<Logic>): boolean {
    if (event.kind === "call" && isQuery(event.call)) return true;
    if ((event.kind === "exited" || event.kind === "start-failed") && this.#isRoot && this.#earlier.isParked(event.id)) return true;
    return event.kind === "recover" || this.#supervision.operation?.purpose.kind === "recover";
  }

  /** A decision is durable before it is carried out. */
  #commitSteps(event: SupervisionEvent<Logic>, steps: readonly SupervisionStep[]): void {
    const { cell } = this.#life;
    const { address, kernel, seq } = cell;
    // From now on nothing that comes for who is about to be stopped is lost.
    for (const step of steps) if (this.#putsBack(step)) this.#children.goesBack(step.id);
    const books = this.#bookSteps(event, steps);
    const ends = steps.flatMap((step) => (step.kind === "remove" ? this.#children.endsOf(step.id) : []));
    const record = makeDecisionRecord(this.#life, { event, steps, books, state: this.state(), ends });
    cell.seq++;
    try {
      kernel.store!.prepare(record);
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

  #putsBack(step: SupervisionStep): step is SupervisionStep & { kind: "stop" | "rollback" } {
    return step.kind === "rollback" || (step.kind === "stop" && this.#supervision.operation?.rewind === step.id);
  }

  /** What a decision leaves owing: answers to actors, and its own end. */
  #bookSteps(event: SupervisionEvent<Logic>, steps: readonly SupervisionStep[]): Books {
    const { cell } = this.#life;
    const effects = steps.map((step, at): Effect | undefined => {
      if (step.kind === "exit") return { kind: "exit", exit: step.exit };
      if (step.kind === "ask-planner") return this.#planners.question(step, effectKey(cell.seq, at));
      if (step.kind === "drop") this.#children.absorb(step.id);
      if (step.kind === "remove") this.#children.inherit(step.id);
      if (step.kind === "forget") cell.spend(this.#children.spentSinceStored(step.id));
      return step.kind === "reply" ? replyEffect(step, effectKey(cell.seq, at)) : undefined;
    });
    return nextBooks(cell, { mail: mailOf(event), effects, epochMs: cell.kernel.clock.epochMs(), isFirst: event.kind === "begin" });
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
        return this.#start(step.id);
      case "stop":
        return this.#children.stop(step.id);
      case "end":
        return this.#children.get(step.id)?.endSuspended();
      case "rollback":
        return this.#children.rollBack(step);
      case "brief-planner":
        return this.#planners.brief(step);
      case "ask-planner":
        return this.#planners.ask(step);
      case "resume":
        return this.#children.get(step.id)?.resume();
      case "change-spec":
        return this.#children.changeSpec(step.id);
      case "forget":
        if (this.#isRoot) this.#earlier.keep(step.id);
        return this.#children.forget(step.id);
      case "drop":
        if (this.#isRoot && this.#children.get(step.id) === undefined) this.#earlier.end(step.id);
        return this.#children.drop(step.id);
      case "remove":
        return this.#children.removed(step.id);
      case "schedule":
        return this.#schedule(step);
      case "cancel":
        return this.#children.cancel(step.id);
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
        return this.#starting?.resolve("started");
      case "exit":
        return this.#exit(step.exit);
      default:
        return step satisfies never;
    }
  }

  #start(id: string): void {
    const isUp = this.#supervision.operation?.purpose.kind === "recover";
    this.#children.start(id, { isUp, resumed: () => this.#isRoot && this.#earlier.resumed(id) });
  }

  #schedule(step: SupervisionStep & { kind: "schedule" }): void {
    if (this.#recovering) this.#children.place(step.id); // Its mailbox is open while it waits.
    this.#children.schedule(step);
  }

  #reply(step: SupervisionStep & { kind: "reply" }, key: EffectKey | undefined): void {
    const effect = replyEffect(step, key);
    if (effect === undefined) return; // It was told, not asked.
    const { cell, holdings } = this.#life;
    holdings.closeAsk(effect.to.askId);
    cell.kernel.answer(effect.to, outcomeOf(effect), { address: cell.address, key: effect.key });
  }

  #exit(exit: Exit): void {
    if (this.#life.phase !== "starting") return this.#life.end(exit);
    // It has said that it is up, and nobody has heard it yet: it ends as soon as they have.
    if (this.#started === "yes") {
      this.#life.exitWanted = exit;
      return;
    }
    this.#started = exit;
    this.#starting?.reject(startError(exit));
  }

  compute(mail: Mail): void {
    if (mail.kind === "internal") return this.hear(mail.message as SupervisionEvent<Logic>);
    if (mail.kind === "signal") return this.#planners.hear(mail);
    const call = readCall(this.#supervision, mail, this.#hasJournal);
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
    this.#change = restoreSupervision(this.#supervision, state as StoredSupervision, around);
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
    const { address, kernel } = this.#life.cell;
    kernel.recovery.supervisorBegins(address);
    new ChangedChildren(this.#life, (event) => this.hear(event)).expect(this.#change);
    this.#children.leaveStopped();
    this.hear({ kind: "recover" });
  }

  #surroundings(): { readonly nowMs: number; readonly epochMs: number } {
    const { clock } = this.#life.cell.kernel;
    return { nowMs: clock.nowMs(), epochMs: clock.epochMs() };
  }

  remembers(id: string): boolean {
    return this.#life.phase !== "ended" && this.#supervision.past.has(id);
  }

  knows(id: string): boolean {
    return this.#life.phase !== "ended" && this.#supervision.table.has(id);
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
    this.#children.cancelAll();
    this.#commit?.abandon();
    this.#endRecovery();
    // A child whose row is gone already, but whose place is not.
    for (const step of this.#undone) {
      if (step.kind === "forget") this.#children.forget(step.id);
      else if (step.kind === "drop") this.#children.drop(step.id);
    }
    // The next life knows those of its specification; dynamic children and those that were added are nobody's then.
    const known = new Set(this.#spec.children.map(({ id }) => id));
    for (const id of [...this.#supervision.table.keys()].reverse()) {
      if (known.has(id)) this.#children.forget(id);
      else this.#children.drop(id);
    }
    const { address, kernel } = this.#life.cell;
    if (!kernel.leaving) kernel.recovery.releaseBelow(address);
  }
}
