import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Result } from "./compare.ts";
import type { Facts } from "./facts.ts";
import type { Figure } from "./statistics.ts";

const columns = ["what", "ours", "peer", "ratio", "by CPU", "floor", "goal", "met?"];
const results = new URL("../results/", import.meta.url);

/** The rows as lines of a table whose columns stand under each other. */
export function toLines(all: readonly Result[]): string[] {
  const rows = [columns, ...all.map(cells)];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

/** Writes `<date>-<cpu>.json` with every round, and `latest.md` for people. */
export async function writeResults(all: readonly Result[], facts: Facts): Promise<string> {
  await mkdir(results, { recursive: true });
  const cpu = facts.cpu
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .toLowerCase();
  const name = `${facts.date.slice(0, 10)}-${cpu}.json`;
  await writeFile(new URL(name, results), `${JSON.stringify({ facts, results: all }, undefined, 1)}\n`);
  await writeFile(new URL("latest.md", results), toMarkdown(all, facts));
  return fileURLToPath(new URL("latest.md", results));
}

function toMarkdown(all: readonly Result[], facts: Facts): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  const erlang = facts.erlang === undefined ? "no Erlang" : `Erlang/OTP ${facts.erlang}`;
  return [
    "# Benches",
    "",
    `${facts.date}, commit ${facts.commit}, ${facts.cpu} (${facts.cores} cores, load ${facts.load} at the start), Node ${facts.node}, ${erlang}.`,
    "",
    "Medians, with the least and the most over all rounds in brackets. Contenders take turns, each in a process of its own; the",
    "ratio is ours divided by the peer's in the same round; the ratio by CPU time is what is left of it when the machine has",
    "other work to do. What was done is counted where it arrives. Mailbox bounds, dead letters and traces are on. Repeat it",
    "with `npm run bench`.",
    "",
    line(columns),
    line(columns.map(() => "---")),
    ...all.map((result) => line(cells(result))),
    "",
  ].join("\n");
}

function cells(result: Result): string[] {
  const { what, unit, against, ours, peer, better, missing, verdict } = result;
  const sign = better === "more" ? "≥" : "≤";
  const mark = (value: number | undefined): string => {
    if (value === undefined) return "";
    return `${sign} ${against === undefined ? amount(value, unit) : `${value}×`}`;
  };
  return [
    what,
    ours === undefined ? (missing ?? "") : spread(ours, unit),
    peer === undefined ? (ours === undefined ? "" : (missing ?? "")) : `${against} ${spread(peer.figure, unit)}`,
    peer === undefined ? "" : `${peer.ratio.median.toPrecision(3)}× (${peer.ratio.min.toPrecision(2)}–${peer.ratio.max.toPrecision(2)})`,
    peer?.cpuRatio === undefined ? "" : `${peer.cpuRatio.median.toPrecision(3)}×`,
    mark(result.floor),
    mark(result.goal),
    { goal: "goal", floor: "floor", below: "BELOW", "not yet": "not yet", none: "" }[verdict],
  ];
}

function spread({ median, min, max, values }: Figure, unit: string): string {
  if (values.length === 1) return amount(median, unit);
  return `${amount(median, unit)} (${number(min, unit)}–${number(max, unit)})`;
}

function amount(value: number, unit: string): string {
  return `${number(value, unit)}${unit.startsWith("/") || unit === "" ? "" : " "}${unit}`;
}

/** Three digits, with k and M for rates. */
function number(value: number, unit: string): string {
  if (!unit.startsWith("/")) return value >= 1_000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  return value >= 1e3 ? `${(value / 1e3).toPrecision(3)} k` : value.toPrecision(3);
}
