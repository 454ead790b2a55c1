export { removeAbandonedDirectories, removeDirectorySync } from "./abandoned.ts";
export { claimDirectory } from "./directory-owner.ts";
export { foreignChanges } from "./foreign-changes.ts";
export { type CommandOptions, type CommandResult, runCommand } from "./command.ts";
export type { Checkout } from "./checkout.ts";
export { commandTool, type CommandToolOptions } from "./command-tool.ts";
export { defineTool, type ToolDefinition } from "./define-tool.ts";
export {
  CommandNotFoundError,
  CommandStartError,
  DirectoryNotFoundError,
  FileNameError,
  GitError,
  NotARepositoryError,
  OutsideLinkError,
  UndeliverableError,
  UnknownCheckpointError,
  WorkspaceBusyError,
  WorkspaceChangedError,
  WorkspaceGoneError,
  WorkspacePathError,
} from "./errors.ts";
export type { ListFilesInput, ListFilesOutput } from "./list-files-tool.ts";
export type { ReadFileInput, ReadFileOutput } from "./read-file-tool.ts";
export type { ReplaceTextInput, ReplaceTextOutput } from "./replace-text-tool.ts";
export type { SearchTextInput } from "./search-tool.ts";
export type { TextMatch, TextMatches, TextQuery } from "./text-search.ts";
export type { Timer } from "./timer.ts";
export type { ToolParameters } from "./tool-parameters.ts";
export type { ChangedFile } from "./tree-diff.ts";
export { type Checkpoint, createWorkspace, reopenWorkspace, type Workspace, type WorkspaceOptions } from "./workspace.ts";
export { workspaceTools, type WorkspaceTools, type WorkspaceToolsOptions } from "./workspace-tools.ts";
export type { WriteFileInput, WriteFileOutput } from "./write-file-tool.ts";
