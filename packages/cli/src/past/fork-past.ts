import { resolve } from "node:path";
import { forkFile, forkToFile, type ForkPoint, type ForkReport } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";
import { printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { checkIsRun, withPast } from "./past-journal.ts";
import { sourceOf } from "./past-source.ts";
import { parseTurnName } from "./turn-name.ts";

/** Carries out `orgtree fork`. */
export async function forkPast(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd } = surroundings;
  const source = sourceOf(input);
  const to = valueOf(input, "to");
  if (to === undefined) throw new UsageError("fork writes a new journal and leaves the old one as it is", "name it with --to NEW");
  const point = valueOf(input, "at");
  const at = point === undefined ? undefined : parsePoint(point);
  const { name, file } = source;
  const options = { to: resolve(cwd, to), at };
  const report =
    file === undefined
      ? await withPast(source, surroundings, (journal, kind) => {
          checkIsRun(source, kind);
          return forkToFile(journal, options);
        })
      : await forkFile(resolve(cwd, file), options);
  printResult(surroundings, input.flags, {
    json: () => ({ from: file ?? valueOf(input, "job"), to, ...report }),
    lines: () => forkLines(report, { name, to }),
  });
  return exitCode.done;
}

function parsePoint(text: string): ForkPoint {
  if (/^\d+$/.test(text)) return { position: parseWhole(text, "--at") };
  if (!text.startsWith("/")) return { checkpoint: text };
  const { address, seq } = parseTurnName(text);
  if (seq === undefined) throw new UsageError(`--at ${text} names no turn`, "write ADDRESS@SEQ");
  return { address, seq };
}

function forkLines(
  { position, entries, actors, run }: ForkReport,
  { name, to }: { readonly name: string; readonly to: string },
): readonly Line[] {
  return [
    [span(to, "strong"), span(`  run ${run}`)],
    [span(`  ${countOf(entries, "entry", "entries")} of ${name}, up to position ${position}; ${countOf(actors.length, "actor")}`, "dim")],
  ];
}
