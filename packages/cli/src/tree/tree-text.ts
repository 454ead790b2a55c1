import { describeBudget, describeDuration } from "../text/amounts.ts";
import { firstLine } from "../text/display-width.ts";
import { isDefaultAnswer, type Answer, type EndState, type Member, type Outline } from "./outline.ts";
import { padText, span, type Line, type Span } from "../text/styled-line.ts";
import { wrapText } from "../text/wrap-text.ts";

/** Draws the outline of an organization as a tree, within `columns`. Answers that agents have in common are told once. */
export function outlineLines(outline: Outline, columns: number): readonly Line[] {
  const { name, risk, budget, strategy, intensity, criteria, members } = outline;
  const most = intensity === undefined ? [] : [`at most ${intensity.maxRestarts} restarts within ${describeDuration(intensity.periodMs)}`];
  const common = commonAnswers(members);
  const place = { branch: "│  ", columns };
  const contract = criteria.map(({ id, statement }) => `${id}: ${firstLine(statement)}`);
  return [
    [span(name, "strong"), span(`  risk ${risk}`, "dim")],
    ...factRows("supervisor", [[strategies[strategy], ...most].join("; ")], place),
    ...factRows("budget", [describeBudget(budget)], place),
    ...factRows("contract", contract, place),
    ...factRows(
      "agents",
      common.map((answer) => `on ${describeAnswer(answer)}`),
      place,
    ),
    ...members.flatMap((member, at) => memberLines(member, common, { isLast: at === members.length - 1, columns })),
  ];
}

/** The answers that at least two agents share, and most of them. */
function commonAnswers(members: readonly Member[]): readonly Answer[] {
  const shared = new Map<string, readonly Answer[][]>();
  for (const { kind, answers } of members) {
    if (kind === "lead" || kind === "hold point") continue;
    const same = JSON.stringify(answers);
    shared.set(same, [...(shared.get(same) ?? []), [...answers]]);
  }
  const [most = []] = [...shared.values()].toSorted((one, other) => other.length - one.length);
  return most.length < 2 ? [] : most[0]!;
}

/** Columns of the names of facts. */
const factWidth = 12;

function memberLines(
  member: Member,
  common: readonly Answer[],
  { isLast, columns }: { readonly isLast: boolean; readonly columns: number },
): readonly Line[] {
  const { name, kind, purpose, tools, recipients, ends, answers, budget } = member;
  const place = { branch: isLast ? "   " : "│  ", columns };
  const isAgent = kind !== "hold point" && kind !== "lead";
  const own = JSON.stringify(answers) === JSON.stringify(common) ? [] : answers;
  return [
    [span("│", "dim")],
    [span(isLast ? "└─ " : "├─ ", "dim"), span(name, "strong"), span(kind === name ? "" : `  ${kind}`, "accent")],
    ...factRows("purpose", purpose === undefined ? [] : [firstLine(purpose)], place),
    ...factRows("tools", tools.length === 0 ? [] : [tools.join(", ")], place),
    ...factRows("may address", isAgent && recipients !== undefined && recipients.length > 0 ? [recipients.join(", ")] : [], place),
    ...factRows("ends", ends.length === 0 ? [] : [ends.map(describeEnd).join(", ")], place),
    ...factRows("restarts", [describeRestarts(member)], place),
    ...factRows("on", own.map(describeAnswer), place),
    ...factRows("budget", Object.keys(budget).length === 0 ? [] : [describeBudget(budget)], place),
  ];
}

/** A fact with its name before the first line; nothing when there is nothing to say. */
function factRows(name: string, facts: readonly string[], place: { readonly branch: string; readonly columns: number }): readonly Line[] {
  const room = Math.max(20, place.columns - place.branch.length - factWidth);
  return facts
    .flatMap((fact) => wrapText(fact, room))
    .map((text, at): Span[] => [span(place.branch, "dim"), span(padText(at === 0 ? name : "", factWidth), "dim"), span(text)]);
}

const restarts: Readonly<Record<Member["restart"], string>> = {
  permanent: "always (permanent)",
  transient: "after a failure (transient)",
  temporary: "never (temporary)",
};

const strategies: Readonly<Record<Outline["strategy"], string>> = {
  "one-for-one": "one-for-one: a failure concerns its agent alone",
  "one-for-all": "one-for-all: a failure restarts all",
  "rest-for-one": "rest-for-one: a failure restarts those after it too",
  dynamic: "dynamic: a failure concerns its agent alone",
};

function describeEnd({ state, exit }: EndState): string {
  return `${state} (${exit})`;
}

function describeRestarts({ restart, backoff }: Member): string {
  const when = restarts[restart];
  if (restart === "temporary" || backoff?.minMs === undefined || backoff.maxMs === undefined) return when;
  return `${when}; waits ${describeDuration(backoff.minMs)} at first, ${describeDuration(backoff.maxMs)} at most`;
}

/** `crash, loop: restart (2 within 10 min), then escalate`. Classes without an answer of their own are the others. */
function describeAnswer({ failures, ladder }: Answer): string {
  const rungs = ladder.map(({ directive, intensity }) =>
    intensity === undefined ? directive : `${directive} (${restartsWithin(intensity)})`,
  );
  return `${isDefaultAnswer(ladder) ? "anything else" : failures.join(", ")}: ${rungs.join(", then ")}`;
}

function restartsWithin({ maxRestarts, periodMs }: { readonly maxRestarts: number; readonly periodMs: number }): string {
  return `${maxRestarts} within ${describeDuration(periodMs)}`;
}
