import type { Tool } from "@orgtree/core";
import { defineTool } from "./define-tool.ts";
import { flatSchema } from "./flat-schema.ts";
import { standOf } from "./edit-log.ts";
import {
  editLogOf,
  type FileToolSetting,
  hashInWorkspace,
  maxFileBytes,
  problem,
  readExactText,
  type WorkspaceFile,
  writeText,
} from "./workspace-file.ts";
import type { Workspace } from "./workspace.ts";

/** What to replace. */
export interface ReplaceTextInput {
  readonly path: string;
  readonly oldText: string;
  readonly newText: string;
  readonly replaceAll?: boolean | undefined;
}

/** What was replaced. */
export interface ReplaceTextOutput {
  readonly path: string;
  readonly replaced: number;
  /** The line of the first replacement, counted from 1. */
  readonly line: number;
}

/** Effects remembered, so that one that runs again under its key is not applied twice. */
const maxRemembered = 10_000;

/** Replaces text in files of a workspace. Idempotent by its effect's key, also when its process ended meanwhile. */
export function replaceTextTool({ workspace, inTurn, clock }: FileToolSetting): Tool<ReplaceTextInput, ReplaceTextOutput> {
  const tool = "replace_text";
  const applied = new Map<string, ReplaceTextOutput>();
  return defineTool<ReplaceTextInput, ReplaceTextOutput>(
    {
      name: tool,
      description:
        "Replaces a piece of text in a file of the workspace. oldText must be exactly what the file holds, white space and line ends included, " +
        "and must occur once unless replaceAll is true: take in the lines around it to make it so.",
      kind: "idempotent",
      inputSchema: flatSchema({
        path: { type: "string", maxLength: 4_096, description: "Path from the top of the workspace, for example src/index.ts." },
        oldText: { type: "string", minLength: 1, maxLength: maxFileBytes, description: "The text to replace." },
        newText: { type: "string", maxLength: maxFileBytes, description: "The text to put in its place; empty to delete." },
        replaceAll: { type: "boolean", optional: true, description: "True: replace every occurrence. Default false." },
      }),
      execute: (input, { key, signal }) =>
        inTurn(async () => {
          signal.throwIfAborted();
          const before = applied.get(key) ?? (await replacedBefore(workspace, key));
          if (before !== undefined) return before;
          const output = await replaceIn({ tool, workspace, path: input.path }, input, key);
          applied.set(key, output);
          for (const oldest of applied.keys()) {
            if (applied.size <= maxRemembered) break;
            applied.delete(oldest);
          }
          return output;
        }),
    },
    { clock },
  );
}

/** What a process has replaced that ended before anybody heard of it. */
async function replacedBefore(workspace: Workspace, key: string): Promise<ReplaceTextOutput | undefined> {
  const log = editLogOf(workspace);
  const edit = await log.find(key);
  if (edit === undefined) return undefined;
  // What was written over it later was written on top of it.
  const isNewest = (await log.newest()).get(edit.path)?.key === key;
  const isMade = !isNewest || standOf(edit, await hashInWorkspace(workspace, edit.path)) === "made";
  return isMade ? (edit.output as ReplaceTextOutput) : undefined;
}

async function replaceIn(file: WorkspaceFile, input: ReplaceTextInput, key: string): Promise<ReplaceTextOutput> {
  const { oldText, newText, replaceAll = false } = input;
  const text = await readExactText(file);
  const pieces = text.split(oldText);
  const found = pieces.length - 1;
  if (found === 0) throw problem(file, "does not contain oldText; read it again, the text must match exactly");
  if (found > 1 && !replaceAll) throw problem(file, `contains oldText ${found} times; take in more lines around it, or set replaceAll`);
  const output = { path: input.path, replaced: found, line: (pieces[0] ?? "").split("\n").length };
  await writeText(file, pieces.join(newText), { key, output });
  return output;
}
