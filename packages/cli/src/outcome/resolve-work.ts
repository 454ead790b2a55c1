import { resolve } from "node:path";
import { listCutOff, OutcomeError, resolveStored, systemClock, type CutOffWork, type Outcome } from "orgtree";
import { openSqliteJournal, openSqliteJournalReader } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { cleanText } from "../text/display-width.ts";
import { printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";

/** Carries out `orgtree resolve`. */
export async function resolveWork(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const [file = "", key] = input.operands;
  const path = resolve(cwd, file);
  const outcome = parseOutcome(input, key);
  if (key === undefined || outcome === undefined) {
    const works = await listIn(path);
    const none = [[span("nothing was cut off of which nobody knows what it came to")]];
    printResult({ stdout }, input.flags, { json: () => works, lines: () => (works.length === 0 ? none : works.flatMap(workLines)) });
    return exitCode.done;
  }
  const work = await resolveIn(path, key, outcome);
  const told = "done" in outcome ? "is done" : "was not done, and is begun again at the next start";
  printResult({ stdout }, input.flags, {
    json: () => ({ ...work, ...outcome }),
    lines: () => [...workLines(work), [span(`  ${told}`, "good")]],
  });
  return exitCode.done;
}

async function listIn(path: string): Promise<readonly CutOffWork[]> {
  await using journal = openSqliteJournalReader(path);
  return await listCutOff(journal);
}

async function resolveIn(path: string, key: string, outcome: Outcome): Promise<CutOffWork> {
  await using journal = await openSqliteJournal(path, { mustExist: true });
  try {
    return await resolveStored(journal, key, { outcome, atMs: systemClock.epochMs() });
  } catch (error) {
    if (!(error instanceof OutcomeError)) throw error;
    throw new UsageError(error.message, "orgtree resolve FILE lists the work that was cut off");
  }
}

/** Undefined where it was only asked what there is. Throws `UsageError`. */
function parseOutcome(input: CommandInput, key: string | undefined): Outcome | undefined {
  const done = valueOf(input, "done");
  const isNotDone = input.flags.has("not-done");
  const isTold = done !== undefined || isNotDone;
  if (key === undefined && isTold) throw new UsageError("it is not said which work", "name its key behind the file");
  if (key !== undefined && (done !== undefined) === isNotDone)
    throw new UsageError("it is not said what became of the work", "say either --done VALUE or --not-done");
  if (done === undefined) return isNotDone ? { notDone: true } : undefined;
  try {
    return { done: JSON.parse(done) as unknown };
  } catch {
    throw new UsageError(`--done "${done}" is no JSON`, `a text stands in double quotes: --done '"${done}"'`);
  }
}

function workLines({ key, address, what, does }: CutOffWork): readonly Line[] {
  return [[span(key, "strong")], [span(`  ${address}  ${cleanText(what)}  ${does ?? "not declared"}`)]];
}
