import { resolve } from "node:path";
import { verifyJournal } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { reportLines } from "./journal-text.ts";

/** Carries out `orgtree journal verify`. */
export async function verifyFile({ operands, flags }: CommandInput, { cwd, program, stdout }: Surroundings): Promise<ExitCode> {
  const file = operands[0]!;
  const report = await verifyJournal(resolve(cwd, file));
  const repairCall = `${program} journal repair ${file} --to NEW`;
  printResult({ stdout }, flags, { json: () => report, lines: () => reportLines(file, report, repairCall) });
  return report.isSound ? exitCode.done : exitCode.failed;
}
