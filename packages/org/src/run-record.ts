import type { Address, Verdict } from "@orgtree/core";

/** Something that really happened in a run, as opposed to what somebody says of it. */
export type RecordEntry =
  | {
      readonly kind: "model";
      readonly key: string;
      readonly by: Address;
      readonly model: string;
      readonly tokens: number;
      readonly usd: number;
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
  | { readonly kind: "alarm"; readonly level: "yellow" | "red"; readonly by: Address; readonly what: string };

/**
 * What was done in one run, in order. Only those who execute effects write it; claims and evidence are checked against it.
 *
 * It holds the newest 100,000 entries.
 */
export class RunRecord {
  #entries: RecordEntry[] = [];
  readonly #listeners = new Set<(entry: RecordEntry) => void>();

  get entries(): readonly RecordEntry[] {
    return this.#entries;
  }

  add(entry: RecordEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > maxEntries + 1_000) this.#entries = this.#entries.slice(-maxEntries);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Calls `listener` for each new entry, until the function it gives back is called. */
  observe(listener: (entry: RecordEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The executed check with this key. */
  check(key: string): Extract<RecordEntry, { kind: "check" }> | undefined {
    return this.#entries.findLast((entry) => entry.kind === "check" && entry.key === key) as
      | Extract<RecordEntry, { kind: "check" }>
      | undefined;
  }
}

const maxEntries = 100_000;
