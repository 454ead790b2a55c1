import {
  childAddress,
  describeFailure,
  failureOf,
  GivenUpError,
  toFailure,
  type Address,
  type ChildSpec,
  type Entry,
  type OnFailure,
  type SupervisorSpec,
} from "@orgtree/core";
import { MemoryJournal, type MemoryFile } from "@orgtree/journal";
import { createActorSystem, supervisor, type ActorSystem, type Logic, type WorkContext } from "@orgtree/runtime";
import type { Agenda } from "./agenda.ts";
import { makeClerk } from "./clerk.ts";
import { FaultyJournal, type FaultyJournalOptions } from "./faulty-journal.ts";
import type { History, Noted } from "./history.ts";
import { clockOf, LifeLine } from "./life-line.ts";
import type { Does, Order } from "./order.ts";
import type { MemberPlan, SeatsPlan, TeamPlan } from "./plan.ts";
import { makePress } from "./press.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What a process is started with. */
export interface ProcessOptions {
  readonly number: number;
  readonly members: readonly MemberPlan[];
  /** The supervisors whose children are started one by one. */
  readonly dynamic: ReadonlySet<Address>;
  readonly file: MemoryFile;
  readonly archive: Entry[];
  /** Children that somebody added by hand, who starts them again in each process: the id of each, and where it belongs. */
  readonly added: ReadonlyMap<string, Address>;
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly history: History;
  readonly nextFault: FaultyJournalOptions["nextFault"];
  /** Called when what the store refuses for good has ended everything: somebody has to look, and start it again. */
  readonly gaveUp: () => void;
}

/** How long a turn may wait for its commit, virtual milliseconds. */
const commitMs = 1_000;
/** How often whoever runs a process starts again what did not start. */
const mostFailedStarts = 20;
/** How often whoever runs a process begins a tree afresh that it has given up. */
const mostRevivals = 5;

/** One process after the other runs the real system over the same journal; this is one of them. */
export class SimProcess {
  readonly line: LifeLine;
  readonly system: ActorSystem;
  readonly #options: ProcessOptions;
  readonly #journal: FaultyJournal;
  #births = 0;
  #failedStarts = 0;
  #revivals = 0;

  constructor(options: ProcessOptions) {
    const { number, agenda, file, archive, random, nextFault, added } = options;
    this.#options = options;
    this.line = new LifeLine(number, agenda);
    this.#note({ what: "booted" });
    this.#journal = new FaultyJournal({
      file,
      archive,
      line: this.line,
      random: random.fork("disk"),
      nextFault,
      noteAppend: ({ epoch, entries, how }) =>
        this.#note({ what: "appended", epoch, entries: entries.map(({ address, seq, kind }) => ({ address, seq, kind })), how }),
    });
    this.system = createActorSystem({
      clock: clockOf(this.line, agenda, random.int(0, 1_000_000)),
      journal: this.#journal,
      random: random.fork("system"),
      commitMs,
    });
    this.system.observe((event) => {
      if (!this.line.alive) return;
      this.#note({ what: "event", event });
      if (event.type === "escalated-to-root") this.#revive(event.address);
      if (event.type === "actor-exited" && event.address === "/" && failureOf(event.exit)?.name === "NotStored") options.gaveUp();
    });
    for (const member of random.shuffle(options.members)) this.line.after(random.int(0, 3), () => this.#start(this.#specOf(member)));
    for (const [id, to] of added) this.line.after(random.int(5, 40), () => this.#add(to, id));
  }

  #note(happening: Noted): void {
    const { history, agenda, number } = this.#options;
    history.note({ atMs: agenda.nowMs, process: number, ...happening });
  }

  /** Sometimes whoever runs the process does not wait for the next one. */
  #revive(top: Address): void {
    const { members, random } = this.#options;
    const member = members.find(({ id }) => childAddress("/", id) === top);
    if (member === undefined || this.#revivals++ >= mostRevivals) return;
    this.line.after(random.fork(`revival ${this.#revivals}`).int(0, 300), () => this.#start(this.#specOf(member)));
  }

  /** What was given up because of a failure is begun afresh, since whoever runs it says so then. */
  #start(spec: ChildSpec<Logic>, fresh = false): void {
    this.system.start(spec, { fresh }).catch((error: unknown) => {
      if (!this.line.alive) return;
      if (error instanceof GivenUpError) {
        this.#note({ what: "begun-afresh", id: spec.id });
        this.line.after(0, () => this.#start(spec, true));
        return;
      }
      this.#note({ what: "not-started", id: spec.id, error: describeFailure(toFailure(error)) });
      if (++this.#failedStarts < mostFailedStarts) this.line.after(200, () => this.#start(spec));
    });
  }

  /** As whoever added it does after each crash; it may be there, and its supervisor may not. */
  #add(to: Address, id: string): void {
    if (!this.line.alive) return;
    this.system
      .supervisor(to)
      .startChild(this.#addedSpec(id))
      .catch((error: unknown) => this.line.alive && this.#note({ what: "not-started", id, error: toFailure(error).name }));
  }

  /** An administrative call of somebody outside. */
  async administer(to: Address, { call, child }: Order & { type: "admin" }): Promise<void> {
    const supervisor = this.system.supervisor(to);
    switch (call) {
      case "restart":
        return void (await supervisor.restartChild(child));
      case "start": {
        const isDynamic = this.#options.dynamic.has(to);
        return void (await supervisor.startChild(isDynamic ? { id: child } : this.#addedSpec(child)));
      }
      case "rollback":
      case "rollback-consenting":
        return void (await this.system.rollBack(childAddress(to, child), { consent: call === "rollback-consenting" }));
      case "terminate":
        return supervisor.terminateChild(child);
      case "bounce": {
        await supervisor.terminateChild(child);
        const member = this.#options.members.find(({ id }) => id === child);
        if (member !== undefined && this.line.alive) this.#start(this.#specOf(member));
        return undefined;
      }
      default:
        return call satisfies never;
    }
  }

  /** Removes from the journal what nobody needs; what is there now must be there afterwards. */
  async compact(keep: number): Promise<void> {
    const { file } = this.#options;
    const before = await textOfImages(file);
    const { removed } = await this.#journal.compact({ keepAfter: Math.max(0, file.lastPosition - keep) });
    this.#note({ what: "compacted", removed, isSame: before === (await textOfImages(file)) });
  }

  #addedSpec(id: string): ChildSpec<Logic> {
    return { id, restart: id.endsWith("p") ? "permanent" : "transient", logic: this.#clerk() };
  }

  #specOf(member: MemberPlan): ChildSpec<Logic> {
    const { id, restart, backoffMs, budget, mailbox, significant } = member;
    const backoff = backoffMs === undefined ? undefined : { minMs: backoffMs, maxMs: 8 * backoffMs };
    return { id, restart, backoff, budget, mailbox, significant, onFailure: answersOf(member), logic: this.#logicOf(member) };
  }

  #clerk(): Logic {
    return makeClerk({
      doWork: (id, context, workMs) => this.#work({ id, does: "irreversible", workMs, succeeds: true }, context),
      nextBirth: () => 1_000 * this.line.number + this.#births++,
    });
  }

  #logicOf(member: MemberPlan): Logic {
    switch (member.kind) {
      case "clerk":
        return this.#clerk();
      case "press":
        return makePress((job, context) => this.#work(job, context));
      case "team":
        return supervisor(this.#teamOf(member));
      default:
        return member satisfies never;
    }
  }

  #teamOf({ strategy, maxRestarts, periodMs, members, maxChildren, autoShutdown, replan }: TeamPlan): SupervisorSpec<Logic> {
    const intensity = { maxRestarts, periodMs };
    if (strategy === "dynamic")
      return { strategy, intensity, maxChildren, template: { logic: this.#clerk(), onFailure: { crash: "restart" } } };
    if (replan === undefined) return { strategy, intensity, autoShutdown, children: members.map((each) => this.#specOf(each)) };
    const { planner, maxReplans, first } = replan;
    const children = (plan: unknown): readonly ChildSpec<Logic>[] =>
      (plan as SeatsPlan).seats.map(({ id, as }) => ({ id, input: as, logic: this.#clerk(), onFailure: seatAnswers }));
    return { strategy, intensity, plan: { initial: first, children, planner, maxReplans, timeoutMs: 3_000 } };
  }

  /** The world outside, which remembers what was begun. */
  #work(job: { id: string; does: Does; workMs: number; succeeds: boolean }, { key, address }: WorkContext): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    if (!this.line.passes()) return promise;
    this.#note({ what: "work", key, id: job.id, does: job.does, address });
    this.line.after(job.workMs, () => (job.succeeds ? resolve(`result of ${job.id}`) : reject(new Error(`${job.id} fails`))));
    return promise;
  }

  /** It is gone, and nothing of it happens any more. */
  kill(tail: number): void {
    if (!this.line.alive) return;
    this.line.cut();
    this.#journal.crash(tail);
    this.#note({ what: "ended" });
  }

  /** It ends in order; `closed` is called when that is over. */
  close(closed: () => void): void {
    this.#note({ what: "closing" });
    this.system.close().then(
      () => this.line.alive && closed(),
      (error: unknown) => {
        throw new Error(`a system does not close: ${toFailure(error).message}`);
      },
    );
  }
}

/** What becomes of a member that fails. */
function answersOf(member: MemberPlan): OnFailure | undefined {
  if (member.kind === "clerk" && member.onCrash !== "rollback") return { crash: member.onCrash };
  return member.kind === "clerk" || (member.kind === "team" && member.rollsBack === true) ? rollbackAnswers : undefined;
}

const rollbackAnswers: OnFailure = {
  crash: [{ directive: "rollback", intensity: { maxRestarts: 3, periodMs: 60_000 } }, { directive: "restart" }],
};
const seatAnswers: OnFailure = {
  crash: [{ directive: "restart", intensity: { maxRestarts: 1, periodMs: 60_000 } }, { directive: "replan" }],
};

/** The images of all actors in a file. */
async function textOfImages(file: MemoryFile): Promise<string> {
  const texts: string[] = [];
  const { epoch } = file;
  const journal = new MemoryJournal(file);
  file.epoch = epoch; // Nobody has opened it to write.
  for await (const { address, entries } of journal.images())
    texts.push(`${address} ${entries.map(({ seq, data }) => `${seq} ${Buffer.from(data).toString("latin1")}`).join(" ")}`);
  return texts.sort().join("\n");
}
