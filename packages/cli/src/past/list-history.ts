import { listPastActors, Timeline, type Moment, type PlaceEnd, type TimelineRange } from "orgtree";
import { defaultTurns } from "../commands/history.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { plainJson } from "../text/plain-json.ts";
import { paintLines } from "../text/styled-line.ts";
import { actorLines, turnLines } from "./history-text.ts";
import { momentJson } from "./moment-json.ts";
import { openPast, parseAddress, parseSeq } from "./open-past.ts";

/** Carries out `orgtree history`. */
export async function listHistory(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { stdout } = surroundings;
  const [file = "", address] = input.operands;
  const columns = stdout.size()?.columns;
  const range = readRange(input);
  if (address === undefined && input.values.size > 0)
    throw new UsageError("--last, --from and --to are about turns", "name the actor as well: FILE ADDRESS");
  const name = address === undefined ? undefined : parseAddress(address);
  await using journal = openPast(file, surroundings);
  if (name === undefined) {
    const actors = await listPastActors(journal);
    if (input.flags.has("json")) stdout.write(`${plainJson({ actors }, 2)}\n`);
    else stdout.write(paintLines(actorLines(actors, columns), stdout.hasColor));
    return exitCode.done;
  }
  const timeline = new Timeline(journal, name);
  const page = await readPage(timeline, range);
  // Says what there is instead.
  if (page.moments.length === 0 && range.fromSeq === undefined && range.toSeq === undefined) await timeline.at();
  if (input.flags.has("json")) {
    const turns = page.moments.map((moment) => (moment.kind === "end" ? moment : momentJson(moment, "turn")));
    stdout.write(`${plainJson({ address: name, hasEarlier: page.hasEarlier, turns }, 2)}\n`);
  } else stdout.write(paintLines(turnLines(name, page, columns), stdout.hasColor));
  return exitCode.done;
}

/** Some turns of an actor. */
export interface Page {
  readonly moments: readonly (Moment | PlaceEnd)[];
  /** There are more before them, within what was asked for. */
  readonly hasEarlier: boolean;
}

function readRange(input: CommandInput): TimelineRange {
  const number = (option: string, least: number): number | undefined => {
    const text = valueOf(input, option);
    return text === undefined ? undefined : parseSeq(text, `--${option}`, least);
  };
  const [fromSeq, toSeq, last] = [number("from", 0), number("to", 0), number("last", 1)];
  return { fromSeq, toSeq, last: last ?? (fromSeq === undefined && toSeq === undefined ? defaultTurns : undefined) };
}

async function readPage(timeline: Timeline, { last = Infinity, ...range }: TimelineRange): Promise<Page> {
  const moments: (Moment | PlaceEnd)[] = [];
  // One more than is shown tells whether there are more.
  for await (const moment of timeline.moments({ ...range, last: last + 1 })) moments.push(moment);
  return moments.length > last ? { moments: moments.slice(1), hasEarlier: true } : { moments, hasEarlier: false };
}
