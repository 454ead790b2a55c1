import type { Tool } from "@orgtree/core";
import type { CommandResult } from "./command.ts";
import { commandTool, type CommandToolOptions } from "./command-tool.ts";
import { type ListFilesInput, type ListFilesOutput, listFilesTool } from "./list-files-tool.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { type ReadFileInput, type ReadFileOutput, readFileTool } from "./read-file-tool.ts";
import { type ReplaceTextInput, type ReplaceTextOutput, replaceTextTool } from "./replace-text-tool.ts";
import { type SearchTextInput, searchTextTool } from "./search-tool.ts";
import type { TextMatches } from "./text-search.ts";
import type { Timer } from "./timer.ts";
import type { Workspace } from "./workspace.ts";
import { type WriteFileInput, type WriteFileOutput, writeFileTool } from "./write-file-tool.ts";

/** The command that checks the work, with its limits. */
export type CheckCommand = Pick<CommandToolOptions, "command" | "env" | "timeoutMs" | "killGraceMs" | "maxOutputBytes" | "maxMemoryBytes">;

/** What the tools are given beside the workspace. */
export interface WorkspaceToolsOptions {
  /** Default: none, and no `runCheck`. */
  readonly check?: CheckCommand | undefined;
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

/** The same, with a check to run. */
export interface CheckedWorkspaceTools extends WorkspaceTools {
  readonly runCheck: Tool<object, CommandResult>;
}

/**
 * Tools that let a model work on the files of a workspace and on no others: a path that leads out of it, or into `.git`, fails with
 * `ToolError` `forbidden`. The check is fixed here and not by the model; the command it runs is not confined to the workspace.
 */
export function workspaceTools(
  workspace: Workspace,
  options: WorkspaceToolsOptions & { readonly check: CheckCommand },
): CheckedWorkspaceTools;
export function workspaceTools(workspace: Workspace, options?: WorkspaceToolsOptions): WorkspaceTools;
export function workspaceTools(workspace: Workspace, { check, clock }: WorkspaceToolsOptions = {}): WorkspaceTools | CheckedWorkspaceTools {
  const setting = { workspace, clock, inTurn: oneAtATime() };
  const tools = {
    readFile: readFileTool(setting),
    listFiles: listFilesTool(setting),
    searchText: searchTextTool(setting),
    writeFile: writeFileTool(setting),
    replaceText: replaceTextTool(setting),
  };
  return check === undefined ? tools : { ...tools, runCheck: runCheckTool(workspace, check, clock) };
}

function runCheckTool(workspace: Workspace, check: CheckCommand, clock: Timer | undefined): Tool<object, CommandResult> {
  const text = typeof check.command === "string" ? check.command : check.command.join(" ");
  return commandTool({
    ...check,
    name: "run_check",
    description: `Runs the check of this work, \`${text}\`, in the workspace. It passes when exitCode is 0 and neither timedOut nor overflowed is true; stdout and stderr tell the rest.`,
    kind: "idempotent",
    cwd: workspace.root,
    clock,
  });
}
