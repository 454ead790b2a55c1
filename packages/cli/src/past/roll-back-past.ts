import { resolve } from "node:path";
import { ConsentError, isWithin, readRunLog, rollBackStored, systemClock, type Address, type RollbackReport } from "orgtree";
import type { Journal } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import { openToWrite } from "../journal/open-to-write.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { sourceArgument, sourceOf } from "./past-source.ts";
import { consentText, rollbackLines } from "./rollback-text.ts";
import { withTakenRun } from "./taken-run.ts";
import { parseAddress } from "./turn-name.ts";

/** Carries out `orgtree rollback`. */
export async function rollBackPast(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, stdout, program } = surroundings;
  const source = sourceOf(input);
  const address = parseAddress(source.operands[0]!);
  const wanted = { address, to: parsePoint(valueOf(input, "to")), consent: input.flags.has("consent") };
  const { file } = source;
  const put = async (journal: Journal): Promise<void> => {
    await checkGoesOn(journal, wanted, `${program} fork ${sourceArgument(source)}`);
    const report = await rollBackIn(journal, wanted);
    const { run } = journal;
    printResult({ stdout }, input.flags, { json: () => ({ address, run, ...report }), lines: () => rollbackLines(address, report, run) });
  };
  if (file === undefined) await withTakenRun(source, surroundings, put);
  else {
    await using journal = await openToWrite(resolve(cwd, file), input.flags);
    await put(journal);
  }
  return exitCode.done;
}

interface Wanted {
  readonly address: Address;
  readonly to: string | number | undefined;
  readonly consent: boolean;
}

/** A run that has ended gives its result again, whatever its actors are put back to. */
async function checkGoesOn(journal: Journal, { address, to }: Wanted, forkCall: string): Promise<void> {
  const log = await readRunLog(journal);
  if (log?.result === undefined || !isWithin(address, `/${log.organization}`)) return;
  const point = typeof to === "number" ? `${address}@${to}` : (to ?? "POINT");
  throw new UsageError(
    `the run of ${log.organization} has ended, and what it came to stays`,
    `go on from before in a journal of its own: ${forkCall} --at ${/\s/.test(point) ? `"${point}"` : point} --to NEW, and run --resume NEW`,
  );
}

async function rollBackIn(journal: Journal, { address, to, consent }: Wanted): Promise<RollbackReport> {
  try {
    return await rollBackStored(journal, address, { to, consent, atMs: systemClock.epochMs() });
  } catch (error) {
    if (!(error instanceof ConsentError)) throw error;
    throw new UsageError(consentText(address, error, journal.run), "with --consent it is done all the same");
  }
}

function parsePoint(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? parseWhole(text, "--to") : text;
}
