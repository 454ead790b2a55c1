import { listPastActors, Timeline, type Address, type Moment, type PlaceEnd, type TimelineRange } from "orgtree";
import { defaultTurns } from "../commands/history.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { actorLines, turnLines } from "./history-text.ts";
import { momentJson } from "./moment-json.ts";
import { withPast } from "./past-journal.ts";
import { sourceOf, type PastSource } from "./past-source.ts";
import { parseAddress } from "./turn-name.ts";
import { undoneTurns } from "./undone-turns.ts";

/** Carries out `orgtree history`. */
export async function listHistory(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const source = sourceOf(input);
  const [address] = source.operands;
  const range = readRange(input);
  if (address !== undefined) return listTurns({ source, address: parseAddress(address), range }, input, surroundings);
  if (["last", "from", "to"].some((name) => input.values.has(name)))
    throw new UsageError("--last, --from and --to are about turns", "name the actor as well: FILE ADDRESS");
  const actors = await withPast(source, surroundings, (journal) => listPastActors(journal));
  printResult(surroundings, input.flags, {
    json: () => ({ actors }),
    lines: () => actorLines(actors, surroundings.stdout.size()?.columns),
  });
  return exitCode.done;
}

interface Wanted {
  readonly source: PastSource;
  readonly address: Address;
  readonly range: TimelineRange;
}

async function listTurns({ source, address, range }: Wanted, { flags }: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const page = await withPast(source, surroundings, async (journal) => {
    const shown = await readPage(new Timeline(journal, address), range);
    return { ...shown, undone: await undoneTurns({ journal, address }, shown.moments) };
  });
  const turns = (): readonly unknown[] =>
    page.moments.map((moment) =>
      moment.kind === "end" ? moment : { ...momentJson(moment, "turn"), undoneBy: page.undone.get(moment.turn.seq) },
    );
  printResult(surroundings, flags, {
    json: () => ({ address, hasEarlier: page.hasEarlier, turns: turns() }),
    lines: () => turnLines(address, page, surroundings.stdout.size()?.columns),
  });
  return exitCode.done;
}

/** Some turns of an actor. */
export interface Page {
  readonly moments: readonly (Moment | PlaceEnd)[];
  /** There are more before them, within what was asked for. */
  readonly hasEarlier: boolean;
  /** Those that a rollback has undone since, by their numbers, with the number of its turn. */
  readonly undone: ReadonlyMap<number, number>;
}

function readRange(input: CommandInput): TimelineRange {
  const number = (option: string, least: number): number | undefined => {
    const text = valueOf(input, option);
    return text === undefined ? undefined : parseWhole(text, `--${option}`, least);
  };
  const [fromSeq, toSeq, last] = [number("from", 0), number("to", 0), number("last", 1)];
  return { fromSeq, toSeq, last: last ?? (fromSeq === undefined && toSeq === undefined ? defaultTurns : undefined) };
}

async function readPage(timeline: Timeline, { last = Infinity, ...range }: TimelineRange): Promise<Omit<Page, "undone">> {
  const moments: (Moment | PlaceEnd)[] = [];
  // One more than is shown tells whether there are more.
  for await (const moment of timeline.moments({ ...range, last: last + 1 })) moments.push(moment);
  // Says what there is instead: nobody of this name, or no turn of these numbers.
  if (moments.length === 0) await timeline.at(range.fromSeq ?? range.toSeq);
  return moments.length > last ? { moments: moments.slice(1), hasEarlier: true } : { moments, hasEarlier: false };
}
