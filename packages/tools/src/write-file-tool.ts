import type { Tool } from "@orgtree/core";
import { defineTool } from "./define-tool.ts";
import { flatSchema } from "./flat-schema.ts";
import { type FileToolSetting, maxFileBytes, writeText } from "./workspace-file.ts";

/** The whole of a file. */
export interface WriteFileInput {
  readonly path: string;
  readonly content: string;
}

/** What was written. */
export interface WriteFileOutput {
  readonly path: string;
  readonly bytes: number;
}

/** Writes whole files of a workspace. Idempotent: the same content again leaves the same file. */
export function writeFileTool({ workspace, inTurn, clock }: FileToolSetting): Tool<WriteFileInput, WriteFileOutput> {
  const tool = "write_file";
  return defineTool<WriteFileInput, WriteFileOutput>(
    {
      name: tool,
      description:
        "Writes a file of the workspace as a whole: makes it, with its directories, or replaces all it holds. To change a part use replace_text.",
      kind: "idempotent",
      inputSchema: flatSchema({
        path: { type: "string", maxLength: 4_096, description: "Path from the top of the workspace, for example src/index.ts." },
        content: { type: "string", maxLength: maxFileBytes, description: "All of the new content." },
      }),
      execute: ({ path, content }, { key, signal }) =>
        inTurn(async () => {
          // Cut off while it stood in line: the write must not come late.
          signal.throwIfAborted();
          const output = { path, bytes: Buffer.byteLength(content, "utf8") };
          await writeText({ tool, workspace, path }, content, { key, output });
          return output;
        }),
    },
    { clock },
  );
}
