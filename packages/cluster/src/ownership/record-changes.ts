import { type Clock, LeaseError, type Leases, type Logger } from "@orgtree/core";
import type { View } from "./view.ts";

/** What changes of records need. */
export interface RecordChangesParts {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly view: View;
  /** What the node is called that makes them. */
  readonly name: () => string;
}

/** Changes records by compare-and-set; what becomes of each is read where nobody told, and is in the view afterwards. */
export class RecordChanges {
  readonly #parts: RecordChangesParts;

  constructor(parts: RecordChangesParts) {
    this.#parts = parts;
  }

  /** Changes a record; what is there afterwards is in the view. False when that is not known, or looks as if nothing had changed. */
  async store(key: string, value: unknown, revision: number): Promise<boolean> {
    const { leases, clock, view } = this.#parts;
    try {
      const stored = await this.#unlessUnknown(() => leases.put(key, value, revision));
      if (stored !== undefined) {
        view.take({ key, revision: stored, value }, clock.nowMs());
        return true;
      }
      const record = await leases.read(key);
      if (record === undefined) view.drop(key, revision + 1);
      else view.take(record, clock.nowMs());
      return record !== undefined && record.revision > revision;
    } catch (error) {
      return this.#forgive(key, error);
    }
  }

  /** Removes a record. False when that is not known. */
  async remove(key: string, revision: number): Promise<boolean> {
    try {
      const isGone = await this.#parts.leases.remove(key, revision);
      if (isGone) this.#parts.view.drop(key, revision + 1);
      return isGone;
    } catch (error) {
      return this.#forgive(key, error);
    }
  }

  /** Undefined where somebody was faster, or nobody knows: what is there tells. */
  async #unlessUnknown(put: () => Promise<number | undefined>): Promise<number | undefined> {
    try {
      return await put();
    } catch (error) {
      if (error instanceof LeaseError && error.outcome === "unknown") return undefined;
      throw error;
    }
  }

  #forgive(key: string, error: unknown): false {
    const problem = error instanceof Error ? error.message : String(error);
    this.#parts.logger.warn({ node: this.#parts.name(), key, problem }, "a record was not changed");
    return false;
  }
}
