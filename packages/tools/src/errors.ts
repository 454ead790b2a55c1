/** The failures of this package that a caller can act on; what a tool itself reports is core's `ToolError`. */
import { ExpectedError } from "@orgtree/core";

/** The program does not exist. */
export class CommandNotFoundError extends ExpectedError {
  override readonly name = "CommandNotFoundError";
  readonly retryable = false;
  readonly command: string;

  constructor(command: string) {
    super(`command not found: ${command}; install it, or name its directory in env.PATH`);
    this.command = command;
  }
}

/** The system refused to start the program: not executable, arguments too long, out of processes. */
export class CommandStartError extends ExpectedError {
  override readonly name = "CommandStartError";
  readonly command: string;
  /** The system's code, for example `EACCES`. */
  readonly code: string;
  readonly retryable: boolean;

  constructor(command: string, code: string, cause: unknown) {
    super(`cannot start ${command}: ${code}`, { cause });
    this.command = command;
    this.code = code;
    this.retryable = code === "EAGAIN" || code === "EMFILE" || code === "ENFILE" || code === "ENOMEM";
  }
}

/** The directory something was to work in is not there, or is no directory. Nothing was started. */
export class DirectoryNotFoundError extends ExpectedError {
  override readonly name = "DirectoryNotFoundError";
  readonly retryable = false;
  readonly path: string;

  constructor(path: string) {
    super(`no directory at ${path}`);
    this.path = path;
  }
}

/** A path that was to be the top of a git repository with files is not one. Nothing was copied. */
export class NotARepositoryError extends ExpectedError {
  override readonly name = "NotARepositoryError";
  readonly retryable = false;
  readonly path: string;
  /** What the person can do about it. */
  readonly remedy: string;

  constructor(path: string, problem: string, remedy: string) {
    super(`${path} is not a git repository to work on: ${problem}; ${remedy}`);
    this.path = path;
    this.remedy = remedy;
  }
}

/** git ended with an error. */
export class GitError extends ExpectedError {
  override readonly name = "GitError";
  readonly retryable = false;
  /** The subcommand, for example `read-tree`. */
  readonly subcommand: string;
  /** Null when git was killed, which it is at its time and output limits. */
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(subcommand: string, exitCode: number | null, stderr: string) {
    super(`git ${subcommand} ${exitCode === null ? "was ended" : `failed with ${exitCode}`}: ${stderr}`);
    this.subcommand = subcommand;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** A path that a tool may not touch: outside of the workspace, or in its `.git`. */
export class WorkspacePathError extends ExpectedError {
  override readonly name = "WorkspacePathError";
  readonly retryable = false;
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${JSON.stringify(path)} ${problem}; give a path relative to the top of the workspace, for example src/index.ts`);
    this.path = path;
  }
}

/** A link leads out of the repository: a command that writes through it would change what is no part of the copy. */
export class OutsideLinkError extends ExpectedError {
  override readonly name = "OutsideLinkError";
  readonly retryable = false;
  /** From the top of the repository. */
  readonly link: string;
  readonly target: string;

  constructor(link: string, target: string) {
    super(
      `the link ${link} leads out of the repository, to ${target}; make it a relative link to something inside, remove it, or ignore it`,
    );
    this.link = link;
    this.target = target;
  }
}

/** A file of the repository has a name that is not UTF-8: it would be in no copy, and nobody would notice. Nothing was copied. */
export class FileNameError extends ExpectedError {
  override readonly name = "FileNameError";
  readonly retryable = false;
  /** From the top of the repository; bytes that are no ASCII in octal, as `ls -b` writes them. */
  readonly path: string;

  constructor(path: string) {
    super(`the name of ${path} is not UTF-8, so it cannot be copied; rename it, or ignore it if it is not tracked`);
    this.path = path;
  }
}

/** `git apply` would refuse the patch of a checkpoint in the original, or make other files of it: what a check saw is not what is delivered. */
export class UndeliverableError extends ExpectedError {
  override readonly name = "UndeliverableError";
  readonly retryable = false;
  /** The files that it is about, as far as they are known. */
  readonly paths: readonly string[];

  constructor(problem: string, paths: readonly string[], remedy: string) {
    super(`the work cannot be delivered: ${problem}; ${remedy}`);
    this.paths = paths;
  }
}

/** The checkpoint is not of this workspace. Nothing changed. */
export class UnknownCheckpointError extends ExpectedError {
  override readonly name = "UnknownCheckpointError";
  readonly retryable = false;
  readonly checkpoint: string;

  constructor(checkpoint: string) {
    super(`no checkpoint ${checkpoint} in this workspace`);
    this.checkpoint = checkpoint;
  }
}

/** Files kept changing while they were restored, so the result is not the checkpoint. */
export class WorkspaceBusyError extends ExpectedError {
  override readonly name = "WorkspaceBusyError";
  readonly retryable = true;
  readonly root: string;

  constructor(root: string) {
    super(`files in ${root} change while they are being restored; end the commands that run there first`);
    this.root = root;
  }
}

/** The copy that a run has worked in is not there any more, or not as it was made. Nothing was started. */
export class WorkspaceGoneError extends ExpectedError {
  override readonly name = "WorkspaceGoneError";
  readonly retryable = false;
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`the workspace ${path} cannot be used any more: ${problem}; what was done in it is lost, so begin the run again`);
    this.path = path;
  }
}

/** Somebody else has changed files of a workspace: what the run knows of them is wrong. */
export class WorkspaceChangedError extends ExpectedError {
  override readonly name = "WorkspaceChangedError";
  readonly retryable = false;
  /** From the top of the workspace. */
  readonly paths: readonly string[];

  constructor(paths: readonly string[]) {
    const shown = `${paths.slice(0, 5).join(", ")}${paths.length > 5 ? `, and ${paths.length - 5} more` : ""}`;
    super(`the workspace was changed while nobody worked in it: ${shown}; put it back as it was, or begin the run again`);
    this.paths = paths;
  }
}
