/** What a rollback did, or would do, in words. */
import type { Address, LaterEffect, RedeliveredMessage, RollbackReport } from "orgtree";
import { countOf } from "../text/amounts.ts";
import { cleanText } from "../text/display-width.ts";
import { firstLines } from "../text/print-result.ts";
import { span, type Line } from "../text/styled-line.ts";
import { describeEffect, isWork, nameWork } from "./effect-text.ts";

/** Most effects that are listed; all of them are in the JSON of the report. */
const maxListed = 50;

/** What was done; `run` is the name of the journal's run. */
export function rollbackLines(address: Address, report: RollbackReport, run: string): readonly Line[] {
  const { to, actors, gone, redelivered, standing } = report;
  const name = to.name === undefined ? "" : `${to.name}, `;
  return [
    [span(address, "strong"), span(`  rolled back to ${name}${to.address}@${to.seq}`, "good")],
    [span(`  put back   ${actors.join(", ")}`)],
    ...(gone.length === 0 ? [] : [[span(`  gone       ${gone.join(", ")}`)]]),
    [span(`  ${countOf(redelivered, "message")} from outside ${redelivered === 1 ? "is" : "are"} delivered again${namesText(report)}`)],
    ...firstLines(
      standing.map((effect) => [span(`  stands     ${describeLater(effect)}`, "warning")]),
      maxListed,
    ),
    ...(standing.length === 0 ? [] : [[span(`  ${keysText(run)}`, "dim")]]),
  ];
}

/** Why consent is needed: what would stand, and what would be done once more. */
export function consentText(
  address: Address,
  { standing, again }: { readonly standing: readonly LaterEffect[]; readonly again: Pick<RollbackReport, "redelivered" | "messages"> },
  run: string,
): string {
  const { redelivered } = again;
  const ofKind = (...kinds: readonly LaterEffect["does"][]): readonly LaterEffect[] => standing.filter(({ does }) => kinds.includes(does));
  return [
    `a rollback of ${address} would leave standing what was done outside since:`,
    ...listed("it cannot be taken back:", ofKind("irreversible", undefined)),
    ...listed("it stays done, and may be done again, as if once:", ofKind("idempotent")),
    ...listed("the next start takes it back, by its undo, where its actor has one:", ofKind("compensable")),
    keysText(run),
    ...(redelivered === 0
      ? []
      : [`${countOf(redelivered, "message")} from outside would be delivered again, and what they lead to done again${namesText(again)}`]),
    "nothing was done",
  ].join("\n");
}

function listed(title: string, effects: readonly LaterEffect[]): readonly string[] {
  if (effects.length === 0) return [];
  const more = effects.length - maxListed;
  const lines = effects.slice(0, maxListed).map((effect) => `- ${describeLater(effect)}`);
  return [title, ...lines, ...(more > 0 ? [`  … and ${more} more`] : [])];
}

/** The first of the messages, by what they are and who they are from. */
function namesText({ redelivered, messages }: Pick<RollbackReport, "redelivered" | "messages">): string {
  if (messages.length === 0) return "";
  const more = redelivered - messages.length;
  return `: ${messages.map(nameMessage).join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function nameMessage({ to, from, type = "a message" }: RedeliveredMessage): string {
  return cleanText(`${type}${from === undefined ? "" : ` from ${from}`} to ${to}`);
}

function describeLater(effect: LaterEffect): string {
  const { key, does } = effect;
  const what = isWork(effect) ? `${nameWork(effect)}${does === undefined ? "" : `, ${does}`}` : describeEffect(effect);
  return cleanText(`${key} ${what}`);
}

/** Keys are stored without the run; what a fork has from before it was done under that of the original. */
function keysText(run: string): string {
  return `(outside these keys have the run in front: run ${run}; what a fork has copied, that of the original)`;
}
