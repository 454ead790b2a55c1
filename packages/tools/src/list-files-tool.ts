import type { Tool } from "@orgtree/core";
import { defineTool } from "./define-tool.ts";
import { flatSchema } from "./flat-schema.ts";
import type { FileToolSetting } from "./workspace-file.ts";

/** Which files to list. */
export interface ListFilesInput {
  readonly glob?: string | undefined;
}

/** Paths, sorted. */
export interface ListFilesOutput {
  readonly files: readonly string[];
  /** How many there are, the ones left out included. */
  readonly total: number;
  readonly truncated: boolean;
}

const maxFiles = 1_000;

/** How the tools explain their globs to a model. */
export const globField = {
  type: "string",
  minLength: 1,
  maxLength: 300,
  optional: true,
  description: "Only paths that match, for example **/*.ts or src/**. A single * stays within one directory. Default: all.",
} as const;

/** Lists files of a workspace. */
export function listFilesTool({ workspace, clock }: FileToolSetting): Tool<ListFilesInput, ListFilesOutput> {
  return defineTool<ListFilesInput, ListFilesOutput>(
    {
      name: "list_files",
      description: `Lists the files of the workspace, without ignored ones. Gives at most ${maxFiles} paths; narrow the glob when truncated is true.`,
      kind: "pure",
      inputSchema: flatSchema({ glob: globField }),
      execute: async ({ glob }, { signal }) => {
        const files = await workspace.files(glob, signal);
        return { files: files.slice(0, maxFiles), total: files.length, truncated: files.length > maxFiles };
      },
    },
    { clock },
  );
}
