import { exitCode, type ExitCode } from "../exit-code.ts";
import { importFile, organizationOf } from "../file/load-organization.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { outlineOf } from "./outline.ts";
import { outlineLines } from "./tree-text.ts";

/** Carries out `orgtree tree`. */
export async function drawTree(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { stdout } = surroundings;
  const outline = outlineOf(organizationOf(await importFile(input.operands[0]!, surroundings)));
  const columns = Math.max(40, stdout.size()?.columns ?? 100);
  printResult(surroundings, input.flags, { json: () => outline, lines: () => outlineLines(outline, columns) });
  return exitCode.done;
}
