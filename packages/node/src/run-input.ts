import { SpecError } from "@orgtree/core";
import type { RepositoryTask } from "orgtree";

/** What a run works on. */
export interface RunInput {
  readonly task: string;
  /** For organizations that work on a repository. The path is one on the machines of the nodes. */
  readonly repository?: Omit<RepositoryTask, "task"> | undefined;
}

/** Reads the input of a run as somebody sent it; throws `SpecError` with the field that is wrong. */
export function readRunInput(input: unknown): RunInput {
  const { task, repository } = (input ?? {}) as { readonly task?: unknown; readonly repository?: unknown };
  if (typeof task !== "string" || task === "") throw new SpecError("task", "a text that says what is to be done");
  if (repository === undefined || repository === null) return { task };
  const { repo, check, ignoredPaths = [] } = repository as Readonly<Record<string, unknown>>;
  if (typeof repo !== "string") throw new SpecError("repository.repo", "the path of a git repository");
  if (typeof check !== "string") throw new SpecError("repository.check", "the command that tells whether the work is right");
  if (!Array.isArray(ignoredPaths) || !ignoredPaths.every((path) => typeof path === "string"))
    throw new SpecError("repository.ignoredPaths", "a list of paths");
  return { task, repository: { repo, check, ignoredPaths } };
}
