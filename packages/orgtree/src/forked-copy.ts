/**
 * The private copy of a fork. That of the original is the original's: it may go on working in it, and removes it at its end. What was done in
 * it up to the fork is done again in a new one, from the journal.
 */
import { ExpectedError, parseToolInput, ToolError, type JournalReader, type ToolCall } from "@orgtree/core";
import type { Organization, RecordEntry } from "@orgtree/org";
import { parseOutward, readTurn, type PastTurn } from "@orgtree/runtime";
import { workspaceTools, type Workspace } from "@orgtree/tools";
import { notesOf } from "./run-past.ts";

/** The journal is a fork of a run on a repository, and the private copy that it needs cannot be made. Nothing was started. */
export class ForkedRunError extends ExpectedError {
  override readonly name = "ForkedRunError";
  readonly retryable = false;

  constructor(problem: string, remedy: string) {
    super(`the journal is a fork, whose copy of the repository cannot be made: ${problem}; ${remedy}`);
  }
}

/** Tools whose edits are known file by file, and can be made again from what they were called with. */
export const knownEditors: ReadonlySet<string> = new Set(["write_file", "replace_text"]);

/**
 * Makes the edits again, in a copy in which nothing was done yet, that a journal has the results of. Rejects with `ForkedRunError` where they
 * are not all that has changed the first copy.
 */
export async function redoEdits(workspace: Workspace, journal: JournalReader): Promise<void> {
  await checkComplete(journal);
  const { writeFile, replaceText } = workspaceTools(workspace);
  const editors = new Map([writeFile, replaceText].map((tool) => [tool.name, tool]));
  for (const { entry, call, position } of await changesIn(journal)) {
    const editor = editors.get(entry.tool);
    if (editor === undefined || call === undefined)
      throw new ForkedRunError(`of what ${entry.tool} has changed nothing is stored`, `fork it before: --at ${position - 1}`);
    if (!entry.ok) continue;
    try {
      const input = parseToolInput(call.argumentsJson, call.name);
      await editor.run(input, { key: entry.key, signal: new AbortController().signal });
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      throw new ForkedRunError(`an edit cannot be made again: ${error.message}`, `fork it before: --at ${position - 1}`);
    }
  }
}

/** Throws `ForkedRunError` where agents may change files by code of their own, of which no record tells. */
export function checkEditsAreKnown({ agents }: Pick<Organization<never>, "agents">): void {
  const custom = Object.keys(agents).find((name) => agents[name]?.kind === "custom");
  if (custom === undefined) return;
  throw new ForkedRunError(`${custom} is of its own code, and of what it has changed nothing is stored`, "begin a run anew");
}

type ToolEntry = Extract<RecordEntry, { kind: "tool" }>;

interface Change {
  readonly entry: ToolEntry;
  /** What the tool was called with. */
  readonly call: ToolCall | undefined;
  readonly position: number;
}

/** The calls of tools that may have changed something, as far as they have ended, in order. */
async function changesIn(journal: JournalReader): Promise<readonly Change[]> {
  const calls = new Map<string, ToolCall>();
  const changes: Change[] = [];
  for await (const stored of journal.read()) {
    if (stored.kind === "end") continue;
    const turn = readTurn(stored);
    for (const { kind, key, detail } of turn.effects) {
      const { src, input } = (detail ?? {}) as { readonly src?: unknown; readonly input?: unknown };
      if (kind === "xstate.spawnChild" && src === "runTool") calls.set(key, input as ToolCall);
    }
    changes.push(
      ...toolEntriesOf(turn).map((entry) => ({ entry, call: calls.get(parseOutward(entry.key)!.key), position: turn.position })),
    );
  }
  return changes;
}

function toolEntriesOf(turn: PastTurn): readonly ToolEntry[] {
  return notesOf(turn).filter((entry): entry is ToolEntry => entry.kind === "tool" && entry.changes);
}

async function checkComplete(journal: JournalReader): Promise<void> {
  if ((await journal.horizon()) > 0)
    throw new ForkedRunError("its past was compacted, and with it what was done in the first copy", "begin a run anew");
}
