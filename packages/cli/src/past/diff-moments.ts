import { changesBetween, describePath, Timeline, viewMoment, type Moment, type MomentView } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { changeLines } from "./change-text.ts";
import { withPast } from "./past-journal.ts";
import { sourceOf } from "./past-source.ts";
import { parseTurnName, type TurnName } from "./turn-name.ts";

/** Carries out `orgtree diff`. */
export async function diffMoments(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const source = sourceOf(input);
  const [from, to] = source.operands.map(parseTurnName);
  const [before, after] = await withPast(source, surroundings, async (journal): Promise<[Moment, Moment]> => {
    const at = ({ address, seq }: TurnName): Promise<Moment> => new Timeline(journal, address).at(seq);
    return [await at(from!), await at(to!)];
  });
  const changes = changesBetween(...comparable(viewMoment(before).parts, viewMoment(after).parts));
  const told = (): readonly unknown[] => changes.map((change) => ({ ...change, where: describePath(change.path) }));
  printResult(surroundings, input.flags, {
    json: () => ({ from: nameOf(before), to: nameOf(after), changes: told() }),
    lines: () => changeLines([before, after], changes),
  });
  return exitCode.done;
}

type Parts = MomentView["parts"];

/** A part that is left out where it is empty is compared as empty, so that what came and went in it is named. */
function comparable(before: Parts, after: Parts): readonly [Parts, Parts] {
  const filled = (own: Parts, other: Parts): Parts => {
    const missing = Object.entries(other).filter(([name, part]) => !(name in own) && typeof part === "object" && part !== null);
    return { ...own, ...Object.fromEntries(missing.map(([name, part]) => [name, Array.isArray(part) ? [] : {}])) };
  };
  return [filled(before, after), filled(after, before)];
}

function nameOf({ turn }: Moment): object {
  return { address: turn.address, seq: turn.seq, position: turn.position, atMs: turn.atMs };
}
