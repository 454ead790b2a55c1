import type { DamagedEntry, JournalReport, RepairReport } from "orgtree/journal";
import { countOf, describeCount } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { describeBytes } from "../text/moments.ts";
import { firstLines } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";

/** Most findings that are listed; all of them are in the JSON. */
const maxListed = 50;

/** What a look at a journal found; `repairCall` is what would mend it. */
export function reportLines(file: string, report: JournalReport, repairCall: string): readonly Line[] {
  const { isSound, entries, addresses, actors, dataBytes, schemaVersion, epoch, horizon } = report;
  const facts = [
    `${countOf(entries, "entry", "entries")}, ${describeBytes(dataBytes)} of content`,
    `${countOf(addresses, "address", "addresses")}, ${describeCount(actors)} with a state to go on from`,
    `schema ${schemaVersion ?? "unknown"}, epoch ${epoch ?? "unknown"}${describeWriter(report)}`,
    ...(horizon > 0 ? [`compacted: the past up to position ${describeCount(horizon)} is not complete`] : []),
  ];
  return [
    [span(file, "strong"), isSound ? span("  sound", "good") : span("  damaged", "bad")],
    ...facts.map((fact): Line => [span(`  ${cleanText(fact)}`, "dim")]),
    ...findingLines(findingsOf(report)),
    ...(isSound ? [] : [[], [span(`What is sound can be had in a new file, and ${file} stays as it is: ${repairCall}`)]]),
  ];
}

function describeWriter({ epoch, writer }: JournalReport): string {
  if (writer !== undefined) return `, open for writing by ${writer}, or was when that died`;
  return epoch === undefined ? "" : ", closed";
}

/** What a repair did. */
export function repairLines(report: RepairReport): readonly Line[] {
  const { kept, to } = report;
  const findings = [
    ...report.problems,
    ...damageOf(report),
    ...report.leftOut.map(({ address, seq, position, missing }) => {
      const before = missing === undefined ? "" : ` ${missing},`;
      return `left out: entry ${seq} of ${address}, at position ${position}: it builds on${before} which is gone`;
    }),
  ];
  const isAll = findings.length === 0;
  return [
    [
      span(to, "strong"),
      span(`  ${countOf(kept, "entry", "entries")}`),
      span(isAll ? ", all of them" : ", not all", isAll ? "good" : "warning"),
    ],
    ...findingLines(findings),
  ];
}

function findingsOf(report: JournalReport): readonly string[] {
  const orphaned = report.orphaned.filter(({ missing }) => missing !== undefined);
  return [
    ...report.problems,
    ...damageOf(report),
    ...orphaned.map(
      ({ address, seq, position, missing }) =>
        `entry ${seq} of ${address}, at position ${position}: ${missing}, on which it builds, is missing`,
    ),
  ];
}

function damageOf({ damaged, lost }: Pick<JournalReport, "damaged" | "lost">): readonly string[] {
  return [
    ...damaged.map(describeDamage),
    ...lost.map(({ from, to }) => (from === to ? `position ${from}: nothing is left` : `positions ${from} to ${to}: nothing is left`)),
  ];
}

function describeDamage({ address, seq, position, problem }: DamagedEntry): string {
  const name = address === undefined ? "an entry" : `entry ${seq ?? "?"} of ${address}`;
  return `${name}, at position ${position}: ${problem}`;
}

function findingLines(findings: readonly string[]): readonly Line[] {
  return firstLines(
    findings.map((finding) => [span("  ✗ ", "bad"), span(cleanText(finding))]),
    maxListed,
  );
}
