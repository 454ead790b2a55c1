import type { Address, Logger, Verdict } from "@orgtree/core";

/** Something that really happened in a run, as opposed to what somebody says of it. */
export type RecordEntry =
  | {
      readonly kind: "model";
      readonly key: string;
      readonly by: Address;
      readonly model: string;
      readonly tokens: number;
      /** Undefined where no price is known. */
      readonly usd: number | undefined;
      /** How often it was tried; the last time it was answered. */
      readonly attempts: number;
    }
  | {
      readonly kind: "model-failed";
      readonly key: string;
      readonly by: Address;
      readonly model: string;
      readonly attempts: number;
      readonly why: string;
    }
  | {
      readonly kind: "tool";
      readonly key: string;
      readonly by: Address;
      readonly tool: string;
      readonly changes: boolean;
      readonly ok: boolean;
      readonly summary: string;
    }
  | {
      readonly kind: "check";
      readonly key: string;
      readonly by: Address;
      readonly criterion: string;
      readonly passed: boolean;
      readonly artefact: string;
      readonly observed: string;
    }
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  /** What a hold point decided on a version of the work; the reason is empty when it opened. */
  | { readonly kind: "hold"; readonly by: Address; readonly artefact: string; readonly open: boolean; readonly reason: string }
  | { readonly kind: "alarm"; readonly level: "yellow" | "red"; readonly by: Address; readonly what: string };

/** Stores an entry with the next turn of the actor at this address. */
export type KeepEntry = (at: Address, entry: RecordEntry) => void;

/** The record of an executed check. */
export type CheckEntry = Extract<RecordEntry, { kind: "check" }>;

/** The record, to be read. Nothing leads from here to the writing end, and entries are frozen. */
export interface RecordView {
  /** A copy of the entries, in order. */
  readonly entries: readonly RecordEntry[];
  /** Calls `listener` for each new entry, until the function it gives back is called. */
  observe(listener: (entry: RecordEntry) => void): () => void;
  /** The executed check with this key. */
  check(key: string): CheckEntry | undefined;
  /** Whether a hold point has opened for this version of the work. */
  hasOpened(artefact: string): boolean;
}

/**
 * What was done in one run, in order; the writing end. Whoever executes effects has it, and the hold point; agents are given `view`.
 * Claims, evidence and the end of the run are checked against it.
 *
 * It holds the newest 100,000 entries.
 */
export class RunRecord {
  #entries: RecordEntry[] = [];
  readonly #listeners = new Set<(entry: RecordEntry) => void>();
  /** The reading end. */
  readonly view: RecordView;

  /** Hears of listeners that throw. */
  readonly #logger: Logger | undefined;

  readonly #keep: KeepEntry | undefined;

  constructor(options: { readonly logger?: Logger | undefined; readonly keep?: KeepEntry | undefined } = {}) {
    this.#logger = options.logger;
    this.#keep = options.keep;
    const copy = (): readonly RecordEntry[] => [...this.#entries];
    this.view = Object.freeze<RecordView>({
      get entries() {
        return copy();
      },
      observe: (listener) => {
        this.#listeners.add(listener);
        return () => {
          this.#listeners.delete(listener);
        };
      },
      check: (key) => this.#entries.findLast((entry): entry is CheckEntry => entry.kind === "check" && entry.key === key),
      hasOpened: (artefact) => this.#entries.some((entry) => entry.kind === "hold" && entry.open && entry.artefact === artefact),
    });
  }

  /** What an earlier process did in the same run; nobody is told of it. */
  restore(entries: readonly RecordEntry[]): void {
    this.#entries = [...this.#entries, ...entries.slice(-maxEntries).map(frozenCopy)].slice(-maxEntries);
  }

  /**
   * Keeps an entry and tells the listeners. One that throws is logged; it disturbs neither the others nor whoever acts. `at` is in whose
   * turns it is stored; by default of who did it.
   */
  add(entry: RecordEntry, at: Address = entry.kind === "verdict" ? entry.verdict.by : entry.by): void {
    const kept = frozenCopy(entry);
    this.#entries.push(kept);
    this.#keep?.(at, kept);
    if (this.#entries.length > maxEntries + 1_000) this.#entries = this.#entries.slice(-maxEntries);
    for (const listener of this.#listeners) {
      try {
        const result: unknown = listener(kept);
        if (result instanceof Promise) result.catch((error: unknown) => this.#report(error, kept));
      } catch (error) {
        this.#report(error, kept);
      }
    }
  }

  #report(error: unknown, { kind }: RecordEntry): void {
    this.#logger?.error({ err: error, entry: kind }, "a listener of the run record threw");
  }
}

const maxEntries = 100_000;

/** A verdict comes from an agent, which may still hold it. */
function frozenCopy(entry: RecordEntry): RecordEntry {
  if (entry.kind !== "verdict") return Object.freeze({ ...entry });
  const evidence = Object.freeze(entry.verdict.evidence.map((piece) => Object.freeze({ ...piece })));
  return Object.freeze({ kind: "verdict", verdict: Object.freeze({ ...entry.verdict, evidence }) });
}
