import type { Journal } from "@orgtree/core";
import { ScopedJournal } from "@orgtree/journal";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runScope } from "./scopes.ts";

/**
 * The journal of a run, within that of its partition. Its path is a mark in the file system which all nodes of the cluster share: as long as
 * it is there, the private copy that the run works in is kept, whoever made it.
 */
export class RunJournal extends ScopedJournal {
  readonly path: string;

  constructor(whole: Journal, { id, directory }: { readonly id: string; readonly directory: string }) {
    super(whole, runScope(id));
    this.path = join(directory, `${id}.run`);
  }

  /** The run is under way. */
  begin(): void {
    mkdirSync(join(this.path, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(this.path, "");
  }

  /** It is over, and needs nothing any more. */
  end(): void {
    rmSync(this.path, { force: true });
  }
}
