import { resolve } from "node:path";
import { repairJournal } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { plainJson } from "../text/plain-json.ts";
import { paintLines } from "../text/styled-line.ts";
import { repairLines } from "./journal-text.ts";

/** Carries out `orgtree journal repair`. */
export async function repairFile(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const to = valueOf(input, "to");
  if (to === undefined) throw new UsageError("journal repair writes a new file and leaves the old one as it is", "name it with --to NEW");
  const report = await repairJournal(resolve(cwd, input.operands[0]!), { to: resolve(cwd, to) });
  if (input.flags.has("json")) stdout.write(`${plainJson(report, 2)}\n`);
  else stdout.write(paintLines(repairLines(report), stdout.hasColor));
  return report.damaged.length + report.lost.length + report.leftOut.length + report.problems.length === 0
    ? exitCode.done
    : exitCode.failed;
}
