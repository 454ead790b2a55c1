import { resolve } from "node:path";
import { repairJournal } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { repairLines } from "./journal-text.ts";

/** Carries out `orgtree journal repair`. */
export async function repairFile(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const to = valueOf(input, "to");
  if (to === undefined) throw new UsageError("journal repair writes a new file and leaves the old one as it is", "name it with --to NEW");
  const report = await repairJournal(resolve(cwd, input.operands[0]!), { to: resolve(cwd, to) });
  printResult({ stdout }, input.flags, { json: () => report, lines: () => repairLines(report) });
  return report.damaged.length + report.lost.length + report.leftOut.length + report.problems.length === 0
    ? exitCode.done
    : exitCode.failed;
}
