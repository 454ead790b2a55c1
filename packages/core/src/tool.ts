import { ExpectedError } from "./errors.ts";
import type { FailureClass } from "./failure.ts";

/**
 * What a tool does to the world, which decides what may be done after a crash: `pure` and `idempotent` effects may run
 * again under the same key, a `compensable` one has an undo, an `irreversible` one starts at most once.
 */
export type ToolKind = "pure" | "idempotent" | "compensable" | "irreversible";

/** What a running tool is given beside its input. */
export interface ToolContext {
  /** Aborted at the deadline, on cancellation and when the caller's incarnation ends. */
  readonly signal: AbortSignal;
  /** The idempotency key of this effect: `address#seq.n`. */
  readonly key: string;
}

/** Something an agent can do. Make one with `defineTool` of `@orgtree/tools`. */
export interface Tool<I = unknown, O = unknown> {
  /** Letters, digits, `_` and `-`, at most 64, so that every model accepts it. */
  readonly name: string;
  readonly description: string;
  readonly kind: ToolKind;
  /** JSON Schema of the input, shown to the model. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /**
   * Compensable tools only: checks the input, which is the one that `run` was given, and takes the effect back. `output` is what `run` came to, as JSON has it; undefined where it was
   * cut off, and may have been done in part or not at all. The key is that of the call with `/undo` behind it. Rejects with `ToolError`.
   */
  undo?(input: I, output: O | undefined, context: ToolContext): Promise<void>;
  /** Checks the input, does the work, keeps a deadline; rejects with `ToolError`. */
  readonly run: (input: unknown, context: ToolContext) => Promise<O>;
}

/** The ways in which a tool fails; each is a kind of the failure class `tool-error`. */
export type ToolErrorKind = "invalid-input" | "invalid-output" | "failed" | "timeout" | "aborted" | "forbidden";

/** A tool failed. The message is written to be shown to the model, which may do better next time. */
export class ToolError extends ExpectedError {
  override readonly name = "ToolError";
  readonly tool: string;
  readonly kind: ToolErrorKind;
  readonly retryable: boolean;

  constructor(tool: string, kind: ToolErrorKind, facts: { message: string; cause?: unknown }) {
    super(`${tool}: ${facts.message}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.tool = tool;
    this.kind = kind;
    this.retryable = kind === "timeout" || kind === "failed";
  }

  override get failureClass(): FailureClass {
    return "tool-error";
  }

  override get failureKind(): string {
    return this.kind;
  }
}
