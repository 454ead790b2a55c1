import {
  describePath,
  isOrganization,
  replay,
  type ChildSpec,
  type Divergence,
  type JournalReader,
  type Logic,
  type ReplayReport,
  type SkipReason,
} from "orgtree";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { importFile, type LoadedFile } from "../file/load-organization.ts";
import { standInSpecs } from "../file/stand-in-run.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { firstLines, printResult } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { describeCause } from "./cause-text.ts";
import { changeLine } from "./change-text.ts";
import { checkIsRun, withPast } from "./past-journal.ts";
import { sourceOf } from "./past-source.ts";
import { parseWhole } from "../input/whole-number.ts";

/** Carries out `orgtree replay`. */
export async function replayPast(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const source = sourceOf(input);
  const [module = ""] = source.operands;
  const to = valueOf(input, "to");
  const upTo = to === undefined ? {} : { upTo: parseWhole(to, "--to", 1) };
  const report = await withPast(source, surroundings, async (journal, kind) => {
    checkIsRun(source, kind);
    const before = await endOf(journal);
    const specs = await specsOf(await importFile(module, surroundings, "your organization, or specs"), journal);
    const found = await replay(journal, specs, upTo);
    if ((await endOf(journal)) === before) return found;
    // It was this process, or another: of what was computed nobody knows to which of the two it belongs.
    const remedy =
      "let MODULE only export, and start nothing at its top level (if (import.meta.main) …); of a run that goes on replay a fork";
    throw new UsageError(`${source.name} was written to while it was computed again`, remedy);
  });
  printResult(surroundings, input.flags, { json: () => reportJson(report), lines: () => reportLines(source.name, report) });
  return report.divergence === undefined ? exitCode.done : exitCode.failed;
}

/** What a module says was started at the top, or what the run in the journal was started with; throws `UsageError`. */
async function specsOf({ path, exports }: LoadedFile, journal: JournalReader): Promise<readonly ChildSpec<Logic>[]> {
  const { specs, default: exported } = exports;
  const given: unknown = typeof specs === "function" ? await (specs as () => unknown)() : specs;
  if (Array.isArray(given)) return given as readonly ChildSpec<Logic>[];
  if (isOrganization(exported)) return await standInSpecs(exported, journal);
  const remedy = "write export const specs = [{ id, logic, … }], as it was given to system.start; or export default organization({ … })";
  throw new UsageError(`${path} exports neither specs nor an organization`, remedy);
}

/** How far it goes. */
async function endOf(journal: JournalReader): Promise<string> {
  const seqs = [...(await journal.lastSeqs())].map(([address, seq]) => `${address} ${seq}`);
  return seqs.sort().join("\n");
}

const reasons: Readonly<Record<SkipReason, string>> = {
  decision: "decisions of supervisors",
  rollback: "put back by a rollback",
  outcome: "what somebody said of work that was cut off",
  "no-spec": "of children that a call brought, whose logic is in no journal",
  "other-logic": "computed by another version of the logic",
  migration: "the first ones after a migration",
  compacted: "what came before them was compacted",
  budget: "refused for their budget",
  "unnamed-child": "made a child without an id of its own",
};

function reportLines(name: string, { computed, decided, skipped, actors, divergence }: ReplayReport): readonly Line[] {
  const verdict = divergence === undefined ? span("  the same", "good") : span("  differs", "bad");
  const left = (Object.keys(skipped) as SkipReason[]).map((reason): Line => [span(`  ${skipped[reason]} not: ${reasons[reason]}`, "dim")]);
  return [
    [span(name, "strong"), verdict],
    [span(`  ${countOf(computed, "turn")} of ${countOf(actors, "actor")} computed again`, "dim")],
    ...(decided === 0 ? [] : [[span(`  ${countOf(decided, "decision")} of supervisors made again`, "dim")]]),
    ...left,
    ...(divergence === undefined ? [] : divergenceLines(divergence)),
  ];
}

/** Most changes that are listed; all of them are in the JSON. */
const maxListed = 20;

function divergenceLines({ address, seq, position, cause, changes, threw }: Divergence): readonly Line[] {
  return [
    [],
    [span(`${address}@${seq}`, "strong"), span(`  leads to something else: position ${position}, ${cleanText(describeCause(cause))}`)],
    ...(threw === undefined ? [] : [[span(`  ✗ it throws ${cleanText(threw)}`, "bad")]]),
    ...firstLines(changes.map(changeLine), maxListed),
    [
      span(
        "  A logic that reads the clock, chance (Date.now, Math.random) or anything outside of state and message computes something",
        "dim",
      ),
    ],
    [
      span(
        "  else each time; one that was changed since needs a new version. A supervisor decides by the specification that it has now.",
        "dim",
      ),
    ],
  ];
}

function reportJson({ divergence, ...report }: ReplayReport): object {
  if (divergence === undefined) return { isSame: true, ...report };
  const changes = divergence.changes.map((change) => ({ ...change, where: describePath(change.path) }));
  return { isSame: false, ...report, divergence: { ...divergence, changes } };
}
