import { JournalError, type NewEntry } from "@orgtree/core";
import type { MemoryFile } from "@orgtree/journal";
import type { OpenedJournal } from "@orgtree/node";
import { readTurn } from "@orgtree/runtime";
import { FaultyJournal } from "../faulty-journal.ts";
import type { LifeLine } from "../life-line.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { JournalFault } from "./cluster-plan.ts";

/** A fault, and how long it lasts where it does. */
export interface JournalStrike {
  readonly how: JournalFault;
  readonly ms: number;
}

/** What a journal that may break is made of. */
export interface BreakableJournalOptions {
  readonly file: MemoryFile;
  readonly line: LifeLine;
  readonly random: SeededRandom;
  /** What strikes the next appends, the first first. */
  readonly faults: JournalStrike[];
  readonly stored: (entries: readonly NewEntry[]) => void;
  /** The process stands still, just when something was stored and nobody has heard of it. */
  readonly stops: (forMs: number) => void;
}

/** The faulty journal, which may also be over: then it has to be opened again, as one on a server that was away for too long. */
export class BreakableJournal extends FaultyJournal implements OpenedJournal {
  readonly #faults: JournalStrike[];
  /** How long the process is to stand still behind the next that is stored. */
  #stopMs: number | undefined;
  #over: JournalError | undefined;

  constructor({ faults, stored, stops, ...options }: BreakableJournalOptions) {
    super({
      ...options,
      archive: [],
      nextFault: (entries) => this.#next(entries),
      noteAppend: ({ entries, how }) => {
        if (how === "conflict") this.#over ??= new JournalError("simulated", "another process has it", { retryable: true });
        else stored(entries);
        if (this.#stopMs !== undefined) stops(this.#stopMs);
        this.#stopMs = undefined;
      },
    });
    this.#faults = faults;
  }

  get over(): JournalError | undefined {
    return this.#over;
  }

  override append(entries: readonly NewEntry[]): Promise<number> {
    return this.#over === undefined ? super.append(entries) : Promise.reject(this.#over);
  }

  #next(entries: readonly NewEntry[]): { readonly how: "before" | "after" | "for-good" | "slow"; readonly ms: number } | undefined {
    const [strike] = this.#faults;
    if (strike === undefined || (strike.how === "stop" && !entries.some(beginsWork))) return undefined;
    this.#faults.shift();
    const { how, ms } = strike;
    if (how === "stop") {
      this.#stopMs = ms;
      return undefined;
    }
    if (how !== "over" && how !== "refused") return { how, ms };
    this.#over = new JournalError("simulated", "it is over; open it again", { retryable: how === "over" });
    return { how: how === "over" ? "after" : "for-good", ms };
  }
}

/** Something is to be done outside when it is stored. */
function beginsWork(entry: NewEntry): boolean {
  const isTurn = entry.kind !== "end" && !entry.address.includes("/desk-");
  return isTurn && readTurn({ ...entry, position: 0 }).effects.some(({ kind }) => kind === "run");
}
