import {
  parseToolInput,
  redact,
  redactText,
  RoleViolationError,
  toFailure,
  ToolError,
  type Address,
  type Tool,
  type ToolCall,
  type ToolDescription,
  type ToolKind,
} from "@orgtree/core";
import { lostWorkIn, type WorkContext } from "@orgtree/runtime";
import { canonicalArguments, type Action } from "./repetition.ts";
import type { RunRecord } from "./run-record.ts";

/** What came of a tool call. Failures of the tool are results too: the model may do better. */
export interface ToolResult extends Action {
  readonly callId: string;
  /** The key of the executed effect; none when nothing was executed. */
  readonly key: string | undefined;
  readonly ok: boolean;
  /** Of a compensable tool, as JSON has it: what takes it back is given it. It is in the journal, and not in the agent's state. */
  readonly output?: unknown;
  /** The tool may change something: evidence from before it is out of date. */
  readonly changes: boolean;
}

/** Longest result that is shown to a model, in characters. */
const maxResultLength = 16_000;

/** The tools of one agent: those its charter permits, out of all that the organization has. */
export class ToolBox {
  readonly #owner: Address;
  readonly #permitted: ReadonlyMap<string, Tool>;
  readonly #known: ReadonlySet<string>;
  readonly #record: RunRecord;
  readonly #descriptions: readonly ToolDescription[];

  constructor(owner: Address, tools: { readonly permitted: readonly Tool[]; readonly known: readonly string[] }, record: RunRecord) {
    this.#owner = owner;
    this.#permitted = new Map(tools.permitted.map((tool) => [tool.name, tool]));
    this.#known = new Set(tools.known);
    this.#record = record;
    this.#descriptions = tools.permitted.map(({ name, description, parameters }) => ({ name, description, parameters }));
  }

  /** The permitted tools, as the model is shown them. */
  describe(): readonly ToolDescription[] {
    return this.#descriptions;
  }

  /**
   * What a call of this name does to the world, which decides what becomes of it when its process ends. A compensable tool without an
   * `undo`, which was not made by `defineTool`, counts as irreversible.
   */
  kindOf(name: string | undefined): ToolKind {
    const tool = this.#permitted.get(name ?? "");
    // What is not permitted is not run.
    if (tool === undefined) return "pure";
    return tool.kind === "compensable" && tool.undo === undefined ? "irreversible" : tool.kind;
  }

  /**
   * Executes a call. A tool that the charter forbids is not run: `RoleViolationError`. An unknown name, bad arguments and a
   * tool's own failure come back as a result that says so.
   */
  async call(call: ToolCall, context: WorkContext): Promise<ToolResult> {
    const names = namesOf(call);
    const tool = this.#permitted.get(call.name);
    if (tool === undefined) {
      const mine = [...this.#permitted.keys()].join(", ") || "none";
      if (this.#known.has(call.name))
        throw new RoleViolationError(this.#owner, `call the tool ${call.name}`, `its charter permits ${mine}`);
      const outcome = `There is no tool "${call.name}". Yours are: ${mine}.`;
      return { ...names, key: undefined, ok: false, changes: false, outcome };
    }
    const ran = await this.#run(tool, call, context);
    const result = { ...names, key: context.key, changes: tool.kind !== "pure", ...ran };
    this.note(result);
    return result;
  }

  /** Takes a call of a compensable tool back. Rejects with `ToolError`, also where the tool is not the agent's any more. */
  async undo(
    { name, argumentsJson }: ToolCall,
    { context, output }: { readonly context: WorkContext; readonly output: unknown },
  ): Promise<void> {
    const tool = this.#permitted.get(name);
    if (tool?.undo === undefined) throw new ToolError(name, "forbidden", { message: "there is nothing that takes it back any more" });
    await tool.undo(parseToolInput(argumentsJson, name), output, { signal: context.signal, key: context.key });
  }

  /** What a call came to that was cut off, as somebody says who has looked. */
  adopt(call: ToolCall, { output, key }: { readonly output: unknown; readonly key: string }): ToolResult {
    const changes = this.kindOf(call.name) !== "pure";
    const result = { ...namesOf(call), key, ok: true, changes, outcome: inWords(output) };
    this.note(result);
    return result;
  }

  /** Puts into the record what a call came to that began; nothing of one that did not. */
  note({ key, name, changes, ok, outcome }: ToolResult): void {
    if (key !== undefined)
      this.#record.add({ kind: "tool", key, by: this.#owner, tool: name, changes, ok, summary: outcome.slice(0, 300) });
  }

  async #run(tool: Tool, call: ToolCall, context: WorkContext): Promise<Pick<ToolResult, "ok" | "outcome" | "output">> {
    try {
      // A tool that has used a secret may give it back; here, so that whoever goes on from the journal knows the same.
      const output = redact(await tool.run(parseToolInput(call.argumentsJson, tool.name), { signal: context.signal, key: context.key }));
      const kept = tool.kind === "compensable" && output !== undefined ? { output: asJson(output) } : {};
      return { ok: true, outcome: inWords(output), ...kept };
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof ToolError) return { ok: false, outcome: shorten(redactText(error.message)) };
      throw error;
    }
  }
}

/** What an error says of a call that was cut off: its key, and what is known of it. Undefined for all other errors. */
export function readCutOff(error: unknown): { readonly key: string; readonly outcome: string } | undefined {
  const { message, name, detail } = toFailure(error);
  const key = lostWorkIn(error)?.key ?? (name === "WorkUndoneError" ? (detail?.["key"] as string) : undefined);
  if (key === undefined) return undefined;
  const outcome =
    name === "WorkUndoneError" ? "It was cut off, and what it had done was taken back: call it again if it is still wanted." : message;
  return { key, outcome };
}

/** What such a call came to. It may have changed something. */
export function cutOffResult(call: ToolCall, error: unknown): ToolResult {
  return { ...namesOf(call), ok: false, changes: true, ...readCutOff(error)! };
}

function namesOf({ id, name, argumentsJson }: ToolCall): Pick<ToolResult, "callId" | "name" | "arguments"> {
  return { callId: id, name, arguments: canonicalArguments(argumentsJson) };
}

/** What a tool gave back, as a model is shown it. */
function inWords(output: unknown): string {
  return shorten(typeof output === "string" ? output : (JSON.stringify(output) ?? "done"));
}

/** What can be stored of it. */
function asJson(output: unknown): unknown {
  return JSON.parse(JSON.stringify(output) ?? "null") as unknown;
}

function shorten(text: string): string {
  if (text.length <= maxResultLength) return text;
  const half = maxResultLength / 2;
  return `${text.slice(0, half)}\n… ${text.length - maxResultLength} characters left out …\n${text.slice(-half)}`;
}
