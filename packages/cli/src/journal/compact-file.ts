import { resolve } from "node:path";
import { pinGivenUp, reachableCheckpoints, type Address, type ReachableCheckpoint } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { plainJson } from "../text/plain-json.ts";
import { openToWrite } from "./open-to-write.ts";

/** Carries out `orgtree journal compact`. */
export async function compactFile(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const keepAfter = positionOf(valueOf(input, "keep-after"));
  const path = resolve(cwd, input.operands[0]!);
  const journal = await openToWrite(path, input.flags);
  try {
    const tops = await pinGivenUp(journal);
    const checkpoints = await reachableCheckpoints(journal);
    const result = await journal.compact({ keepAfter: keepAfter ?? checkpoints[0]?.position });
    const lost = checkpoints.filter(({ position }) => keepAfter !== undefined && position < keepAfter);
    const oldest = keepAfter === undefined ? checkpoints[0] : undefined;
    if (input.flags.has("json")) stdout.write(`${plainJson({ ...result, lost }, 2)}\n`);
    else stdout.write(resultLines(input.operands[0]!, result, { lost, oldest, tops }).join(""));
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
): readonly string[] {
  const more = lost.length - maxListed;
  return [
    `${file}  ${countOf(removed, "entry", "entries")} removed, ${kept} kept\n`,
    ...(tops.length === 0 ? [] : [`  kept: what ${cleanText(tops.join(", "))} would go on from, given up because of a failure\n`]),
    ...(oldest === undefined
      ? []
      : [`  all behind position ${oldest.position} stays: ${wayOf(oldest, "can be rolled back to")}; --keep-after goes past it\n`]),
    ...lost.slice(0, maxListed).map((checkpoint) => `  gone: the way back of ${wayOf(checkpoint, "to")}\n`),
    ...(more > 0 ? [`  … and ${more} more; --json lists them all\n`] : []),
  ];
}

function wayOf({ address, name, seq }: ReachableCheckpoint, to: string): string {
  return cleanText(`${address} ${to} ${name}, turn ${seq}`);
}

function positionOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--keep-after takes a position, not ${JSON.stringify(text)}`, "history and show name the position of each turn");
}
