/** Work that an actor declares: what it does to the world is known, so a crash can be answered rightly. */
import { ExpectedError, FailureError, type FailureClass, type ToolKind } from "@orgtree/core";
import { withDeadline } from "./deadline.ts";
import { undoKey } from "../durable/effect-key.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { WorkContext } from "./turn.ts";
import { describeWork, notUndone, cutOffWords, type CutOff, type Describing } from "./unknown-outcome.ts";

/** Declared work. */
export interface WorkDefinition<I, O> {
  /**
   * See `ToolKind`; or how it follows from the input, where one piece of work calls different tools. It is decided when the work
   * is begun, and stored. Undeclared work counts as `irreversible`.
   */
  readonly kind: ToolKind | ((input: I) => ToolKind);
  /**
   * What a run with this input does, in words: for the failure that names it when nobody knows whether it was done. At most 300 characters are
   * told. Default: the name of the work, with its input.
   */
  readonly describe?: (input: I) => string;
  /**
   * What the work came to, where its process ended and somebody who has looked tells the journal that it is done, with this value
   * (`resolveStored`). Default: the value as it is.
   */
  readonly adopt?: (value: unknown, work: { readonly input: I; readonly key: string }) => O;
  /**
   * Longest run in milliseconds; then the work fails with class `timeout`. Default: only the actor's own timers. Also the longest that its
   * `undo` may take, for which the default is a minute.
   */
  readonly timeoutMs?: number;
  readonly run: (input: I, context: WorkContext) => Promise<O>;
  /**
   * `compensable` work must have it: takes back what a `run` with this input did, or may have done in part, when the process ended
   * meanwhile. `output` is what the run came to, as it is stored; undefined where it has not ended, or nobody heard how. Has a key of its
   * own, `…/undo`, under which it is called again where its process ended too.
   */
  undo?(input: I, context: WorkContext, output: O | undefined): Promise<void>;
  /**
   * What becomes of `compensable` work whose process ended, once it was taken back. `undo`: it has failed with `WorkUndoneError`.
   * `repeat`: it is begun again, under a key of its own. Default `undo`.
   */
  readonly afterCrash?: "undo" | "repeat";
}

/** The work was under way when its process ended, or where its actor went back to, and what it may have done was taken back. */
export class WorkUndoneError extends ExpectedError {
  override readonly name = "WorkUndoneError";
  readonly retryable = true;
  /** The key of the work. */
  readonly key: string;

  constructor(key: string, cutOff: CutOff = "crash") {
    super(`the work ${key} ${cutOffWords[cutOff]}, and was taken back`);
    this.key = key;
  }

  override get failureClass(): FailureClass {
    return "tool-error";
  }

  override get failureKind(): string {
    return "undone";
  }
}

/** Declares work, for the `works` of a plain actor (see `plain`) or for `fromWork`. Throws `TypeError` for compensable work without `undo`. */
export function work<I, O>(definition: WorkDefinition<I, O>): WorkDefinition<I, O> {
  if (definition.kind === "compensable" && definition.undo === undefined) throw withoutUndo();
  return definition;
}

/** The declared works of a plain actor, by the names under which `turn.run` begins them. They are what is known of work after a crash. */
// Inputs are contravariant, so no narrower type accepts them all.
// oxlint-disable-next-line typescript/no-explicit-any
export type Works = Readonly<Record<string, WorkDefinition<any, unknown>>>;

/** What a piece of work does to the world. Throws `TypeError` for compensable work that nothing takes back. */
export function kindOfWork<I>(definition: WorkDefinition<I, unknown>, input: I): ToolKind {
  const { kind } = definition;
  const does = typeof kind === "function" ? kind(input) : kind;
  if (does === "compensable" && definition.undo === undefined) throw withoutUndo();
  return does;
}

function withoutUndo(): TypeError {
  return new TypeError("compensable work needs an undo: give it one, or declare it irreversible");
}

/** What is done about work that was under way when its process ended. */
export function recoveryOf(does: ToolKind, definition: WorkDefinition<never, unknown> | undefined): "begin" | "undo" | "unknown" {
  if (definition === undefined) return "unknown";
  if (does === "pure" || does === "idempotent") return "begin";
  return does === "compensable" && definition.undo !== undefined ? "undo" : "unknown";
}

/** An attempt that is to be taken back. */
export interface Attempt<I, O> {
  readonly input: I;
  readonly context: WorkContext;
  readonly output: O | undefined;
}

/** Longest that taking back may take where the work says nothing, in milliseconds. */
const defaultUndoMs = 60_000;

type Running = Pick<Kernel, "timers" | "runningWork" | "store">;

/** Begins when it may in this process. Rejects when the signal aborts before that. */
async function beginWhen<T>(may: Promise<void>, signal: AbortSignal, begin: () => Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const abort = (): void => over.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    await Promise.race([may, over.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return begin();
}

/**
 * Takes back what an attempt did, or may have done, under a key of its own; first it waits until work that has not heard of its abort is
 * over. Rejects when that takes longer than the work may take, or fails, or the signal aborts.
 */
export function takeBack<I, O>(kernel: Running, definition: WorkDefinition<I, O>, attempt: Attempt<I, O>): Promise<void> {
  const may = kernel.store?.mayBegin?.();
  const begin = (): Promise<void> => takeBackNow(kernel, definition, attempt);
  return may === undefined ? begin() : beginWhen(may, attempt.context.signal, begin);
}

function takeBackNow<I, O>(
  { timers, runningWork }: Running,
  definition: WorkDefinition<I, O>,
  { input, context, output }: Attempt<I, O>,
): Promise<void> {
  const { timeoutMs: limitMs = defaultUndoMs } = definition;
  const late = (): Error => new Error(`it took longer than ${limitMs} ms`);
  return withDeadline(timers, { limitMs, late, signal: context.signal }, async (signal) => {
    await runningWork.ended(context.key);
    if (!signal.aborted) await definition.undo!(input, { ...context, signal, key: undoKey(context.key) }, output);
  });
}

/** The same of an attempt that was cut off. Rejects with class `unknown-outcome` where that fails. */
export async function takeBackCutOff<I>(
  kernel: Running,
  definition: WorkDefinition<I, unknown>,
  { input, context, cutOff }: Omit<Attempt<I, never>, "output"> & { readonly cutOff: CutOff },
): Promise<void> {
  try {
    await takeBack(kernel, definition, { input, context, output: undefined });
  } catch (thrown) {
    const what = describeWork(definition as Describing, { id: "the work", name: "the work", input });
    throw notUndone({ what, key: context.key }, { cutOff, thrown });
  }
}

interface Begun<I> {
  readonly input: I;
  readonly context: WorkContext;
}

/** Runs the work, and gives up on it at its deadline: it is aborted, and what it still gives back is dropped. */
export function runWork<I, O>(kernel: Running, definition: WorkDefinition<I, O>, begun: Begun<I>): Promise<O> {
  const may = kernel.store?.mayBegin?.();
  const begin = (): Promise<O> => runNow(kernel, definition, begun);
  return may === undefined ? begin() : beginWhen(may, begun.context.signal, begin);
}

function runNow<I, O>(
  { timers, runningWork }: Running,
  { kind, run, timeoutMs }: WorkDefinition<I, O>,
  { input, context }: Begun<I>,
): Promise<O> {
  // Begun in a promise, so that work which throws at once leaves no timer behind.
  const begin = (signal: AbortSignal): Promise<O> => {
    const running = new Promise<O>((settle) => settle(run(input, { ...context, signal })));
    if (kind === "compensable" || typeof kind === "function") runningWork.add(context.key, running);
    return running;
  };
  const { signal } = context;
  if (timeoutMs === undefined) return begin(signal);
  const late = (): Error => new FailureError({ class: "timeout", kind: "work", message: `the work took longer than ${timeoutMs} ms` });
  return withDeadline(timers, { limitMs: timeoutMs, late, signal }, begin);
}
