/** What a journal holds of a run beside its actors: whose it is, what it works on and where, and how it ended. */
import type { Address, CheckOutcome, ChildSpec, Clock, Journal, JournalReader } from "@orgtree/core";
import { createActorSystem, plain, Timeline, type Logic, type PlainLogic } from "@orgtree/runtime";
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
  /** The private copy in which it works; undefined where there is none, or not yet. */
  readonly place: RunPlace | undefined;
  /** How it ended; undefined while it has not. */
  readonly result: (RunResult & { readonly patch?: string }) | undefined;
}

/** The private copy of a run on a repository. */
export interface RunPlace {
  /** Where it is; see `Workspace.home`. */
  readonly home: string;
  /** Whose it is: the run of the journal. A fork of it has to have one of its own. */
  readonly run: string;
  /** The tree of its files before any work. */
  readonly start: string;
  readonly check: string;
  /** What the check said before any work. */
  readonly before: CheckOutcome;
}

type LogStep =
  | { readonly type: "facts"; readonly facts: unknown }
  /** A process begins or goes on. */
  | { readonly type: "enter"; readonly task: string }
  | { readonly type: "place"; readonly place: RunPlace }
  | { readonly type: "finish"; readonly result: RunLog["result"] };

/** The address of the log. No organization may have its name. */
export const runLogAddress: Address = "/_run";

type LogInput = Pick<RunOrigin, "organization">;

const logic: PlainLogic<RunLog, LogStep, LogInput> = plain<RunLog, LogStep, LogInput>({
  init: ({ organization }) => ({ organization, facts: undefined, task: undefined, place: undefined, result: undefined }),
  receive(log, step, turn) {
    turn.reply(true);
    switch (step.type) {
      case "facts":
        return { ...log, facts: step.facts };
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
export async function readRunLog(journal: JournalReader): Promise<RunLog | undefined> {
  if ((await journal.image(runLogAddress)) === undefined) return undefined;
  return (await new Timeline(journal, runLogAddress).at()).state as RunLog;
}

/** Where a log is kept. */
export interface LogPlace {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Whose run it is. */
  readonly organization: string;
}

/** Says whose run a journal is of, before anything else is stored in it. `run` does so itself, without facts. */
export async function beginRun({ origin, ...place }: Omit<LogPlace, "organization"> & { readonly origin: RunOrigin }): Promise<void> {
  const { organization, facts } = origin;
  await writeRunLog({ ...place, organization }, { type: "facts", facts });
}

/** How long a journal that is out of reach is waited for when the run was told to end, in milliseconds. */
const lastWaitMs = 5_000;

/**
 * Stores a step; gives up 5 s after the signal aborts, and then nobody knows whether it is stored. Nobody else may write to the journal
 * meanwhile.
 */
export async function writeRunLog({ journal, clock, organization }: LogPlace, step: LogStep, signal?: AbortSignal): Promise<void> {
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
    const address = await system.start(runLogSpec({ organization }));
    await system.ask(address, step, { timeoutMs: Infinity });
  } catch (error) {
    if (!hasGivenUp) throw error;
  } finally {
    cancel?.();
    signal?.removeEventListener("abort", wait);
  }
}

/** The log as it is started. */
export function runLogSpec({ organization }: LogInput): ChildSpec<Logic> {
  return { id: runLogAddress.slice(1), logic, input: { organization } satisfies LogInput };
}
