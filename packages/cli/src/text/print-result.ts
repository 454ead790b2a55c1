import type { Surroundings } from "../surroundings.ts";
import { plainJson } from "./plain-json.ts";
import { paintLines, span, type Line } from "./styled-line.ts";

/** What a command found, for programs and for people. Only the one that is wanted is made. */
export interface Result {
  readonly json: () => unknown;
  readonly lines: () => readonly Line[];
}

/** Prints a result: as JSON with `--json`, else as lines. */
export function printResult({ stdout }: Pick<Surroundings, "stdout">, flags: ReadonlySet<string>, { json, lines }: Result): void {
  stdout.write(flags.has("json") ? `${plainJson(json(), 2)}\n` : paintLines(lines(), stdout.hasColor));
}

/** The first lines of a list, and how many more there are; all of them are in the JSON. */
export function firstLines(lines: readonly Line[], most: number): readonly Line[] {
  const more = lines.length - most;
  return more > 0 ? [...lines.slice(0, most), [span(`  … and ${more} more; --json lists them all`, "dim")]] : lines;
}
