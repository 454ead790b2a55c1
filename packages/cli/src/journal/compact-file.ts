import { resolve } from "node:path";
import { openSqliteJournalReader } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";
import { plainJson } from "../text/plain-json.ts";
import { openToWrite } from "./open-to-write.ts";

/** Carries out `orgtree journal compact`. */
export async function compactFile(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const keepAfter = positionOf(valueOf(input, "keep-after"));
  const path = resolve(cwd, input.operands[0]!);
  // Opened for writing it would be made where it is not.
  await openSqliteJournalReader(path).close();
  const journal = await openToWrite(path, input.flags);
  try {
    const result = await journal.compact({ keepAfter });
    const text = `${input.operands[0]}  ${countOf(result.removed, "entry", "entries")} removed, ${result.kept} kept`;
    stdout.write(`${input.flags.has("json") ? plainJson(result, 2) : text}\n`);
  } finally {
    await journal.close();
  }
  return exitCode.done;
}

function positionOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--keep-after takes a position, not ${JSON.stringify(text)}`, "history and show name the position of each turn");
}
