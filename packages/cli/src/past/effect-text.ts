import { describeExit, type Exit, type PastTurn, type SupervisorReport } from "orgtree";
import { describeDuration } from "../text/amounts.ts";
import { describeDecision, describeShortly } from "../text/failure-text.ts";
import { plainJson } from "../text/plain-json.ts";
import { afterName, childName, workName } from "./user-names.ts";

/** What a turn did, as far as it is told. */
export type ToldEffect = Pick<PastTurn["effects"][number], "kind" | "detail">;

/**
 * One thing that a turn did, in a few words: `tell /desk/b ADD`, `c: restart attempt 1 (crash: boom)`.
 *
 * An action of a machine is known by the name that its author gave it, so nothing is certain of what belongs to a name.
 */
export function describeEffect({ kind, detail }: ToldEffect): string {
  const { to, message, name, tag, group, id, exit, event, report, delay, delayMs, address } = fieldsOf(detail);
  if (isWork({ kind, detail })) return `${nameWork({ kind, detail })} begun`;
  switch (kind) {
    case "tell":
    case "deliver":
    case "ask":
      return `${kind} ${textOf(to)} ${typeText(message)}`;
    case "timer":
    case "schedule":
      return `${kind} ${textOf(name ?? id)}${waitText(delayMs)}`;
    case "report":
      return isReport(report) ? describeReport(report) : `${kind} ${shortText(detail)}`;
    case "exit":
      return `exit ${isExit(exit) ? describeExit(exit) : shortText(exit)}`;
    case "emit":
      return `emit ${typeText(event)}`;
    case "orgtree.note":
      return describeNote(detail);
    case "publish":
      return `publish ${textOf(group)} ${typeText(message)}`;
    case "xstate.spawnChild":
      return typeof id === "string" ? `child ${childName(id)} begun` : `${kind.slice("xstate.".length)} ${shortText(detail)}`;
    case "xstate.stopChild":
      return `${childName(textOf(id ?? detail))} stopped`;
    case "xstate.raise":
      return afterOf(event) === undefined ? describeSend(kind, detail) : `timer of ${afterOf(event)}${waitText(delay)}`;
    case "xstate.sendTo":
      return describeSend(kind, detail);
    case "xstate.cancel":
      return `cancel ${typeof detail === "string" ? timerText(detail) : shortText(detail)}`;
    default:
      return [kind.replace(/^xstate\./, ""), name ?? tag ?? group ?? id ?? address]
        .filter((part) => part !== undefined)
        .map(textOf)
        .join(" ");
  }
}

/** Whether it begins work: of a plain actor, or declared work of a machine. */
export function isWork({ kind, detail }: ToldEffect): boolean {
  const { tag, id, does } = fieldsOf(detail);
  return (kind === "run" && typeof tag === "string") || (kind === "xstate.spawnChild" && typeof id === "string" && does !== undefined);
}

/** Work that an effect begins: `work reserve`. */
export function nameWork({ detail }: ToldEffect): string {
  const { tag, name, id } = fieldsOf(detail);
  return `work ${typeof id === "string" ? childName(id) : workName(tag, name)}`;
}

function describeSend(kind: string, detail: unknown): string {
  const { to, event, delay } = fieldsOf(detail);
  return `${kind.slice("xstate.".length)} ${to === undefined ? "" : `${textOf(to)} `}${typeText(event)}${waitText(delay)}`;
}

function afterOf(event: unknown): string | undefined {
  const { type } = fieldsOf(event);
  return typeof type === "string" ? afterName(type) : undefined;
}

function timerText(id: string): string {
  const after = afterName(id);
  return after === undefined ? shortText(id) : `timer of ${after}`;
}

/** What was done on behalf of an agent: `noted tool read_file`, `noted check untouched`. */
function describeNote(note: unknown): string {
  const { kind, tool, criterion, level } = fieldsOf(note);
  const what = tool ?? criterion ?? level;
  return `noted ${textOf(kind)}${what === undefined ? "" : ` ${textOf(what)}`}`;
}

/** The beginning of a value. */
export function shortText(value: unknown): string {
  const text = typeof value === "string" ? value : plainJson(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function isReport(report: unknown): report is SupervisorReport {
  const { child, chain, decision, exit } = fieldsOf(report);
  return typeof child === "string" && Array.isArray(chain) && typeof decision === "string" && isExit(exit);
}

function isExit(exit: unknown): exit is Exit {
  const { kind, failure } = fieldsOf(exit);
  if (kind === "failure" || kind === "escalated") return typeof fieldsOf(failure)["message"] === "string";
  return kind === "normal" || kind === "shutdown" || kind === "killed";
}

function describeReport(report: SupervisorReport): string {
  const { child, chain, exit } = report;
  const [failure] = chain;
  return `${child}: ${describeDecision(report)} (${failure === undefined ? describeExit(exit) : describeShortly(failure)})`;
}

function waitText(delayMs: unknown): string {
  return typeof delayMs === "number" && delayMs > 0 ? ` in ${describeDuration(delayMs)}` : "";
}

function typeText(message: unknown): string {
  const { type } = fieldsOf(message);
  return typeof type === "string" ? type : shortText(message);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : shortText(value);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
