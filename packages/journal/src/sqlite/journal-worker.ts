/**
 * The worker thread of a SQLite journal: it has the file, so that an fsync stalls nobody else.
 *
 * It sleeps on a shared counter instead of its event loop and takes what waits with `receiveMessageOnPort`: a wake-up costs 8 µs
 * this way and 50 µs the other (bench/journal.ts).
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { JournalFile } from "./journal-file.ts";
import { problemOf } from "./problem.ts";
import { WorkerLoop } from "./worker-loop.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

const { file: options, sent } = workerData as WorkerStart;
const port: MessagePort = parentPort!;

const file = open();
if (file !== undefined) run(new WorkerLoop(file, post));

function open(): JournalFile | undefined {
  try {
    const opened = JournalFile.open(options);
    post({ type: "opened", epoch: opened.epoch, run: opened.run });
    return opened;
  } catch (error) {
    post({ type: "refused", problem: problemOf(error) });
    return undefined;
  }
}

function run(loop: WorkerLoop): void {
  while (!loop.closed) {
    const seen = Atomics.load(sent, 0);
    const worked = loop.turn(receive);
    if (!worked) Atomics.wait(sent, 0, seen);
  }
}

function receive(): ToWorker | undefined {
  return receiveMessageOnPort(port)?.message as ToWorker | undefined;
}

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
