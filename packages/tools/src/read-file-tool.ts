import type { Tool } from "@orgtree/core";
import { defineTool } from "./define-tool.ts";
import { flatSchema } from "./flat-schema.ts";
import { type FileToolSetting, readText } from "./workspace-file.ts";

/** What to read. */
export interface ReadFileInput {
  readonly path: string;
  readonly startLine?: number | undefined;
  readonly endLine?: number | undefined;
}

/** Part of a file. */
export interface ReadFileOutput {
  readonly path: string;
  /** The lines as they are, without numbers. */
  readonly content: string;
  /** The first line given, counted from 1. */
  readonly startLine: number;
  /** The last line given; 0 for an empty file. */
  readonly endLine: number;
  readonly totalLines: number;
  /** True when the limits left out lines that were asked for. */
  readonly truncated: boolean;
}

const maxLines = 2_000;
/** In characters; with it a line cut in its middle is possible, since one line may be longer. */
const maxContentLength = 100_000;
const lineNumber = { type: "integer", minimum: 1, maximum: 10_000_000, optional: true } as const;

/** Reads text files of a workspace. */
export function readFileTool({ workspace, clock }: FileToolSetting): Tool<ReadFileInput, ReadFileOutput> {
  const tool = "read_file";
  return defineTool<ReadFileInput, ReadFileOutput>(
    {
      name: tool,
      description:
        `Reads a text file of the workspace. Gives at most ${maxLines} lines or ${maxContentLength} characters at once; ` +
        "when truncated is true, read on from the line after endLine.",
      kind: "pure",
      inputSchema: flatSchema({
        path: { type: "string", maxLength: 4_096, description: "Path from the top of the workspace, for example src/index.ts." },
        startLine: { ...lineNumber, description: "First line to read, counted from 1. Default: the first." },
        endLine: { ...lineNumber, description: "Last line to read. Default: the last." },
      }),
      execute: async (input) => cut(input, await readText({ tool, workspace, path: input.path })),
    },
    { clock },
  );
}

function cut({ path, startLine = 1, endLine = Infinity }: ReadFileInput, text: string): ReadFileOutput {
  // A line keeps its end, so that the pieces put together are the file.
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const wanted = lines.slice(startLine - 1, Math.min(endLine, lines.length));
  let given = 0;
  let length = 0;
  while (given < Math.min(wanted.length, maxLines)) {
    length += wanted[given]?.length ?? 0;
    if (length > maxContentLength && given > 0) break;
    given += 1;
  }
  const content = wanted.slice(0, given).join("");
  return {
    path,
    content: content.slice(0, maxContentLength),
    startLine,
    endLine: startLine - 1 + given,
    totalLines: lines.length,
    truncated: given < wanted.length || content.length > maxContentLength,
  };
}
