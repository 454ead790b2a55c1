import { type Tool, ToolError } from "@orgtree/core";
import { defineTool } from "./define-tool.ts";
import { GitError, WorkspacePathError } from "./errors.ts";
import { flatSchema } from "./flat-schema.ts";
import { globField } from "./list-files-tool.ts";
import type { TextMatch, TextMatches } from "./text-search.ts";
import type { Workspace } from "./workspace.ts";
import type { FileToolSetting } from "./workspace-file.ts";
import { resolveInWorkspace } from "./workspace-path.ts";

/** What to look for. */
export interface SearchTextInput {
  readonly pattern: string;
  readonly isRegex?: boolean | undefined;
  readonly ignoreCase?: boolean | undefined;
  readonly glob?: string | undefined;
  readonly maxMatches?: number | undefined;
}

const defaultMaxMatches = 100;

/** Finds lines in the files of a workspace. */
export function searchTextTool({ workspace, clock }: FileToolSetting): Tool<SearchTextInput, TextMatches> {
  return defineTool<SearchTextInput, TextMatches>(
    {
      name: "search_text",
      description:
        "Finds the lines that contain a text in the files of the workspace, without ignored and binary ones. " +
        "Gives path, line number and line; truncated tells that there are more.",
      kind: "pure",
      timeoutMs: 30_000,
      inputSchema: flatSchema({
        pattern: { type: "string", minLength: 1, maxLength: 1_000, description: "Text to find, within one line." },
        isRegex: { type: "boolean", optional: true, description: "True: pattern is a POSIX extended regular expression. Default false." },
        ignoreCase: { type: "boolean", optional: true, description: "True: upper and lower case are the same. Default false." },
        glob: globField,
        maxMatches: {
          type: "integer",
          minimum: 1,
          maximum: 1_000,
          optional: true,
          description: `Most matches to give. Default ${defaultMaxMatches}.`,
        },
      }),
      execute: async ({ maxMatches = defaultMaxMatches, ...query }, { signal }) => {
        const found = await correctable(workspace.search({ ...query, maxMatches, signal }));
        return { ...found, matches: await withinWorkspace(workspace, found.matches) };
      },
    },
    { clock },
  );
}

/** git follows a link that took the place of a directory; what it found behind one that leads out is not for the model. */
async function withinWorkspace(workspace: Workspace, matches: readonly TextMatch[]): Promise<readonly TextMatch[]> {
  const inside = new Set<string>();
  for (const path of new Set(matches.map((match) => match.path))) {
    try {
      await resolveInWorkspace(workspace.root, path);
      inside.add(path);
    } catch (error) {
      if (!(error instanceof WorkspacePathError)) throw error;
    }
  }
  return matches.filter((match) => inside.has(match.path));
}

/** What git refuses of an expression is the model's to correct. */
async function correctable<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    if (!(cause instanceof GitError) || cause.exitCode !== 128) throw cause;
    throw new ToolError("search_text", "invalid-input", { message: cause.stderr, cause });
  }
}
