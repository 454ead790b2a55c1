import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkPositive, SpecError, type Tool, type ToolContext, ToolError, type ToolKind } from "@orgtree/core";
import { systemTimer, type Timer } from "./timer.ts";
import { withinDeadline } from "./tool-deadline.ts";
import { validate } from "./schema-check.ts";
import { toolParameters, type ToolParameters } from "./tool-parameters.ts";

/** What a tool is, before it is checked. `I` is what the input schema gives, `O` what the output schema gives. */
export type ToolDefinition<I, O> = ToolBody<I, O> & ToolReversal<I, O>;

interface ToolBody<I, O> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** For the model: what the tool does, when to use it, what comes back. */
  readonly description: string;
  readonly inputSchema: StandardSchemaV1<unknown, I>;
  /** Default: any output is accepted. */
  readonly outputSchema?: StandardSchemaV1<unknown, O> | undefined;
  /** JSON Schema of the input, of type `object`. Default: taken from a schema that offers Standard JSON Schema, as zod 4 does. */
  readonly parameters?: ToolParameters | undefined;
  /** Longest run in milliseconds, the checks of input and output included. More than 0. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Does the work. Should end soon after `context.signal` aborts; nobody waits for it then. */
  readonly execute: (input: I, context: ToolContext) => O | Promise<O>;
}

type ToolReversal<I, O> =
  | {
      readonly kind: "compensable";
      /**
       * Takes the effect back: after a crash in the middle of the call, and in a rollback behind it. Has the same time limit as `execute`, and
       * a key of its own, under which it may be called more than once. `output` is what the call gave back, as JSON has it; undefined where
       * the call was cut off, so that it may have been done in part or not at all.
       */
      readonly undo: (input: I, output: O | undefined, context: ToolContext) => void | Promise<void>;
    }
  | { readonly kind: Exclude<ToolKind, "compensable">; readonly undo?: undefined };

/** Longest run of a tool that does not say, in milliseconds. */
const defaultToolTimeoutMs = 60_000;

const kinds: readonly string[] = ["pure", "idempotent", "compensable", "irreversible"] satisfies ToolKind[];

/**
 * Makes a tool: checks the definition now, and input, deadline and output at each run.
 *
 * Throws `SpecError` for a malformed definition. A run never throws, it rejects with `ToolError`: `invalid-input` with one line for
 * each issue, `timeout`, `aborted`, `invalid-output`, or `failed` with what `execute` threw as its cause. A `ToolError` that
 * `execute` throws in the tool's own name passes as it is.
 *
 * @example
 * const add = defineTool({
 *   name: "add",
 *   description: "Adds two numbers.",
 *   kind: "pure",
 *   inputSchema: z.object({ a: z.number(), b: z.number() }),
 *   execute: ({ a, b }) => a + b,
 * });
 */
export function defineTool<I, O>(definition: ToolDefinition<I, O>, options: { readonly clock?: Timer | undefined } = {}): Tool<I, O> {
  checkDefinition(definition);
  const { name, description, kind, inputSchema, undo, timeoutMs = defaultToolTimeoutMs } = definition;
  const parameters = toolParameters(`${name}.parameters`, inputSchema, definition.parameters);
  const timer = options.clock ?? systemTimer;

  function bounded<T>(context: ToolContext, work: (context: ToolContext) => Promise<T>): Promise<T> {
    const bounds = { tool: name, timeoutMs, timer, signal: context.signal };
    return withinDeadline(bounds, (signal) => work({ key: context.key, signal }));
  }

  return {
    name,
    description,
    kind,
    parameters,
    ...(undo && {
      undo: async (input: unknown, output: O | undefined, context: ToolContext) =>
        bounded(context, (inner) => attempt(name, async () => undo(await checkInput(definition, input), output, inner))),
    }),
    run: async (input, context) => bounded(context, (inner) => attempt(name, () => runOnce(definition, input, inner))),
  };
}

async function checkInput<I, O>({ name, inputSchema }: ToolDefinition<I, O>, raw: unknown): Promise<I> {
  const input = await validate(inputSchema, raw);
  if ("problem" in input) throw new ToolError(name, "invalid-input", { message: `the input does not fit:\n${input.problem}` });
  return input.value;
}

async function runOnce<I, O>(definition: ToolDefinition<I, O>, raw: unknown, context: ToolContext): Promise<O> {
  const { name, outputSchema, execute } = definition;
  const input = await checkInput(definition, raw);
  // Cut off while the schema was thinking: the work must not begin any more.
  context.signal.throwIfAborted();
  const result = await execute(input, context);
  if (outputSchema === undefined) return result;
  const output = await validate(outputSchema, result);
  if ("problem" in output)
    throw new ToolError(name, "invalid-output", { message: `the tool returned the wrong shape:\n${output.problem}` });
  return output.value;
}

/** Names whatever the work throws. */
async function attempt<T>(tool: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ToolError && cause.tool === tool) throw cause;
    throw new ToolError(tool, "failed", { message: `failed: ${describeThrown(cause)}`, cause });
  }
}

function describeThrown(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return typeof thrown === "string" ? thrown : Object.prototype.toString.call(thrown);
}

function checkDefinition<I, O>(definition: ToolDefinition<I, O>): void {
  const { name, description, timeoutMs, execute } = definition;
  // As the types would not have it: a definition may come from plain JavaScript.
  const { kind, undo }: { readonly kind: string; readonly undo?: unknown } = definition;
  if (typeof name !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw new SpecError("name", `${JSON.stringify(name)} must be 1 to 64 letters, digits, _ or -, so that every model accepts it`);
  }
  if (typeof description !== "string" || description.trim() === "") {
    throw new SpecError(`${name}.description`, "must say what the tool does: the model knows nothing else of it");
  }
  if (!kinds.includes(kind)) throw new SpecError(`${name}.kind`, `must be one of ${kinds.join(", ")}, not ${JSON.stringify(kind)}`);
  if (kind === "compensable" && typeof undo !== "function") {
    throw new SpecError(`${name}.undo`, "a compensable tool needs one; without it the tool is irreversible");
  }
  if (kind !== "compensable" && undo !== undefined) {
    throw new SpecError(`${name}.undo`, `only a compensable tool has one, and this one is ${kind}`);
  }
  if (timeoutMs !== undefined) checkPositive(timeoutMs, `${name}.timeoutMs`);
  if (typeof execute !== "function") throw new SpecError(`${name}.execute`, "must be a function");
  checkSchema(`${name}.inputSchema`, definition.inputSchema);
  if (definition.outputSchema !== undefined) checkSchema(`${name}.outputSchema`, definition.outputSchema);
}

function checkSchema(field: string, schema: StandardSchemaV1): void {
  const props = schema?.["~standard"];
  if (props?.version !== 1 || typeof props.validate !== "function") {
    throw new SpecError(field, "must be a Standard Schema v1, such as a zod, valibot or arktype schema");
  }
}
