import { hashInWorkspace, editLogOf } from "./workspace-file.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The files of a workspace that are not what its tools have left there, from the top. Of use where nothing but `write_file` and
 * `replace_text` changes files: what a command has changed counts as foreign too.
 */
export async function foreignChanges(workspace: Workspace): Promise<readonly string[]> {
  const edits = await editLogOf(workspace).newest();
  const foreign: string[] = [];
  for (const [path, { before, after }] of edits) {
    const now = await hashInWorkspace(workspace, path);
    // The newest may have been cut off before its file was replaced.
    if (now !== after && now !== before) foreign.push(path);
  }
  for (const { path } of await workspace.changedFiles()) if (!edits.has(path)) foreign.push(path);
  return foreign.sort();
}
