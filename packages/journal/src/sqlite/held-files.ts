/**
 * Files of journals that this process has open.
 *
 * When a process closes any descriptor of a file, POSIX drops all locks that it has on that file, those of SQLite too
 * (https://www.sqlite.org/howtocorrupt.html, 2.2). Whoever reads a journal's file past SQLite therefore gives the descriptor
 * back here, and it stays open as long as a journal in this process is.
 */
import { closeSync, fstatSync, openSync, statSync } from "node:fs";

interface Held {
  count: number;
  readonly parked: number[];
}

const held = new Map<string, Held>();

/** The file is open through SQLite until the function that is given back is called. */
export function holdFile(path: string): () => void {
  const key = keyOf(statSync(path, { bigint: true }));
  const entry = held.get(key) ?? { count: 0, parked: [] };
  entry.count++;
  held.set(key, entry);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    if (--entry.count > 0) return;
    held.delete(key);
    for (const descriptor of entry.parked) closeSync(descriptor);
  };
}

/** Opens a file to read past SQLite. */
export function openRaw(path: string): number {
  return openSync(path, "r");
}

/** Closes what `openRaw` opened, now or when it does no harm. */
export function closeRaw(descriptor: number): void {
  const entry = held.get(keyOf(fstatSync(descriptor, { bigint: true })));
  if (entry === undefined) closeSync(descriptor);
  else entry.parked.push(descriptor);
}

function keyOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}
