import { type Entry, type Image, JournalDamagedError } from "@orgtree/core";
import type { EntryPage, ImagePage } from "./entry-reader.ts";
import { toJournalError } from "./journal-problem.ts";
import type { Problem } from "./problem.ts";

/** Where pages come from, and who hears of damage. */
export interface PageSource<Page> {
  readonly page: (after: number) => Page | Promise<Page>;
  readonly after?: number | undefined;
  readonly onDamage: ((error: JournalDamagedError) => void) | undefined;
}

/** Images, page by page. */
export async function* imagePages(path: string, source: PageSource<ImagePage>): AsyncGenerator<Image> {
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: ImagePage = await source.page(after);
    yield* page.images;
    report(path, { damages: page.damages, onDamage: source.onDamage });
    after = page.next;
  }
}

/** Entries, page by page. */
export async function* readPages(path: string, source: PageSource<EntryPage>): AsyncGenerator<Entry> {
  for (let after: number | undefined = source.after ?? 0; after !== undefined;) {
    const page: EntryPage = await source.page(after);
    yield* page.entries;
    report(path, { damages: page.damages, onDamage: source.onDamage });
    after = page.next;
  }
}

function report(path: string, { damages, onDamage }: { damages: readonly Problem[]; onDamage: PageSource<unknown>["onDamage"] }): void {
  for (const damage of damages) {
    const error = toJournalError(path, damage);
    if (onDamage === undefined || !(error instanceof JournalDamagedError)) throw error;
    onDamage(error);
  }
}
