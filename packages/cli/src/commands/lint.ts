import type { Command } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { countFindings, lintLines, type LintedFile } from "../lint-text.ts";
import { lintFile, lintImportFailure } from "../linted.ts";
import { importFile } from "../load-organization.ts";
import { paintLine } from "../styled-line.ts";
import type { Surroundings } from "../surroundings.ts";

/** Finds machines that cannot end, and charters that cannot hold. */
export const lint: Command = {
  name: "lint",
  usage: "FILE… [--json]",
  summary: "Finds machines that cannot end, and charters that cannot hold.",
  operands: { name: "FILE", least: 1, most: Infinity },
  details: [
    "Looks at every XState machine that a file exports, and at every organization: its charters, the machines of its agents and of its lead. Nothing of them is run; the files are imported, though.",
    "Errors are certain: such a machine is refused when it is started. Warnings are what is only likely to be wrong.",
  ],
  options: [{ name: "json", text: "The findings as JSON." }],
  async execute({ operands, flags }, surroundings) {
    const { stdout } = surroundings;
    const files: LintedFile[] = [];
    for (const path of operands) files.push(await lintPath(path, surroundings));
    const [errors, warnings] = [countFindings(files, "error"), countFindings(files, "warning")];
    if (flags.has("json")) stdout.write(`${JSON.stringify({ files, errors, warnings }, undefined, 2)}\n`);
    else
      stdout.write(
        lintLines(files, stdout.size()?.columns)
          .map((line) => `${paintLine(line, stdout.hasColor)}\n`)
          .join(""),
      );
    return errors > 0 ? exitCode.failed : exitCode.done;
  },
};

async function lintPath(path: string, surroundings: Surroundings): Promise<LintedFile> {
  try {
    return { file: path, linted: lintFile(await importFile(path, surroundings)) };
  } catch (error) {
    const linted = lintImportFailure(error);
    if (linted === undefined) throw error;
    return { file: path, linted: [linted] };
  }
}
