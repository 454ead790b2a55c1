import type { Address, ChildSpec, NewEntry, SystemEvent } from "@orgtree/core";
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { expect, onTestFinished } from "vitest";
import { createActorSystem, replay, Timeline, VirtualClock, type ActorSystem, type Logic, type PastTurn } from "@orgtree/runtime";

/** A file on which the appends of one address can be held up, as by a slow disk. */
class FreezingFile extends MemoryFile {
  frozen: Address | undefined;
  /** Appends that are still stored. Of the last one nobody hears any more: the process dies between a record and what follows from it. */
  left = Infinity;
  /** What was stored since `freezeAfter`. */
  readonly stored: NewEntry[] = [];
  /** Something was held up since. */
  hasHeld = false;
  /** Until when work may not begin; undefined where it may. */
  leave: Promise<void> | undefined;
  #left = Infinity;
  #counts: (entry: NewEntry) => boolean = () => false;

  freeze(address: Address): void {
    this.frozen = address;
  }

  /** So many entries of those that count are stored yet, and no more. */
  freezeAfter(entries: number, counts: (entry: NewEntry) => boolean): void {
    this.stored.length = 0;
    this.hasHeld = false;
    this.#left = entries;
    this.#counts = counts;
  }

  thaw(): void {
    this.frozen = undefined;
    this.#left = Infinity;
    this.#counts = () => false;
  }

  /** True when these entries never come to be stored. */
  holds(entries: readonly NewEntry[]): boolean {
    if (entries.some(({ address }) => address === this.frozen)) return true;
    const counted = entries.filter(this.#counts);
    if (counted.length > this.#left) {
      this.#left = 0;
      this.hasHeld = true;
      return true;
    }
    this.#left -= counted.length;
    this.stored.push(...counted);
    return false;
  }
}

/** Appends of a frozen address, or behind the last one that is allowed, never come to an end. */
class FreezingJournal extends MemoryJournal {
  readonly #file: FreezingFile;

  constructor(file: FreezingFile) {
    super(file);
    this.#file = file;
  }

  override async append(entries: readonly NewEntry[]): Promise<number> {
    const never = new Promise<number>(() => {});
    const left = this.#file.left--;
    if (left <= 0 || this.#file.holds(entries)) return never;
    const stored = await super.append(entries);
    return left === 1 ? never : stored;
  }

  mayBegin(): Promise<void> | undefined {
    return this.#file.leave;
  }
}

/**
 * One process after the other over the same journal. A crash leaves the old one where it is: nothing of it is closed, and
 * what it would still store is refused.
 */
export class World {
  readonly file = new FreezingFile();
  clock = new VirtualClock();
  /** Of the process that is there. */
  journal: MemoryJournal = new FreezingJournal(this.file);
  system: ActorSystem;
  events: SystemEvent[] = [];

  /** False where a test goes on with another program that does not say so. */
  isReplayed = true;
  readonly #specs = new Map<string, ChildSpec<Logic>>();

  constructor() {
    this.system = this.#boot();
    onTestFinished(() => this.#checkReplay());
  }

  #boot(): ActorSystem {
    this.events = [];
    const events = this.events;
    this.journal = new FreezingJournal(this.file);
    const system = createActorSystem({ clock: this.clock, journal: this.journal });
    system.observe((event) => void events.push(event));
    return system;
  }

  /** The process dies, and another one comes up `afterMs` later, with a clock of its own. */
  async crash(afterMs = 0): Promise<void> {
    this.clock = new VirtualClock(this.clock.epochMs() + afterMs);
    this.system = this.#boot();
    await this.clock.settle();
  }

  async start(spec: ChildSpec<Logic>): Promise<Address> {
    this.#specs.set(spec.id, spec);
    const [address] = await Promise.all([this.system.start(spec), this.clock.settle()]);
    return address;
  }

  async ask(to: Address, message: unknown): Promise<unknown> {
    const [answer] = await Promise.all([this.system.ask(to, message), this.clock.settle()]);
    return answer;
  }

  /** Whatever a test did: all turns lead to the same once more. */
  async #checkReplay(): Promise<void> {
    if (!this.isReplayed) return;
    const report = await replay(new MemoryJournal(this.file), [...this.#specs.values()]);
    expect(report.divergence).toBeUndefined();
  }

  /** Stores something behind everybody's back. */
  async append(entries: readonly NewEntry[]): Promise<void> {
    await new MemoryJournal(this.file).append(entries);
  }

  /** What is stored of an actor. */
  async turns(address: Address): Promise<readonly PastTurn[]> {
    const turns: PastTurn[] = [];
    for await (const turn of new Timeline(new MemoryJournal(this.file), address).turns()) turns.push(turn);
    return turns;
  }

  async tell(to: Address, message: unknown): Promise<void> {
    this.system.tell(to, message);
    await this.clock.settle();
  }
}
