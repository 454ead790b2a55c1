import type { Tool, ToolKind } from "@orgtree/core";
import { type CommandOptions, type CommandResult, defaultCommandTimeoutMs, defaultKillGraceMs, runCommand } from "./command.ts";
import { defineTool } from "./define-tool.ts";
import { flatSchema } from "./flat-schema.ts";

/** A fixed command, and how it is offered to a model. The limits are those of `runCommand`. */
export interface CommandToolOptions extends Omit<CommandOptions, "signal" | "input"> {
  readonly name: string;
  readonly description: string;
  /** What running it twice does is known to its author only. A command cannot be compensable: define a tool with an undo instead. */
  readonly kind: Exclude<ToolKind, "compensable">;
}

/** Bytes of stdout and of stderr that a model is shown; more would fill its context. */
const defaultShownBytes = 32 * 1024;
/** What a stopped command may need beyond its deadline and grace until its last output was read, in milliseconds. */
const settleMs = 5_000;

/**
 * A tool without arguments that runs a fixed command; see `runCommand` for the limits, and that it is not a sandbox.
 *
 * An exit code other than 0 is a result, for example a failing check, and so is a command stopped at its deadline. It fails with
 * `ToolError` only if the command cannot be run. When the caller aborts, the rejection is at once and the processes are stopped
 * meanwhile, within the grace.
 */
export function commandTool(options: CommandToolOptions): Tool<object, CommandResult> {
  const { name, description, kind, ...command } = options;
  const { timeoutMs = defaultCommandTimeoutMs, killGraceMs = defaultKillGraceMs, maxOutputBytes = defaultShownBytes } = options;
  return defineTool<object, CommandResult>(
    {
      name,
      description,
      kind,
      inputSchema: flatSchema({}),
      // The command's own deadline comes first, so that its output is not lost.
      timeoutMs: timeoutMs + killGraceMs + settleMs,
      execute: (_input, { signal }) => runCommand({ ...command, maxOutputBytes, signal }),
    },
    { clock: options.clock },
  );
}
