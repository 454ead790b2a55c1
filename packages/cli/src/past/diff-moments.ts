import { changesBetween, describePath, Timeline, viewMoment, type Moment } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { CommandInput } from "../input/command.ts";
import type { Surroundings } from "../surroundings.ts";
import { plainJson } from "../text/plain-json.ts";
import { paintLines } from "../text/styled-line.ts";
import { changeLines } from "./change-text.ts";
import { openPast, parseTurnName } from "./open-past.ts";

/** Carries out `orgtree diff`. */
export async function diffMoments({ operands, flags }: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { stdout } = surroundings;
  const [file = "", ...names] = operands;
  const [from, to] = names.map(parseTurnName);
  await using journal = openPast(file, surroundings);
  const before = await new Timeline(journal, from!.address).at(from!.seq);
  const after = await new Timeline(journal, to!.address).at(to!.seq);
  const changes = changesBetween(viewMoment(before).parts, viewMoment(after).parts);
  if (flags.has("json")) {
    const told = changes.map((change) => ({ ...change, where: describePath(change.path) }));
    stdout.write(`${plainJson({ from: nameOf(before), to: nameOf(after), changes: told }, 2)}\n`);
  } else stdout.write(paintLines(changeLines([before, after], changes), stdout.hasColor));
  return exitCode.done;
}

function nameOf({ turn }: Moment): object {
  return { address: turn.address, seq: turn.seq, position: turn.position, atMs: turn.atMs };
}
