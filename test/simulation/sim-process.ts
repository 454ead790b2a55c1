import { describeFailure, toFailure, type Address, type ChildSpec } from "@orgtree/core";
import type { MemoryFile } from "@orgtree/journal";
import { createActorSystem, supervisor, type ActorSystem, type Logic, type WorkContext } from "@orgtree/runtime";
import type { Agenda } from "./agenda.ts";
import { makeClerk } from "./clerk.ts";
import { FaultyJournal, type AppendFault } from "./faulty-journal.ts";
import type { History } from "./history.ts";
import { clockOf, LifeLine } from "./life-line.ts";
import type { Does, MemberPlan, Order } from "./plan.ts";
import { makePress } from "./press.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What a process is started with. */
export interface ProcessOptions {
  readonly number: number;
  readonly members: readonly MemberPlan[];
  readonly file: MemoryFile;
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly history: History;
  readonly nextFault: () => AppendFault | undefined;
}

/** How long a turn may wait for its commit, virtual milliseconds. */
const commitMs = 1_000;
/** How often whoever runs a process starts again what did not start. */
const mostFailedStarts = 20;

/** One process after the other runs the real system over the same journal; this is one of them. */
export class SimProcess {
  readonly line: LifeLine;
  readonly system: ActorSystem;
  readonly #options: ProcessOptions;
  readonly #journal: FaultyJournal;
  #births = 0;
  #failedStarts = 0;

  constructor(options: ProcessOptions) {
    const { number, agenda, file, random, nextFault } = options;
    this.#options = options;
    this.line = new LifeLine(number, agenda);
    this.#note({ what: "booted" });
    this.#journal = new FaultyJournal({
      file,
      line: this.line,
      random: random.fork("disk"),
      nextFault,
      noteAppend: ({ epoch, entries, how }) =>
        this.#note({ what: "appended", epoch, entries: entries.map(({ address, seq, kind }) => `${address}#${seq} ${kind}`), how }),
    });
    this.system = createActorSystem({
      clock: clockOf(this.line, agenda, random.int(0, 1_000_000)),
      journal: this.#journal,
      random: random.fork("system"),
      commitMs,
    });
    this.system.observe((event) => {
      if (this.line.alive) this.#note({ what: "event", event });
    });
    for (const member of random.shuffle(options.members)) this.line.after(random.int(0, 3), () => this.#start(this.#specOf(member)));
  }

  #note(happening: object): void {
    const { history, agenda, number } = this.#options;
    history.note({ atMs: agenda.nowMs, process: number, ...happening } as Parameters<History["note"]>[0]);
  }

  #start(spec: ChildSpec<Logic>): void {
    this.system.start(spec).catch((error: unknown) => {
      if (!this.line.alive) return;
      this.#note({ what: "not-started", id: spec.id, error: describeFailure(toFailure(error)) });
      if (++this.#failedStarts < mostFailedStarts) this.line.after(200, () => this.#start(spec));
    });
  }

  /** An administrative call of somebody outside. */
  async administer(to: Address, { call, child }: Order & { type: "admin" }): Promise<void> {
    const supervisor = this.system.supervisor(to);
    if (call === "restart") return void (await supervisor.restartChild(child));
    await supervisor.terminateChild(child);
    const member = this.#options.members.find(({ id }) => id === child);
    if (call === "bounce" && member !== undefined && this.line.alive) this.#start(this.#specOf(member));
  }

  #specOf(member: MemberPlan): ChildSpec<Logic> {
    const { id, restart, backoffMs } = member;
    const backoff = backoffMs === undefined ? undefined : { minMs: backoffMs, maxMs: 8 * backoffMs };
    const onFailure = member.kind === "clerk" ? { crash: member.onCrash } : undefined;
    return { id, restart, backoff, onFailure, logic: this.#logicOf(member) };
  }

  #logicOf(member: MemberPlan): Logic {
    switch (member.kind) {
      case "clerk":
        return makeClerk({
          doWork: (id, context, workMs) => this.#work({ id, does: "irreversible", workMs, succeeds: true }, context),
          nextBirth: () => 1_000 * this.line.number + this.#births++,
        });
      case "press":
        return makePress((job, context) => this.#work(job, context));
      case "team": {
        const { strategy, maxRestarts, periodMs, members } = member;
        return supervisor({ strategy, intensity: { maxRestarts, periodMs }, children: members.map((each) => this.#specOf(each)) });
      }
      default:
        return member satisfies never;
    }
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
    this.system.close().then(
      () => this.line.alive && closed(),
      (error: unknown) => {
        throw new Error(`a system does not close: ${toFailure(error).message}`);
      },
    );
  }
}
