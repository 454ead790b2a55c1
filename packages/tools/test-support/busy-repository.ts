import { chmodSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitIn, makeRepository, writeFiles } from "./repository.ts";

/** A repository with everything that makes a copy hard: staged, changed, new, deleted, ignored, linked, executable and binary files. */
export function makeBusyRepository(repo: string): void {
  makeRepository(repo, {
    "src/changed.txt": "one\ntwo\nthree\n",
    "src/same.txt": "same\n",
    "staged.txt": "before\n",
    "deleted.txt": "gone soon\n",
    "removed.txt": "gone from the index too\n",
    "tracked.log": "tracked though ignored\n",
    "binary.dat": Buffer.from([0, 1, 2, 255, 254]),
    "run.sh": "#!/bin/sh\n",
    "becomes-link": "text\n",
    "dir/inside.txt": "inside\n",
    ".gitignore": "*.log\nnode_modules/\n",
  });
  writeFiles(repo, {
    "src/changed.txt": "one\nTWO\nthree\n",
    "staged.txt": "after\n",
    "new.txt": "new\n",
    "deep/er/new file.txt": "new, with a space\n",
    "ignored.log": "ignored\n",
    "node_modules/lib/index.js": "module\n",
    "secret.key": "ignored privately\n",
  });
  writeFileSync(join(repo, ".git", "info", "exclude"), "*.key\n");
  gitIn(repo, "add", "staged.txt");
  gitIn(repo, "rm", "--quiet", "removed.txt");
  rmSync(join(repo, "deleted.txt"));
  rmSync(join(repo, "becomes-link"));
  symlinkSync("src/same.txt", join(repo, "becomes-link"));
  chmodSync(join(repo, "run.sh"), 0o755);
  // A directory that became a link: what was tracked in it is deleted, as git sees it.
  rmSync(join(repo, "dir"), { recursive: true });
  symlinkSync("src", join(repo, "dir"));
}

/** Files of it by their paths, without those that git ignores. */
export function withoutIgnored(prints: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(prints).filter(([path]) => !/^(ignored\.log|node_modules\/.*|secret\.key)$/.test(path)));
}
