import type { Tool } from "@orgtree/core";
import { type ListFilesInput, type ListFilesOutput, listFilesTool } from "./list-files-tool.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { type ReadFileInput, type ReadFileOutput, readFileTool } from "./read-file-tool.ts";
import { type ReplaceTextInput, type ReplaceTextOutput, replaceTextTool } from "./replace-text-tool.ts";
import { type SearchTextInput, searchTextTool } from "./search-tool.ts";
import type { TextMatches } from "./text-search.ts";
import type { Timer } from "./timer.ts";
import type { Workspace } from "./workspace.ts";
import { type WriteFileInput, type WriteFileOutput, writeFileTool } from "./write-file-tool.ts";

/** What the tools are given beside the workspace. */
export interface WorkspaceToolsOptions {
  /** Drives the deadlines. Default: real time. */
  readonly clock?: Timer | undefined;
}

/** Tools for the files of one workspace. */
export interface WorkspaceTools {
  readonly readFile: Tool<ReadFileInput, ReadFileOutput>;
  readonly listFiles: Tool<ListFilesInput, ListFilesOutput>;
  readonly searchText: Tool<SearchTextInput, TextMatches>;
  readonly writeFile: Tool<WriteFileInput, WriteFileOutput>;
  readonly replaceText: Tool<ReplaceTextInput, ReplaceTextOutput>;
}

/**
 * Tools that let a model work on the files of a workspace and on no others: a path that leads out of it, or into `.git`, fails with
 * `ToolError` `forbidden`.
 */
export function workspaceTools(workspace: Workspace, { clock }: WorkspaceToolsOptions = {}): WorkspaceTools {
  const setting = { workspace, clock, inTurn: oneAtATime() };
  return {
    readFile: readFileTool(setting),
    listFiles: listFilesTool(setting),
    searchText: searchTextTool(setting),
    writeFile: writeFileTool(setting),
    replaceText: replaceTextTool(setting),
  };
}
