import { JournalDamagedError } from "@orgtree/core";
import { toJournalError } from "./journal-problem.ts";
import type { Problem } from "./problem.ts";

/** Some of what was asked for, in order. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly damages: readonly Problem[];
  /** Behind what to go on; undefined at the end. */
  readonly next: number | undefined;
}

/** Where pages come from, and who hears of damage. */
export interface Pages<Item> {
  readonly page: (after: number) => Page<Item> | Promise<Page<Item>>;
  /** Default 0. */
  readonly after?: number | undefined;
  readonly onDamage: ((error: JournalDamagedError) => void) | undefined;
}

/** What is in pages, one by one. */
export async function* itemsOf<Item>(path: string, { page, after = 0, onDamage }: Pages<Item>): AsyncGenerator<Item> {
  for (let from: number | undefined = after; from !== undefined;) {
    const { items, damages, next }: Page<Item> = await page(from);
    yield* items;
    for (const damage of damages) {
      const error = toJournalError(path, damage);
      if (onDamage === undefined || !(error instanceof JournalDamagedError)) throw error;
      onDamage(error);
    }
    from = next;
  }
}
