import { dirname, resolve } from "node:path";
import { OtherRunError, readRunLog } from "orgtree";
import type { ExitCode } from "../exit-code.ts";
import { demoOf, importFile, organizationOf } from "../file/load-organization.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { openToWrite } from "../journal/open-to-write.ts";
import { followInJson, jsonLine } from "../progress/json-lines.ts";
import { followInLines } from "../progress/plain-lines.ts";
import type { Progress } from "../progress/progress.ts";
import { followInTerminal } from "../progress/terminal.ts";
import type { Surroundings } from "../surroundings.ts";
import { describeError } from "../text/error-text.ts";
import { carryOut } from "./carry-out.ts";
import { openDecisionLog } from "./decision-log.ts";
import { chooseModel } from "./model-choice.ts";
import { checkWritable } from "./patch-file.ts";
import { concludeRun, concludeUnstarted, type EndedRun } from "./run-conclusion.ts";
import { readFacts } from "./run-facts.ts";
import { chooseJournal, removeOldJournals } from "./run-journal.ts";
import { planRun, replanRun, type RunRequest } from "./run-plan.ts";

/** Carries out `orgtree run`. */
export async function runFile(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  if (!input.flags.has("json")) return planAndRun(input, surroundings);
  try {
    return await planAndRun(input, surroundings);
  } catch (error) {
    // Whoever reads the JSON waits for a result; the program tells people.
    const { code } = describeError(error, { debug: false, columns: undefined });
    const { name, message } = error as Error;
    surroundings.stdout.write(jsonLine({ type: "result", status: "refused", exitCode: code, error: { name, message } }));
    throw error;
  }
}

async function planAndRun(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, stdout } = surroundings;
  const isJson = input.flags.has("json");
  const file = await importFile(input.operands[0]!, surroundings);
  const organization = organizationOf(file);
  const journal = await chooseJournal(input, organization.name, surroundings);
  const named = valueOf(input, "out") ?? (input.values.has("repo") ? "orgtree.patch" : undefined);
  const out = named === undefined ? undefined : resolve(cwd, named);
  if (out !== undefined) await checkWritable(out);
  const log = valueOf(input, "log");
  const logger = log === undefined ? undefined : await openDecisionLog(log, cwd);
  const model = chooseModel(input, surroundings, logger);
  const thinkMs = stdout.isTerminal && !isJson ? 150 : 20;
  const request = { file, organization, demo: demoOf(file, organization), input, cwd, model, thinkMs };
  const listeners = { progress: chooseProgress(input, surroundings), logger };
  const conclude = (ended: Omit<EndedRun, "isJson"> | "interrupted"): Promise<ExitCode> | ExitCode =>
    ended === "interrupted" ? concludeUnstarted(isJson, surroundings) : concludeRun({ ...ended, isJson }, surroundings);
  if (journal.kind === "resume") return conclude(await goOn({ request, path: journal.path, out }, listeners, surroundings));
  const plan = planRun(request);
  const path = journal.kind === "none" ? undefined : journal.path;
  if (path !== undefined && !input.values.has("journal")) await removeOldJournals(dirname(path), surroundings);
  const ended = await carryOut(
    { plan, out, journal: path === undefined ? undefined : { path, opened: undefined } },
    listeners,
    surroundings,
  );
  return conclude(ended === "interrupted" ? ended : { plan, out, journal: path, ...ended });
}

interface OldRun {
  readonly request: RunRequest;
  readonly path: string;
  readonly out: string | undefined;
}

/** A run that was begun by another process. One that has ended gives its result again. */
async function goOn(
  { request, path, out: named }: OldRun,
  listeners: Parameters<typeof carryOut>[1],
  surroundings: Surroundings,
): Promise<Omit<EndedRun, "isJson"> | "interrupted"> {
  await using opened = await openToWrite(path, request.input.flags);
  const log = await readRunLog(opened);
  if (log === undefined) throw new UsageError(`${path} has nothing of a run: it ended before anything was stored`, "begin it again");
  const { name } = request.organization;
  if (log.organization !== name) throw new OtherRunError(`${path} is of a run of ${log.organization}, not of ${name}`);
  const facts = readFacts(log.facts, path);
  const plan = replanRun(request, facts);
  const out = named ?? facts.out;
  if (log.result !== undefined) return { plan, out, journal: path, patch: log.result.patch, result: log.result, isAgain: true };
  const ended = await carryOut({ plan, out, journal: { path, opened: { journal: opened, facts } } }, listeners, surroundings);
  return ended === "interrupted" ? ended : { plan, out, journal: path, ...ended };
}

function chooseProgress(input: CommandInput, surroundings: Surroundings): Progress {
  if (input.flags.has("json")) return followInJson(surroundings);
  // A log on the same screen would tear the picture.
  const isPlain =
    input.flags.has("plain") || !surroundings.stdout.isTerminal || (valueOf(input, "log") === "-" && surroundings.stderr.isTerminal);
  return isPlain ? followInLines(surroundings) : followInTerminal(surroundings);
}
