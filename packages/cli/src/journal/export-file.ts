import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { exportJournal } from "orgtree/journal";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";

/** Carries out `orgtree journal export`. What is not finished is not left behind. */
export async function exportFile(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const { cwd, stdout } = surroundings;
  const signal = surroundings.catchInterrupts();
  const path = resolve(cwd, input.operands[0]!);
  const out = valueOf(input, "out");
  if (out === undefined) return codeOf(await writeLines(path, (line) => stdout.write(line), signal));
  const target = resolve(cwd, out);
  // Before anything is made, so that of a journal that cannot be read no file is left.
  await exportJournal(path).next();
  const file = openNew(target);
  let written: Written | undefined;
  try {
    written = await writeLines(path, (line) => void writeSync(file, line), signal);
  } catch (error) {
    if ((error as { code?: unknown }).code === undefined) throw error;
    throw new UsageError(`cannot write ${target}: ${(error as Error).message}`, "choose another --out");
  } finally {
    closeSync(file);
    if (written === undefined || written.isCut) rmSync(target);
  }
  if (!written.isCut)
    stdout.write(`${out}  ${countOf(written.lines, "line")}${written.unsound > 0 ? `, ${written.unsound} of them damaged` : ""}\n`);
  return codeOf(written);
}

interface Written {
  readonly lines: number;
  readonly unsound: number;
  /** Somebody interrupted it. */
  readonly isCut: boolean;
}

async function writeLines(path: string, write: (line: string) => void, signal: AbortSignal): Promise<Written> {
  let [lines, unsound] = [0, 0];
  for await (const entry of exportJournal(path)) {
    if (signal.aborted) break;
    write(`${JSON.stringify(entry)}\n`);
    lines++;
    if (!entry.isSound) unsound++;
    // Nobody hears of an interruption, or of a reader who has gone, while this goes on and on.
    if (lines % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { lines, unsound, isCut: signal.aborted };
}

function codeOf({ isCut, unsound }: Written): ExitCode {
  if (isCut) return exitCode.interrupted;
  return unsound > 0 ? exitCode.failed : exitCode.done;
}

function openNew(path: string): number {
  try {
    // As a journal: nobody else may read it.
    return openSync(path, "wx", 0o600);
  } catch (error) {
    const isThere = (error as { code?: unknown }).code === "EEXIST";
    if (isThere) throw new UsageError(`${path} is there already`, "an export writes a new file only: choose another --out");
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`, "choose another --out");
  }
}
