/**
 * Messages between two processes over a real nats-server, against what the client of NATS does alone: `nc.request`, and publishing. In
 * both the other end is a process of its own; what is told is counted there.
 */
import { node, perSecond, plainly, timed, type Bench, type Comparison, type Job } from "./harness/bench.ts";
import { Latencies } from "./subjects/disk.ts";
import { openFar, type Far } from "./subjects/far.ts";

const batch = 500;

async function asking(way: "ours" | "raw", inFlight: number, text: string): Promise<Job> {
  const far = await openFar(way);
  return async (size) => {
    const latencies = new Latencies();
    const caller = async (): Promise<number> => {
      let answered = 0;
      for (let left = size / inFlight; left > 0; left--) {
        const begin = performance.now();
        if ((await far.ask(text)) === text) answered++;
        latencies.add(begin);
      }
      return answered;
    };
    const sample = await timed(async () => sum(await Promise.all(Array.from({ length: inFlight }, caller))));
    return latencies.with(sample);
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Batches, with a question behind each: nobody sends faster than the other end counts. */
async function telling(way: "ours" | "raw", text: string): Promise<Job> {
  const far = await openFar(way);
  return async (size) => {
    const before = await far.count();
    return timed(() => tellAll(far, size, text).then((count) => count - before));
  };
}

async function tellAll(far: Far, size: number, text: string): Promise<number> {
  let count = 0;
  for (let told = 0; told < size; told += batch) {
    for (let n = 0; n < batch; n++) far.tell(text);
    count = await far.count();
  }
  return count;
}

function asks(inFlight: number, bytes: number): Comparison {
  const text = "x".repeat(bytes);
  const what = `remote ask of ${bytes === 1_024 ? "1 KB" : `${bytes} B`}, ${inFlight} in flight`;
  const peer = "nc.request";
  const owed = bytes === 128;
  return {
    name: what,
    size: inFlight === 1 ? 2_000 : 320 * inFlight,
    contenders: { ours: node(() => asking("ours", inFlight, text)), [peer]: node(() => asking("raw", inFlight, text)) },
    rows: [
      { what: `${what}: p50`, measure: plainly("p50", "ms"), peer, ...(owed ? { floor: 1.4, goal: 1 } : {}) },
      { what: "… p99", measure: plainly("p99", "ms"), peer },
      { what: "… throughput", measure: perSecond, peer, ...(owed ? { floor: 0.7, goal: 1 } : {}) },
    ],
  };
}

function tells(bytes: number): Comparison {
  const text = "x".repeat(bytes);
  const what = `remote tell of ${bytes === 1_024 ? "1 KB" : `${bytes} B`}, batches of 500`;
  const peer = "nc.publish";
  return {
    name: what,
    size: 40 * batch,
    contenders: { ours: node(() => telling("ours", text)), [peer]: node(() => telling("raw", text)) },
    rows: [{ what, measure: perSecond, peer }],
  };
}

export const bench: Bench = {
  name: "remote",
  comparisons: [asks(1, 128), asks(32, 128), asks(1, 1_024), asks(32, 1_024), tells(128), tells(1_024)],
};
