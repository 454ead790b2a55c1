import { exitCode, type ExitCode } from "../exit-code.ts";
import { importFile } from "../file/load-organization.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { countFindings, lintLines, type LintedFile } from "./lint-text.ts";
import { lintFile, lintImportFailure } from "./linted.ts";

/** Carries out `orgtree lint`. A lint that looked at nothing has not passed: that is a mistake on the command line. */
export async function lintFiles({ operands, flags }: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { stdout, stderr } = surroundings;
  const files: LintedFile[] = [];
  for (const path of operands) files.push(await lintPath(path, surroundings));
  const [errors, warnings] = [countFindings(files, "error"), countFindings(files, "warning")];
  printResult(surroundings, flags, {
    json: () => ({ files, errors, warnings }),
    lines: () => lintLines(files, stdout.size()?.columns),
  });
  if (files.every(({ linted }) => linted.length === 0)) {
    stderr.write("orgtree: there was nothing to lint; export the machine or the organization, by any name\n");
    return exitCode.usage;
  }
  return errors > 0 ? exitCode.failed : exitCode.done;
}

async function lintPath(path: string, surroundings: Surroundings): Promise<LintedFile> {
  try {
    return { file: path, linted: lintFile(await importFile(path, surroundings)) };
  } catch (error) {
    const linted = lintImportFailure(error);
    if (linted === undefined) throw error;
    return { file: path, linted: [linted] };
  }
}
