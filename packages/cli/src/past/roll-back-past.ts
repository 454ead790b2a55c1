import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { rollBackStored, systemClock, type Address, type LaterEffect, type RollbackReport } from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { openToWrite } from "../journal/open-to-write.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { plainJson } from "../text/plain-json.ts";
import { paintLines, span, type Line } from "../text/styled-line.ts";
import { describeEffect } from "./effect-text.ts";
import { parseAddress } from "./turn-name.ts";

/** Carries out `orgtree rollback`. */
export async function rollBackPast(input: CommandInput, { cwd, stdout }: Surroundings): Promise<ExitCode> {
  const [file = "", name = ""] = input.operands;
  const address = parseAddress(name);
  const path = resolve(cwd, file);
  if (!existsSync(path)) throw new UsageError(`there is no file ${file}`, "name a journal");
  const report = await inJournal(path, address, input);
  if (input.flags.has("json")) stdout.write(`${plainJson({ address, ...report }, 2)}\n`);
  else stdout.write(paintLines(reportLines(address, report), stdout.hasColor));
  return exitCode.done;
}

async function inJournal(path: string, address: Address, input: CommandInput): Promise<RollbackReport> {
  await using journal = await openToWrite(path, input.flags);
  try {
    const to = parsePoint(valueOf(input, "to"));
    return await rollBackStored(journal, address, { to, consent: input.flags.has("consent"), atMs: systemClock.epochMs() });
  } catch (error) {
    const { name, standing } = error as Partial<{ name: string; standing: readonly LaterEffect[] }>;
    if (name !== "ConsentError" || standing === undefined) throw error;
    const problem = `a rollback of ${address} would leave standing what cannot be taken back:\n${standing.map(describe).join("\n")}\n`;
    throw new UsageError(`${problem}nothing was done`, "with --consent it is done all the same");
  }
}

function parsePoint(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}

/** Most effects that are listed; all of them are in the JSON. */
const maxListed = 50;

function reportLines(address: Address, { to, actors, gone, redelivered, standing }: RollbackReport): readonly Line[] {
  const name = to.name === undefined ? "" : `${to.name}, `;
  const more = standing.length - maxListed;
  return [
    [span(address, "strong"), span(`  rolled back to ${name}${to.address}@${to.seq}`, "good")],
    [span(`  put back   ${actors.join(", ")}`)],
    ...(gone.length === 0 ? [] : [[span(`  gone       ${gone.join(", ")}`)]]),
    [span(`  ${countOf(redelivered, "message")} from outside ${redelivered === 1 ? "is" : "are"} delivered again`)],
    ...standing.slice(0, maxListed).map((effect): Line => [span(`  stands     ${describe(effect)}`, "warning")]),
    ...(more > 0 ? [[span(`  … and ${more} more; --json lists them all`, "dim")]] : []),
  ];
}

function describe(effect: LaterEffect): string {
  return cleanText(`${effect.key} ${describeEffect(effect)}`);
}
