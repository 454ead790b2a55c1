import { resolve } from "node:path";
import { ConsentError, isWithin, readRunLog, rollBackStored, systemClock, type Address, type RollbackReport } from "orgtree";
import type { SqliteJournal } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import { openToWrite } from "../journal/open-to-write.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { consentText, rollbackLines } from "./rollback-text.ts";
import { parseAddress } from "./turn-name.ts";

/** Carries out `orgtree rollback`. */
export async function rollBackPast(input: CommandInput, { cwd, stdout, program }: Surroundings): Promise<ExitCode> {
  const [file = "", name = ""] = input.operands;
  const address = parseAddress(name);
  const path = resolve(cwd, file);
  const wanted = { address, to: parsePoint(valueOf(input, "to")), consent: input.flags.has("consent") };
  await using journal = await openToWrite(path, input.flags);
  await checkGoesOn(journal, wanted, `${program} fork ${file}`);
  const report = await rollBackIn(journal, wanted);
  const { run } = journal;
  printResult({ stdout }, input.flags, { json: () => ({ address, run, ...report }), lines: () => rollbackLines(address, report, run) });
  return exitCode.done;
}

interface Wanted {
  readonly address: Address;
  readonly to: string | number | undefined;
  readonly consent: boolean;
}

/** A run that has ended gives its result again, whatever its actors are put back to. */
async function checkGoesOn(journal: SqliteJournal, { address, to }: Wanted, forkCall: string): Promise<void> {
  const log = await readRunLog(journal);
  if (log?.result === undefined || !isWithin(address, `/${log.organization}`)) return;
  const point = typeof to === "number" ? `${address}@${to}` : (to ?? "POINT");
  throw new UsageError(
    `the run of ${log.organization} has ended, and what it came to stays`,
    `go on from before in a journal of its own: ${forkCall} --at ${/\s/.test(point) ? `"${point}"` : point} --to NEW, and run --resume NEW`,
  );
}

async function rollBackIn(journal: SqliteJournal, { address, to, consent }: Wanted): Promise<RollbackReport> {
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
