import { MemoryFile } from "@orgtree/journal";
import type { TreeNode } from "@orgtree/runtime";
import { toFailure, type Address, type Entry, type NewEntry } from "@orgtree/core";
import { Agenda } from "./agenda.ts";
import type { Report } from "./clerk.ts";
import type { AppendFault } from "./faulty-journal.ts";
import { History, type Noted, type OperationNoted } from "./history.ts";
import { groupList, nameList } from "./order.ts";
import { membersOf, type FaultPlan, type MemberPlan, type OperationPlan, type Plan } from "./plan.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimProcess } from "./sim-process.ts";
import { readTurns, type JournaledTurn } from "./stored-history.ts";

/** What is known when a run is over. */
export interface Outcome {
  readonly plan: Plan;
  readonly history: History;
  /** All that was ever stored, in order. */
  readonly turns: readonly JournaledTurn[];
  /** What the actors say of themselves; undefined for one that does not answer. */
  readonly reports: ReadonlyMap<Address, Report | undefined>;
  readonly tree: TreeNode;
  /** Who has each name, and who is in each group. */
  readonly names: ReadonlyMap<string, Address | undefined>;
  readonly groups: ReadonlyMap<string, readonly Address[]>;
  /** What was left when the system was closed; undefined when it did not close. */
  readonly open: { readonly actors: number; readonly timers: number; readonly asks: number } | undefined;
  /** The number of the process that was there in the end. */
  readonly lastProcess: number;
  /** Something was still going on when all was to be quiet. */
  readonly isBusy: boolean;
  /** Virtual milliseconds. */
  readonly endMs: number;
  readonly steps: number;
}

/** Time for everything to come to an end after the chaos: longer than each timeout and pause of a plan. */
const quietMs = 60_000;
/** A client that has no answer asks again after this time, and gives up some time after the chaos. */
const retryMs = 400;
const patienceMs = 20_000;
/** How long a process goes on that is thought to be dead. */
const zombieMs = 300;
/** How long it takes until somebody has looked at a process that has ended by itself. */
const gaveUpMs = 50;
const mostSteps = 40_000;

/** Runs a plan. The same plan always runs in the same way. */
export async function simulate(plan: Plan): Promise<Outcome> {
  return new Simulation(plan).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #random: SeededRandom;
  readonly #endRandom: SeededRandom;
  readonly #agenda: Agenda;
  readonly #history = new History();
  readonly #file = new MemoryFile("in memory", "");
  readonly #archive: Entry[] = [];
  readonly #added = new Map<string, Address>();
  readonly #dynamic: ReadonlySet<Address>;
  readonly #answered = new Set<string>();
  #process: SimProcess;
  #processes = 0;
  #isUp = true;
  #isHealed = false;
  #appendFaults: (AppendFault & { left: number })[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#random = new SeededRandom(`run ${plan.seed}`);
    this.#endRandom = new SeededRandom(`ends ${plan.seed}`);
    this.#agenda = new Agenda(this.#random.fork("agenda"));
    const members = membersOf(plan.members);
    this.#dynamic = new Set([...members].flatMap(([to, each]) => (each.kind === "team" && each.strategy === "dynamic" ? [to] : [])));
    this.#process = this.#boot();
  }

  async run(): Promise<Outcome> {
    const { operations, faults, chaosMs } = this.#plan;
    for (const operation of operations) this.#schedule(operation);
    for (const fault of faults) this.#agenda.after(fault.atMs, () => this.#strike(fault));
    await this.#agenda.run(chaosMs);
    this.#heal();
    const isQuiet = await this.#agenda.run(chaosMs + quietMs, mostSteps);
    const tree = this.#process.system.tree();
    const turns = readTurns(this.#archive);
    const names = new Map(nameList.map((name) => [name, this.#process.system.whereis(name)]));
    const groups = new Map(groupList.map((group) => [group, this.#process.system.members(group)]));
    const reports = await this.#inspect();
    const open = await this.#close();
    return {
      plan: this.#plan,
      history: this.#history,
      turns,
      reports,
      tree,
      names,
      groups,
      open,
      lastProcess: this.#processes,
      isBusy: !isQuiet || !this.#agenda.isEmpty,
      endMs: this.#agenda.nowMs,
      steps: this.#agenda.steps,
    };
  }

  #boot(): SimProcess {
    this.#isUp = true;
    const number = ++this.#processes;
    return new SimProcess({
      number,
      members: this.#plan.members,
      dynamic: this.#dynamic,
      file: this.#file,
      archive: this.#archive,
      added: this.#added,
      agenda: this.#agenda,
      random: this.#random.fork(`process ${number}`),
      history: this.#history,
      nextFault: (entries) => this.#nextFault(entries),
      gaveUp: () => this.#agenda.after(0, () => this.#replace(number)),
    });
  }

  #note(happening: Noted, process = this.#processes): void {
    this.#history.note({ atMs: this.#agenda.nowMs, process, ...happening });
  }

  // Faults

  #nextFault(entries: readonly NewEntry[]): AppendFault | undefined {
    const fault = this.#appendFaults[0] ?? this.#endFault(entries);
    if (fault === undefined) return undefined;
    if (--fault.left <= 0) this.#appendFaults.shift();
    this.#note({ what: "struck", fault: "append", how: fault.how });
    return fault;
  }

  /** The ends of places are few, and would hardly ever be struck. */
  #endFault(entries: readonly NewEntry[]): (AppendFault & { left: number }) | undefined {
    const isStruck = !this.#isHealed && entries.every(({ kind }) => kind === "end") && this.#endRandom.chance(0.1);
    return isStruck ? { how: "before", ms: 0, left: 1 } : undefined;
  }

  #strike(fault: FaultPlan): void {
    if (this.#agenda.nowMs > this.#plan.chaosMs) return;
    if (fault.kind === "compact") {
      if (this.#isUp && this.#process.line.alive) void this.#process.compact(fault.keep);
    } else if (fault.kind === "append") this.#appendFaults.push({ how: fault.how, ms: fault.ms, left: fault.count });
    else if (this.#isUp && !this.#process.line.armed) this.#process.line.arm(fault.skip, () => this.#crash(fault));
  }

  #crash(fault: FaultPlan & { kind: "crash" }): void {
    const process = this.#process;
    this.#isUp = false;
    this.#note({ what: "struck", fault: "crash", how: fault.how });
    const bootLater = (): void => void this.#agenda.after(fault.downMs, () => (this.#process = this.#boot()));
    if (fault.how === "close") {
      process.close(() => {
        process.kill(1);
        bootLater();
      });
      return;
    }
    if (fault.how === "kill") process.kill(fault.tail);
    else this.#agenda.after(fault.downMs + zombieMs, () => process.kill(0));
    bootLater();
  }

  /** A process in which nothing runs any more is ended by whoever runs it, and another one started. */
  #replace(number: number): void {
    if (!this.#isUp || number !== this.#processes) return;
    this.#crash({ kind: "crash", atMs: this.#agenda.nowMs, skip: 0, how: "close", downMs: gaveUpMs, tail: 1 });
  }

  /** From here on nothing goes wrong any more. */
  #heal(): void {
    this.#appendFaults = [];
    this.#isHealed = true;
    this.#process.line.disarm();
  }

  // Clients

  #schedule(operation: OperationPlan): void {
    const { id, atMs, copiesMs, retries } = operation;
    for (const copyMs of copiesMs) this.#agenda.after(atMs + copyMs, () => this.#arrive(operation));
    if (!retries) return;
    let waitMs = retryMs;
    const again = (): void => {
      if (this.#answered.has(id) || this.#agenda.nowMs > this.#plan.chaosMs + patienceMs) return;
      this.#arrive(operation);
      this.#agenda.after((waitMs *= 2), again);
    };
    this.#agenda.after(atMs + retryMs, again);
  }

  /** A copy of an operation reaches the process that is up. */
  #arrive({ id, to, order, mode }: OperationPlan): void {
    const process = this.#process;
    if (!this.#isUp || !process.line.passes()) return;
    const { number } = process.line;
    const note = (happening: OperationNoted): void => this.#note({ operation: id, ...happening }, number);
    note({ what: "arrived" });
    if (order.type === "admin") return this.#administer(process, { to, order, note });
    try {
      if (mode === "tell") return process.system.tell(to, order);
    } catch (error) {
      return note({ what: "refused", error: toFailure(error).name });
    }
    process.system.ask(to, order, { timeoutMs: 2_000 }).then(
      (value) => {
        if (!process.line.passes()) return;
        this.#answered.add(id);
        note({ what: "answered", value });
      },
      (error: unknown) => {
        if (process.line.alive) note({ what: "unanswered", error: toFailure(error).name });
      },
    );
  }

  #administer(
    process: SimProcess,
    { to, order, note }: { to: Address; order: OperationPlan["order"] & { type: "admin" }; note: (happening: OperationNoted) => void },
  ): void {
    const { call, child } = order;
    if (call === "terminate") this.#added.delete(child);
    process.administer(to, order).then(
      () => {
        if (!process.line.alive) return;
        if (call === "start" && !this.#dynamic.has(to)) this.#added.set(child, to);
        note({ what: "answered", value: call });
      },
      (error: unknown) => process.line.alive && note({ what: "unanswered", error: toFailure(error).name }),
    );
  }

  // The end

  async #inspect(): Promise<Map<Address, Report | undefined>> {
    const reports = new Map<Address, Report | undefined>();
    for (const address of workersOf(this.#process.system.tree(), membersOf(this.#plan.members))) {
      this.#process.system.ask(address, { type: "get", id: "final" }, { timeoutMs: 5_000 }).then(
        (report) => reports.set(address, report as Report),
        () => reports.set(address, undefined),
      );
    }
    await this.#agenda.run(this.#agenda.nowMs + 10_000, mostSteps);
    return reports;
  }

  async #close(): Promise<Outcome["open"]> {
    const { system } = this.#process;
    let open: Outcome["open"];
    this.#process.close(() => (open = system.open));
    await this.#agenda.run(this.#agenda.nowMs + 60_000, mostSteps);
    return open;
  }
}

/** Whom to ask what they remember: those that there are, and those that there should be. */
function workersOf(tree: TreeNode, members: ReadonlyMap<Address, MemberPlan>): ReadonlySet<Address> {
  const workers = new Set([...members].filter(([, { kind }]) => kind !== "team").map(([address]) => address));
  const visit = ({ address, type, children }: TreeNode): void => {
    if (type === "worker") workers.add(address);
    for (const child of children) visit(child);
  };
  visit(tree);
  return workers;
}
