import { exitCode, type ExitCode } from "../exit-code.ts";
import { importFile, organizationOf } from "../file/load-organization.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { paintLines } from "../text/styled-line.ts";
import { outlineOf } from "./outline.ts";
import { outlineLines } from "./tree-text.ts";

/** Carries out `orgtree tree`. */
export async function drawTree(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { stdout } = surroundings;
  const outline = outlineOf(organizationOf(await importFile(input.operands[0]!, surroundings)));
  if (input.flags.has("json")) stdout.write(`${JSON.stringify(outline, undefined, 2)}\n`);
  else stdout.write(paintLines(outlineLines(outline, Math.max(40, stdout.size()?.columns ?? 100)), stdout.hasColor));
  return exitCode.done;
}
