/** What a journal holds of a run beside its actors: whose it is, what it works on and where, and how it ended. */
import type { Address, Clock, Journal } from "@orgtree/core";
import { createActorSystem, plain, Timeline, type PlainLogic } from "@orgtree/runtime";
import type { RunResult } from "./run.ts";

/** Whose run is in a journal. */
export interface RunOrigin {
  /** The name of the organization. */
  readonly organization: string;
  /** What whoever began it has to know to go on with it. Plain data. */
  readonly facts?: unknown;
}

/** The log of the run in a journal. */
export interface RunLog extends RunOrigin {
  /** The task, as the lead was given it; undefined where no process has come that far. */
  readonly task: string | undefined;
  /** Where its work is, as whoever made the place says; undefined where it is nowhere, or not made yet. */
  readonly place: unknown;
  /** How it ended; undefined while it has not. */
  readonly result: (RunResult & { readonly patch?: string }) | undefined;
}

type LogStep =
  /** A process begins or goes on. */
  | { readonly type: "enter"; readonly task: string }
  | { readonly type: "place"; readonly place: unknown }
  | { readonly type: "finish"; readonly result: RunLog["result"] };

/** The address of the log. No organization may have its name. */
const runLogAddress: Address = "/_run";

const logic: PlainLogic<RunLog, LogStep, RunOrigin> = plain<RunLog, LogStep, RunOrigin>({
  init: (origin) => ({ ...origin, task: undefined, place: undefined, result: undefined }),
  receive(log, step, turn) {
    turn.reply(true);
    switch (step.type) {
      case "enter":
        return { ...log, task: step.task };
      case "place":
        return { ...log, place: step.place };
      case "finish":
        return { ...log, result: step.result };
      default:
        return step satisfies never;
    }
  },
});

/** The run that a journal holds; undefined where it holds none. Rejects with `JournalError`, `UnreadableTurnError`. */
export async function readRunLog(journal: Pick<Journal, "image" | "images" | "read" | "lastSeqs">): Promise<RunLog | undefined> {
  if ((await journal.image(runLogAddress)) === undefined) return undefined;
  return (await new Timeline(journal, runLogAddress).at()).state as RunLog;
}

/** Where a log is kept. */
export interface LogPlace {
  readonly journal: Journal;
  readonly clock: Clock;
  /** What the log begins with, where there is none yet. */
  readonly origin: RunOrigin;
}

/** Says whose run a journal is of, before anything else is stored in it. `run` does so itself, without facts. */
export async function beginRun(place: LogPlace): Promise<void> {
  await writeRunLog(place);
}

/** How long a journal that is out of reach is waited for when the run was told to end, in milliseconds. */
const lastWaitMs = 5_000;

/**
 * Stores a step, or only the beginning; gives up 5 s after the signal aborts, and then nobody knows whether it is stored. Nobody else may
 * write to the journal meanwhile.
 */
export async function writeRunLog({ journal, clock, origin }: LogPlace, step?: LogStep, signal?: AbortSignal): Promise<void> {
  await using system = createActorSystem({ journal, clock });
  let cancel: (() => void) | undefined;
  let hasGivenUp = false;
  const giveUp = (): void => {
    hasGivenUp = true;
    void system.close();
  };
  const wait = (): void => void (cancel = clock.setTimer(lastWaitMs, giveUp));
  signal?.addEventListener("abort", wait, { once: true });
  if (signal?.aborted === true) wait();
  try {
    const address = await system.start({ id: runLogAddress.slice(1), logic, input: origin });
    if (step !== undefined) await system.ask(address, step, { timeoutMs: Infinity });
  } catch (error) {
    if (!hasGivenUp) throw error;
  } finally {
    cancel?.();
    signal?.removeEventListener("abort", wait);
  }
}
