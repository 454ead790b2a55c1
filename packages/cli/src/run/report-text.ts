import { idOf, tellingFailure, type AgentReport, type RunReport, type SupervisorReport, type Verdict } from "orgtree";
import { countOf, describeCount, describeUsd } from "../text/amounts.ts";
import { clipText, firstLine, widestOf } from "../text/display-width.ts";
import { classOf, describeDecision, describeEvidence, messageOf, repeatsEscalation } from "../text/failure-text.ts";
import { padText, span, type Line, type Span, type Tone } from "../text/styled-line.ts";

/** A report in words: who did what, what failed and what was decided, the verdicts. Lines are within `columns`. */
export function reportLines(report: RunReport, columns: number): readonly Line[] {
  return [...agentTable(report), ...failureTable(report, columns), ...otherLines(report)];
}

function agentTable(report: RunReport): readonly Line[] {
  const { agents, tokens, usd } = report;
  const sum = (part: (agent: AgentReport) => number): number => agents.reduce((total, agent) => total + part(agent), 0);
  const total: TableAgent = {
    name: "total",
    modelCalls: sum(({ modelCalls }) => modelCalls),
    toolCalls: sum(({ toolCalls }) => toolCalls),
    tokens,
    usd,
    restarts: sum(({ restarts }) => restarts),
  };
  const table = [["agent", "model calls", "tool calls", "tokens", "cost", "restarts"], ...agents.map(agentCells), agentCells(total)];
  const widths = table[0]!.map((_, column) => widestOf(table, (row) => row[column]!));
  return table.map((row, at) => {
    const tone: Tone = at === 0 ? "dim" : at === table.length - 1 ? "strong" : "plain";
    return row.map((cell, column) =>
      span(`${column === 0 ? "" : "  "}${padText(cell, widths[column]!, column === 0 ? "right" : "left")}`, tone),
    );
  });
}

type TableAgent = Pick<AgentReport, "name" | "modelCalls" | "toolCalls" | "tokens" | "usd" | "restarts">;

function agentCells({ name, modelCalls, toolCalls, tokens, usd, restarts }: TableAgent): readonly string[] {
  return [
    name,
    shownCount(modelCalls),
    shownCount(toolCalls),
    shownCount(tokens),
    usd === 0 ? "·" : describeUsd(usd),
    shownCount(restarts),
  ];
}

function shownCount(count: number): string {
  return count === 0 ? "·" : describeCount(count);
}

/** What went wrong, with what was decided about it, in order of their kinds: alarms, failures, verdicts. */
function failureTable(report: RunReport, columns: number): readonly Line[] {
  const failures = failedDecisions(report).map((decision) => decisionRow(decision));
  const rows = foldRows([...alarmRows(report), ...failures, ...report.verdicts.map(verdictRow)]);
  if (rows.length === 0) return [[], [span("nothing failed", "good")]];
  const whoWidth = widestOf(rows, ({ who }) => who);
  const whatWidth = widestOf(rows, ({ what }) => what);
  const decidedWidth = widestOf(rows, ({ decided }) => decided);
  const whyWidth = Math.min(
    widestOf(rows, ({ why }) => why),
    Math.max(12, columns - whoWidth - whatWidth - decidedWidth - 8),
  );
  const lines = rows.map(({ mark, who, what, why, decided, tone }): Span[] => [
    span(`${mark} `, tone),
    span(`${padText(who, whoWidth)}  `, "strong"),
    span(`${padText(what, whatWidth)}  `, tone),
    span(`${padText(clipText(why, whyWidth), whyWidth)}  `),
    span(decided, tone === "good" ? "good" : "warning"),
  ]);
  return [[], [span("what happened, and what was decided", "dim")], ...lines];
}

/** Rows that say the same are one, where the first of them was, with their number. */
function foldRows(rows: readonly TableRow[]): readonly TableRow[] {
  const counts = new Map<string, { readonly row: TableRow; count: number }>();
  for (const row of rows) {
    const key = JSON.stringify(row);
    const same = counts.get(key);
    if (same === undefined) counts.set(key, { row, count: 1 });
    else same.count++;
  }
  return Array.from(counts.values(), ({ row, count }) => (count === 1 ? row : { ...row, decided: `${row.decided} (×${count})` }));
}

interface TableRow {
  readonly mark: string;
  readonly who: string;
  readonly what: string;
  readonly why: string;
  readonly decided: string;
  readonly tone: Tone;
}

function decisionRow(report: SupervisorReport): TableRow {
  const { child, chain, context } = report;
  const failure = tellingFailure(chain[0]!);
  return {
    mark: "✗",
    who: child,
    what: classOf(failure),
    why: messageOf(failure),
    decided: `→ ${context === "gave-up" ? "gave up: " : ""}${describeDecision(report)}`,
    tone: "bad",
  };
}

/** Alarms of the same agent, one after the other, are about the same: the last says how far it came. One that ended it is a failure. */
function alarmRows({ alarms, agents }: RunReport): readonly TableRow[] {
  const last = alarms.filter(({ by, level }, at) => alarms[at + 1]?.by !== by || alarms[at + 1]?.level !== level);
  const failed = (by: string, what: string): boolean =>
    agents.some(({ address, failures }) => address === by && failures.some(({ message }) => message.includes(what)));
  return last
    .filter(({ by, what, level }) => level === "yellow" || !failed(by, what))
    .map(({ by, what, level }) => ({
      mark: "!",
      who: idOf(by),
      what: level === "yellow" ? "warning" : "alarm",
      why: firstLine(what),
      decided: level === "yellow" ? "→ was told" : "",
      tone: level === "yellow" ? "warning" : "bad",
    }));
}

function verdictRow(verdict: Verdict): TableRow {
  const { accepted, by } = verdict;
  const who = idOf(by);
  return accepted
    ? { mark: "✔", who, what: "accepted", why: describeEvidence(verdict), decided: "→ passed", tone: "good" }
    : { mark: "✗", who, what: "refused", why: describeEvidence(verdict), decided: "→ held back", tone: "bad" };
}

/**
 * The decisions that answered a failure. Left out are those about quiet ends, those that only repeat that the failure
 * escalates, and the root's about the run, which ends with that failure anyway.
 */
function failedDecisions({ decisions }: RunReport): readonly SupervisorReport[] {
  return decisions.filter((report) => report.chain.length > 0 && report.supervisor !== "/" && !repeatsEscalation(report));
}

function otherLines({ deadLetters, unpriced }: RunReport): readonly Line[] {
  const letters = Object.entries(deadLetters).map(([reason, number]) => `${describeCount(number)} (${reason})`);
  const facts = [
    unpriced.length === 0 ? "" : `dollars are not counted: no prices known for ${unpriced.join(", ")}`,
    letters.length === 0 ? "" : `messages that nobody took: ${letters.join(", ")}`,
  ].filter((fact) => fact !== "");
  return facts.length === 0 ? [] : [[], ...facts.map((fact): Line => [span(fact, "dim")])];
}

/** `3 failures answered, 1 patch held back`; empty when nothing went wrong. */
export function describeTrouble(report: RunReport): string {
  const failures = failedDecisions(report).length;
  const refused = report.verdicts.filter(({ accepted }) => !accepted).length;
  const parts = [
    failures === 0 ? "" : `${countOf(failures, "failure")} answered`,
    refused === 0 ? "" : `${countOf(refused, "piece")} of work held back`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
