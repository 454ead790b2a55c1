/** What a disk can do, and where the rounds that use it leave their files. */
import { closeSync, fdatasyncSync, fstatSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timed, type Job, type Sample } from "../harness/bench.ts";

/** Bytes of what is written at once. */
export const blockBytes = 512;

/** Does a round in a directory of its own. */
export function inDirectory(round: (path: string, size: number) => Promise<Sample>): Job {
  return async (size) => {
    const directory = await mkdtemp(join(tmpdir(), "orgtree-bench-"));
    try {
      return await round(join(directory, "file"), size);
    } finally {
      await rm(directory, { recursive: true });
    }
  };
}

/** Times of single steps, in milliseconds. */
export class Latencies {
  readonly #all: number[] = [];

  add(sinceMs: number): void {
    this.#all.push(performance.now() - sinceMs);
  }

  with(sample: Sample): Sample {
    const sorted = this.#all.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)]!;
    return { ...sample, p50: at(0.5), p99: at(0.99) };
  }
}

/** The limit of everything durable that waits for each step: append a block, `fdatasync`. */
export const fsyncLimit: Job = inDirectory(async (path, size) => {
  const descriptor = openSync(path, "w");
  const latencies = new Latencies();
  try {
    const { ms } = await timed(() => {
      for (let n = 0; n < size; n++) {
        const begin = performance.now();
        writeSync(descriptor, new Uint8Array(blockBytes).fill(n));
        fdatasyncSync(descriptor);
        latencies.add(begin);
      }
      return size;
    });
    return latencies.with({ done: fstatSync(descriptor).size / blockBytes, ms: ms! });
  } finally {
    closeSync(descriptor);
  }
});
