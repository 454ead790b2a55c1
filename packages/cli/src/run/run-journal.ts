/** Where the journal of a run is. */
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { resumableOf } from "./resumable-journal.ts";

/** What the command line says about the journal. */
export type JournalChoice =
  | { readonly kind: "none" }
  /** As a whole path. */
  | { readonly kind: "new" | "resume"; readonly path: string };

const ending = ".journal";
/** Behind the name of the organization, where nobody has named the journal. */
const stampPattern = /^-\d{8}T\d{6}-[0-9a-f]{4}\.journal$/;
const stampLength = "-20261122T174523-00ff.journal".length;
/** How long journals are kept that nobody has named, in days. */
const keptDays = 7;
/** Options of a run that are known when it goes on. */
const settled = ["repo", "check", "task", "ignored"] as const;

/** Decides it; rejects with `UsageError`. `name` is the organization's. */
export async function chooseJournal(input: CommandInput, name: string, surroundings: Surroundings): Promise<JournalChoice> {
  const { cwd } = surroundings;
  const named = valueOf(input, "journal");
  const isResumed = input.flags.has("resume");
  const [, operand] = input.operands;
  if (operand !== undefined && !isResumed)
    throw new UsageError(`run does not know what to do with "${operand}"`, "write --resume before a journal");
  if (input.flags.has("no-journal")) {
    if (isResumed || named !== undefined)
      throw new UsageError(`--no-journal and --${isResumed ? "resume" : "journal"} exclude each other`, "leave out one of them");
    return { kind: "none" };
  }
  if (!isResumed && input.flags.has("take-over")) throw new UsageError("--take-over means nothing without --resume", "leave it out");
  if (!isResumed) return { kind: "new", path: named === undefined ? newPath(name, surroundings) : checkNew(resolve(cwd, named)) };
  if (operand !== undefined && named !== undefined) throw new UsageError("two journals are named", "leave out --journal");
  for (const option of settled)
    if (input.values.has(option)) throw new UsageError(`--resume goes on with what was begun, --${option} included`, "leave it out");
  const wanted = operand ?? named;
  return { kind: "resume", path: wanted === undefined ? await unnamedOf(name, surroundings) : checkThere(resolve(cwd, wanted)) };
}

/** Removes a journal, unless a process has it open. */
export async function removeJournal(path: string): Promise<void> {
  const { removeSqliteJournal } = await import("orgtree/journal");
  removeSqliteJournal(path);
}

/** Removes from a directory the journals that nobody has named, and in which nothing was stored for days; but for one that a process has open: its run may wait that long. */
export async function removeOldJournals(directory: string, { clock }: Surroundings): Promise<void> {
  const changedMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sinceMs = clock.epochMs() - keptDays * 86_400_000;
  const isOld = (path: string): boolean => changedMs(path) < sinceMs && changedMs(`${path}-wal`) < sinceMs;
  for (const path of journalsIn(directory).filter(isOld)) await removeJournal(path);
}

function checkNew(path: string): string {
  if (!existsSync(path)) return path;
  throw new UsageError(`${path} is there already`, `go on with it: --resume ${path}; or name another file`);
}

function checkThere(path: string): string {
  if (existsSync(path)) return path;
  throw new UsageError(`there is no journal ${path}`, "name the one that the run has printed");
}

function newPath(name: string, { stateDirectory, clock, random }: Surroundings): string {
  const directory = usable(stateDirectory);
  const stamp = new Date(clock.epochMs()).toISOString().replaceAll(/[-:]|\.\d+Z/g, "");
  const mark = Math.floor(random.next() * 0x10000)
    .toString(16)
    .padStart(4, "0");
  return join(directory, `${name}-${stamp}-${mark}${ending}`);
}

/** Where nothing can be kept, as in some containers, the temporary directory has to do. */
function usable(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return tmpdir();
  }
}

async function unnamedOf(name: string, { stateDirectory }: Surroundings): Promise<string> {
  const journals = [stateDirectory, tmpdir()].flatMap(journalsIn);
  const own = journals.filter((path) => basename(path).startsWith(name) && stampPattern.test(basename(path).slice(name.length)));
  const found = await resumableOf(own);
  if (found !== undefined) return found;
  throw new UsageError(`there is no journal of ${name} in ${stateDirectory}`, "name it: --resume JOURNAL; or begin a run");
}

function journalsIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => stampPattern.test(name.slice(-stampLength)))
    .map((name) => join(directory, name));
}
