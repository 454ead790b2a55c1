import { Timeline } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { momentJson } from "./moment-json.ts";
import { momentLines } from "./moment-text.ts";
import { withPast } from "./past-journal.ts";
import { sourceOf } from "./past-source.ts";
import { parseTurnName } from "./turn-name.ts";

/** Carries out `orgtree show`. */
export async function showMoment(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const source = sourceOf(input);
  const { address, seq } = parseTurnName(source.operands[0]!);
  const moment = await withPast(source, surroundings, (journal) => new Timeline(journal, address).at(seq));
  printResult(surroundings, input.flags, { json: () => momentJson(moment, "whole"), lines: () => momentLines(moment) });
  return exitCode.done;
}
