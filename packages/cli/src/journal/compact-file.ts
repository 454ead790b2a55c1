import { resolve } from "node:path";
import { pinGivenUp, reachableCheckpoints, type Address, type ReachableCheckpoint } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { firstLines, printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { openToWrite } from "./open-to-write.ts";

/** Carries out `orgtree journal compact`. */
export async function compactFile(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const position = valueOf(input, "keep-after");
  const keepAfter = position === undefined ? undefined : parseWhole(position, "--keep-after");
  const path = resolve(cwd, input.operands[0]!);
  const journal = await openToWrite(path, input.flags);
  try {
    const tops = await pinGivenUp(journal);
    const checkpoints = await reachableCheckpoints(journal);
    const result = await journal.compact({ keepAfter: keepAfter ?? checkpoints[0]?.position });
    const lost = checkpoints.filter(({ position }) => keepAfter !== undefined && position < keepAfter);
    const oldest = keepAfter === undefined ? checkpoints[0] : undefined;
    printResult({ stdout }, input.flags, {
      json: () => ({ ...result, lost }),
      lines: () => resultLines(input.operands[0]!, result, { lost, oldest, tops }),
    });
  } finally {
    await journal.close();
  }
  return exitCode.done;
}

/** Most checkpoints that are listed; all of them are in the JSON. */
const maxListed = 50;

/** What was kept for going on and going back, and what is lost for it. */
interface Kept {
  readonly lost: readonly ReachableCheckpoint[];
  readonly oldest: ReachableCheckpoint | undefined;
  /** Of trees that were given up. */
  readonly tops: readonly Address[];
}

function resultLines(
  file: string,
  { removed, kept }: { readonly removed: number; readonly kept: number },
  { lost, oldest, tops }: Kept,
): readonly Line[] {
  return [
    [span(`${file}  ${countOf(removed, "entry", "entries")} removed, ${kept} kept`)],
    ...(tops.length === 0 ? [] : [[span(`  kept: what ${cleanText(tops.join(", "))} would go on from, given up because of a failure`)]]),
    ...(oldest === undefined
      ? []
      : [[span(`  all behind position ${oldest.position} stays: ${wayOf(oldest, "can be rolled back to")}; --keep-after goes past it`)]]),
    ...firstLines(
      lost.map((checkpoint) => [span(`  gone: the way back of ${wayOf(checkpoint, "to")}`)]),
      maxListed,
    ),
  ];
}

function wayOf({ address, name, seq }: ReachableCheckpoint, to: string): string {
  return cleanText(`${address} ${to} ${name}, turn ${seq}`);
}
