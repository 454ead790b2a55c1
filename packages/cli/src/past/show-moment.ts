import { Timeline } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { plainJson } from "../text/plain-json.ts";
import { paintLines } from "../text/styled-line.ts";
import { momentJson } from "./moment-json.ts";
import { momentLines } from "./moment-text.ts";
import { withPast } from "./past-journal.ts";
import { parseTurnName } from "./turn-name.ts";

/** Carries out `orgtree show`. */
export async function showMoment({ operands, flags }: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { stdout } = surroundings;
  const { address, seq } = parseTurnName(operands[1]!);
  const moment = await withPast(operands[0]!, surroundings, (journal) => new Timeline(journal, address).at(seq));
  if (flags.has("json")) stdout.write(`${plainJson(momentJson(moment, "whole"), 2)}\n`);
  else stdout.write(paintLines(momentLines(moment), stdout.hasColor));
  return exitCode.done;
}
