import { JournalCompactedError, type Journal } from "./journal.ts";

/** The position before which compaction has left only what was marked: what others were then is not known. 0 where nothing was compacted. */
export async function horizonOf(journal: Pick<Journal, "images">): Promise<number> {
  try {
    for await (const _ of journal.images(0)) break;
    return 0;
  } catch (error) {
    if (error instanceof JournalCompactedError) return error.oldest;
    throw error;
  }
}
