/**
 * A second supervisor, written from OTP's rules alone (in the comments: their numbers) and as slowly and plainly as can
 * be: no child needs time to start or stop here, so each rule is one loop. The property test holds the real one against it.
 */
import type { Model } from "./reference-model.ts";
import type { Directive, End, Flags, Plan, Word } from "./reference-plan.ts";

class Child {
  readonly path: string;
  plan: Plan;
  status: "running" | "restarting" | "stopped" = "stopped";
  team: Supervisor | undefined;
  failuresInARow = 0;
  startedMs = -Infinity;
  cause: End["failureClass"];
  cancelRetry: (() => void) | undefined;
  /** Orders that wait; they survive a restart, and are lost when the place is given up. */
  mail: Word[] = [];
  hasPlace = false;
  isQueued = false;
  readonly given = new Map<string, number[]>();

  constructor(path: string, plan: Plan) {
    this.path = path;
    this.plan = plan;
  }
}

export class Supervisor {
  flags: Flags;
  /** In start order. */
  children: Child[] = [];
  onEnd: (end: End) => void = () => {};
  readonly #model: Model;
  readonly #path: string;
  readonly #initial: readonly Plan[];
  #stamps: number[] = [];
  #ended = false;
  readonly #mailbox: (() => void)[] = [];

  constructor(model: Model, given: { path: string; flags: Flags; children: readonly Plan[] }) {
    this.#model = model;
    this.#path = given.path;
    this.flags = given.flags;
    this.#initial = given.children;
  }

  // Starting: rules 1 to 4

  /** False when a child did not start; then nobody is left. */
  start(): boolean {
    for (const plan of this.#initial) this.children.push(new Child(this.#path + plan.id, plan));
    for (const child of this.children) {
      const started = this.#startChild(child);
      if (started === "ignore") this.#keepOrDrop(child);
      if (started !== "fail") continue;
      this.#stopAll(); // 4
      return false;
    }
    return true;
  }

  #startChild(child: Child): "ok" | "fail" | "ignore" {
    child.hasPlace = true;
    child.cancelRetry?.();
    child.cancelRetry = undefined;
    const { plan } = child;
    let result: "ok" | "fail" | "ignore" = "ok";
    if (plan.kind === "worker") result = this.#model.nextStart(child.path, plan);
    else {
      const team = new Supervisor(this.#model, { path: `${child.path}/`, flags: plan.flags, children: plan.children });
      team.onEnd = (end) => this.#exited(child, end);
      child.team = team;
      if (!team.start()) result = "fail";
      else child.mail = []; // What waited was for the worker that it was before its spec was changed; a supervisor takes no orders.
    }
    if (result === "fail") this.#model.trace.push(`!${child.path} failure`);
    child.status = result === "ok" ? "running" : "stopped";
    if (result !== "ok") return result;
    this.#model.trace.push(`+${child.path}`);
    child.startedMs = this.#model.nowMs;
    this.#schedule(child);
    return "ok";
  }

  /** A child that will not run for now: a temporary or dynamic one leaves no spec. */
  #keepOrDrop(child: Child): void {
    child.status = "stopped";
    child.hasPlace = false;
    child.mail = [];
    if (child.plan.restart === "temporary" || this.flags.strategy === "dynamic")
      this.children = this.children.filter((other) => other !== child);
  }

  // Orders to workers

  tell(path: string, word: Word): void {
    const [first, ...rest] = path.split("/");
    const child = this.children.find(({ plan }) => plan.id === first);
    if (child === undefined || !child.hasPlace) return;
    if (rest.length > 0) {
      if (child.status === "running") child.team?.tell(rest.join("/"), word);
      return;
    }
    if (child.plan.kind === "team") return;
    child.mail.push(word);
    this.#schedule(child);
  }

  /** All workers that there are, running or not. */
  workers(): readonly string[] {
    return this.children.flatMap(({ path, plan, team, status }) => {
      if (plan.kind === "worker") return [path];
      return status === "running" ? (team?.workers() ?? []) : [];
    });
  }

  isRunning(path: string): boolean {
    const [first, ...rest] = path.split("/");
    const child = this.children.find(({ plan }) => plan.id === first);
    if (child?.status !== "running") return false;
    return rest.length === 0 || (child.team?.isRunning(rest.join("/")) ?? false);
  }

  #schedule(child: Child): void {
    if (child.isQueued || child.mail.length === 0 || child.status !== "running") return;
    child.isQueued = true;
    this.#model.later(() => {
      child.isQueued = false;
      while (child.status === "running" && child.mail.length > 0) this.#obey(child, child.mail.shift()!);
    });
  }

  #obey(child: Child, word: Word): void {
    if (word === "normal" || word === "shutdown") return this.#exited(child, { kind: word });
    if (word === "killed") return this.#exited(child, { kind: "killed", failureClass: "crash" });
    const failureClass = word === "die" ? "crash" : word;
    const directive = this.#directive(child, failureClass);
    if (directive === "resume") return;
    this.#exited(child, { kind: "failure", failureClass }, directive);
  }

  /** The first rung that has room; past the last one it escalates. */
  #directive(child: Child, failureClass: "crash" | "loop" | "overload"): Directive {
    const ladder = child.plan.answers[failureClass] ?? [{ directive: "restart" }];
    for (const [number, { directive, times }] of ladder.entries()) {
      if (times === undefined) return directive;
      const past = (child.given.get(failureClass + number) ?? []).filter((stamp) => stamp >= this.#model.nowMs - 100);
      if (past.length >= times) continue;
      child.given.set(failureClass + number, [...past, this.#model.nowMs]);
      return directive;
    }
    return "escalate";
  }

  // Exits: rules 8 to 14 and 33 to 36

  #exited(child: Child, end: End, given?: Directive): void {
    this.#model.trace.push(`-${child.path} ${end.kind}`);
    child.status = "stopped";
    if (end.failureClass === undefined)
      return child.plan.restart === "permanent" ? this.#restart(child, undefined) : this.#endForGood(child);
    let directive = given ?? this.#directive(child, end.failureClass);
    if (child.plan.restart === "temporary" && child.plan.answers[end.failureClass] === undefined) directive = "restart";
    child.cause = end.failureClass;
    if (directive === "stop") this.#endForGood(child);
    else if (directive === "escalate") this.#giveUp(end.failureClass);
    else if (child.plan.restart === "temporary") this.#endForGood(child);
    else this.#restart(child, end.failureClass);
  }

  #endForGood(child: Child): void {
    this.#keepOrDrop(child);
    if (!child.plan.significant || this.flags.autoShutdown === "never") return;
    const others = this.children.filter((other) => other !== child && other.plan.significant && other.status !== "stopped");
    if (this.flags.autoShutdown === "any-significant" || others.length === 0) this.#end({ kind: "shutdown" }); // 35, 36
  }

  #restart(child: Child, cause: End["failureClass"]): void {
    const { backoffMs } = child.plan;
    const upMs = this.#model.nowMs - child.startedMs;
    child.failuresInARow = upMs >= (backoffMs === undefined ? this.flags.periodMs : 2 * backoffMs) ? 1 : child.failuresInARow + 1;
    child.cause = cause;
    if (backoffMs === undefined) return this.#attempt(child);
    this.#wait(child);
    for (const other of this.#groupOf(child).toReversed()) if (other !== child) this.#stopForRestart(other);
  }

  #wait(child: Child): void {
    child.status = "restarting";
    const { backoffMs } = child.plan;
    if (backoffMs === undefined) {
      let cancelled = false;
      child.cancelRetry = () => (cancelled = true);
      this.#postOwn(() => {
        if (!cancelled) this.#attempt(child);
      });
      return;
    }
    const delayMs = Math.min(8 * backoffMs, backoffMs * 2 ** (child.failuresInARow - 1));
    child.cancelRetry = this.#model.timer(delayMs, () => this.#attempt(child));
  }

  /** 22: a retry goes behind what is in the supervisor's own mailbox. */
  #postOwn(retry: () => void): void {
    this.#mailbox.push(retry);
    if (this.#mailbox.length > 1) return;
    this.#model.later(() => {
      for (; this.#mailbox.length > 0; this.#mailbox.shift()) this.#mailbox[0]!();
    });
  }

  // Restarts: rules 10 to 15, 17, 22 to 25

  #attempt(child: Child): void {
    child.cancelRetry = undefined;
    child.status = "stopped";
    const { maxRestarts, periodMs } = this.flags;
    this.#stamps = [...this.#stamps.filter((stamp) => stamp >= this.#model.nowMs - periodMs), this.#model.nowMs];
    if (this.#stamps.length > maxRestarts) return this.#giveUp(child.cause ?? "crash");
    const group = this.#groupOf(child);
    for (const other of group.toReversed()) if (other !== child) this.#stopForRestart(other);
    for (const next of group.filter((other) => other === child || other.plan.restart !== "temporary")) {
      const started = this.#startChild(next);
      if (started === "ignore") this.#keepOrDrop(next);
      if (started === "fail") return this.#failedAgain(next); // 24: the retry is for this one
    }
  }

  #failedAgain(child: Child): void {
    const directive = this.#directive(child, "crash");
    if (directive === "escalate") return this.#giveUp("crash");
    if (directive === "stop") return this.#endForGood(child);
    child.cause = "crash";
    child.failuresInARow++;
    this.#wait(child);
  }

  #groupOf(child: Child): readonly Child[] {
    switch (this.flags.strategy) {
      case "one-for-one":
      case "dynamic":
        return [child];
      case "one-for-all":
        return [...this.children];
      case "rest-for-one":
        return this.children.slice(this.children.indexOf(child));
      default:
        return this.flags.strategy satisfies never;
    }
  }

  #giveUp(failureClass: "crash" | "loop" | "overload"): void {
    this.#end({ kind: "escalated", failureClass }); // 18, but not `shutdown`
  }

  #end(end: End): void {
    this.#stopAll();
    this.onEnd(end);
  }

  // Stopping: rules 27 to 31

  #stopAll(): void {
    this.#ended = true;
    for (const child of this.children.toReversed()) {
      this.#stopNow(child);
      child.hasPlace = false;
    }
    this.children = [];
  }

  #stopNow(child: Child): void {
    child.cancelRetry?.();
    child.cancelRetry = undefined;
    if (child.status === "running") {
      if (child.team !== undefined) child.team.#stopAll();
      this.#model.trace.push(`-${child.path} shutdown`);
    }
    child.status = "stopped";
  }

  #stopForRestart(child: Child): void {
    this.#stopNow(child);
    if (child.plan.restart === "temporary") this.#keepOrDrop(child);
  }

  stop(): void {
    if (!this.#ended) this.#end({ kind: "shutdown" });
  }

  // Calls: rules 38 to 42, 46

  find(id: string): Child | undefined {
    return this.children.find(({ plan }) => plan.id === id);
  }

  startChild(plan: Plan): string {
    const there = this.find(plan.id);
    if (there !== undefined) return there.status === "running" ? "already-started" : "already-present";
    const child = new Child(this.#path + plan.id, plan);
    this.children.push(child);
    const started = this.#startChild(child);
    if (started === "ignore") this.#keepOrDrop(child);
    if (started !== "fail") return "ok";
    this.children = this.children.filter((other) => other !== child);
    return "start-failed";
  }

  terminateChild(id: string): string {
    const child = this.find(id);
    if (child === undefined) return "not-found";
    this.#stopNow(child);
    this.#keepOrDrop(child);
    return "ok";
  }

  restartChild(id: string): string {
    const refused = this.#refusal(id);
    if (refused !== undefined) return refused;
    const child = this.find(id)!;
    const started = this.#startChild(child);
    if (started === "ok") return "ok";
    if (started === "ignore") this.#keepOrDrop(child);
    child.hasPlace = false;
    child.mail = [];
    return started === "ignore" ? "ok" : "start-failed";
  }

  deleteChild(id: string): string {
    const refused = this.#refusal(id);
    if (refused !== undefined) return refused;
    this.children = this.children.filter(({ plan }) => plan.id !== id);
    return "ok";
  }

  #refusal(id: string): string | undefined {
    if (this.flags.strategy === "dynamic") return "dynamic";
    const status = this.find(id)?.status;
    return status === undefined ? "not-found" : status === "stopped" ? undefined : status;
  }

  changeFlags(flags: Flags, plans: readonly Plan[]): string {
    this.flags = flags;
    const kept = this.children.filter(({ plan }) => !plans.some(({ id }) => id === plan.id));
    const named = plans.map((plan) => {
      const child = this.find(plan.id) ?? new Child(this.#path + plan.id, plan);
      child.plan = plan;
      return child;
    });
    this.children = [...named, ...kept];
    return "ok";
  }

  /** Newest first. */
  list(): readonly string[] {
    return this.children.map(({ plan, status }) => `${plan.id} ${status}`).toReversed();
  }
}
