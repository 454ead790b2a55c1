/**
 * A patch, tried before it is handed out: git converts files by the attributes and the configuration of the original, and would then
 * refuse a patch of bytes, or write other bytes than those that were checked.
 */
import { UndeliverableError } from "./errors.ts";
import { git, type GitOptions, tryGit } from "./git.ts";
import { splitNul } from "./nul-list.ts";
import type { OriginalRepository } from "./original-repository.ts";
import type { Snapshots } from "./snapshots.ts";

/** What is tried, and where. */
export interface PatchTrial {
  readonly original: Pick<OriginalRepository, "root" | "gitDirectory">;
  readonly snapshots: Snapshots;
  readonly tree: string;
  /** That of the tree. */
  readonly patch: string;
  /** An empty directory. The original is only read. */
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Applies a patch as its person would, to the files that it changes. Rejects with `UndeliverableError` unless git accepts it and the
 * files are then those of the tree.
 */
export async function tryPatch(trial: PatchTrial): Promise<void> {
  const { snapshots, tree, patch, directory, signal } = trial;
  if (patch === "") return;
  const changes = await snapshots.changes(tree);
  const pathsBut = (left: string): string[] => changes.filter(({ change }) => change !== left).map(({ path }) => path);
  await snapshots.writeFirst(pathsBut("added"), directory, signal);
  const place = placeOf(trial);
  const filters = await filtersOf(trial);
  await refuseFiltered(pathsBut(""), filters, place);
  const { exitCode, stderr } = await tryGit(["--no-pager", ...withoutPrograms(filters), "apply"], { ...place, input: patch });
  if (exitCode !== 0) {
    const converted = await describeConversions(pathsBut(""), place);
    throw new UndeliverableError(`git apply would refuse its patch in the original: ${stderr}${converted}`, pathsBut(""), remedy);
  }
  const others = await snapshots.differing(tree, pathsBut("deleted"), directory);
  if (others.length === 0) return;
  const converted = await describeConversions(others, place);
  throw new UndeliverableError(`git apply would write other bytes into ${others.slice(0, shown).join(", ")}${converted}`, others, remedy);
}

const remedy = "give such files the form that .gitattributes and the configuration of git ask for, or leave them as they were";
/** The machine's too, where filters such as `lfs` may be set up: whoever applies the patch has it. */
const wholeConfiguration = { GIT_CONFIG_NOSYSTEM: "0" };
/** Files named in a message. */
const shown = 5;

/** The attributes and the configuration of the original hold in the directory; nothing of the original is written. */
function placeOf({ original, directory, signal }: PatchTrial): GitOptions {
  const env = { ...wholeConfiguration, GIT_DIR: original.gitDirectory, GIT_WORK_TREE: directory };
  return { cwd: directory, env, signal, asPerson: true };
}

/** The filters for which the person has a program, such as `lfs`. */
async function filtersOf({ original, signal }: PatchTrial): Promise<string[]> {
  const asked = ["config", "--null", "--name-only", "--get-regexp", String.raw`^filter\..*\.(clean|smudge|process)$`] as const;
  const { stdout } = await tryGit(asked, { cwd: original.root, env: wholeConfiguration, signal, asPerson: true });
  return [...new Set(splitNul(stdout).map((key) => key.slice("filter.".length, key.lastIndexOf("."))))];
}

/** What a filter's program makes of a file is not known here, where no program of a repository is run. */
async function refuseFiltered(paths: readonly string[], filters: readonly string[], place: GitOptions): Promise<void> {
  if (filters.length === 0) return;
  const filtered = (await attributesOf(["filter"], paths, place)).filter(({ value }) => filters.includes(value));
  if (filtered.length === 0) return;
  const named = filtered.slice(0, shown).map(({ path, value }) => `${path} (filter=${value})`);
  const problem = `git passes ${named.join(", ")} through a program, so that a patch of the file would not apply`;
  throw new UndeliverableError(
    problem,
    filtered.map(({ path }) => path),
    "leave such files as they were",
  );
}

function withoutPrograms(filters: readonly string[]): string[] {
  return filters.flatMap((name) =>
    ["clean=", "smudge=", "process=", "required=false"].flatMap((setting) => ["-c", `filter.${name}.${setting}`]),
  );
}

/** ` (git converts f.c: ident=set)`; empty where no attribute says so. */
async function describeConversions(paths: readonly string[], place: GitOptions): Promise<string> {
  const found = await attributesOf(["text", "eol", "ident", "working-tree-encoding"], paths, place);
  const named = found.filter(({ value }) => value !== "unset").slice(0, shown);
  return named.length === 0 ? "" : ` (git converts ${named.map(({ path, name, value }) => `${path}: ${name}=${value}`).join(", ")})`;
}

interface Attribute {
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

async function attributesOf(names: readonly string[], paths: readonly string[], place: GitOptions): Promise<Attribute[]> {
  const input = paths.map((path) => `${path}\0`).join("");
  const fields = splitNul(await git(["check-attr", "-z", "--stdin", ...names], { ...place, input }));
  const found: Attribute[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) found.push({ path: fields[at]!, name: fields[at + 1]!, value: fields[at + 2]! });
  return found.filter(({ value }) => value !== "unspecified");
}
