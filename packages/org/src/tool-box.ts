import {
  parseToolInput,
  RoleViolationError,
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
   * What a call of this name does to the world, which decides what becomes of it when its process ends. What was done half cannot be
   * taken back by an `undo` that needs the result: a compensable tool counts as irreversible then.
   */
  kindOf(name: string | undefined): ToolKind {
    const kind = this.#permitted.get(name ?? "")?.kind;
    // What is not permitted is not run.
    return kind === undefined ? "pure" : kind === "compensable" ? "irreversible" : kind;
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
    const { ok, outcome } = await this.#run(tool, call, context);
    const changes = tool.kind !== "pure";
    const result = { ...names, key: context.key, ok, changes, outcome };
    this.note(result);
    return result;
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

  async #run(tool: Tool, call: ToolCall, context: WorkContext): Promise<{ ok: boolean; outcome: string }> {
    try {
      const output = await tool.run(parseToolInput(call.argumentsJson, tool.name), { signal: context.signal, key: context.key });
      return { ok: true, outcome: inWords(output) };
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof ToolError) return { ok: false, outcome: shorten(error.message) };
      throw error;
    }
  }
}

/** What a call came to of which nobody knows whether it was done. It may have changed something. */
export function unknownResult(call: ToolCall, error: unknown): ToolResult {
  const lost = lostWorkIn(error);
  const outcome = error instanceof Error ? error.message : "what came of it is unknown";
  return { ...namesOf(call), key: lost?.key, ok: false, changes: true, outcome };
}

function namesOf({ id, name, argumentsJson }: ToolCall): Pick<ToolResult, "callId" | "name" | "arguments"> {
  return { callId: id, name, arguments: canonicalArguments(argumentsJson) };
}

/** What a tool gave back, as a model is shown it. */
function inWords(output: unknown): string {
  return shorten(typeof output === "string" ? output : (JSON.stringify(output) ?? "done"));
}

function shorten(text: string): string {
  if (text.length <= maxResultLength) return text;
  const half = maxResultLength / 2;
  return `${text.slice(0, half)}\n… ${text.length - maxResultLength} characters left out …\n${text.slice(-half)}`;
}
