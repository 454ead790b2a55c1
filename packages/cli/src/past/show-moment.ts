import { Timeline } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { momentJson } from "./moment-json.ts";
import { momentLines } from "./moment-text.ts";
import { withPast } from "./past-journal.ts";
import { parseTurnName } from "./turn-name.ts";

/** Carries out `orgtree show`. */
export async function showMoment({ operands, flags }: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { address, seq } = parseTurnName(operands[1]!);
  const moment = await withPast(operands[0]!, surroundings, (journal) => new Timeline(journal, address).at(seq));
  printResult(surroundings, flags, { json: () => momentJson(moment, "whole"), lines: () => momentLines(moment) });
  return exitCode.done;
}
