/** Replan: a planner outside makes a new plan, and the children become those of it. Nobody waits meanwhile. */
import { encode } from "../journal/codec.ts";
import { causeChain, describeFailure, type Failure } from "../failure.ts";
import { triedRungs } from "./directive.ts";
import type { ReplanRequest } from "./plan-spec.ts";
import { beginOperation, report } from "./supervision-operation.ts";
import { makeRow, type ChildRow, type FailedAttempt, type PlannerBrief, type SupervisionTurn } from "./supervision-state.ts";
import type { CheckedChildSpec } from "./child-spec.ts";

/** Begins to ask for a new plan; gives back why there can be none. */
export function beginReplan(turn: SupervisionTurn, id: string, why: FailedAttempt): string | undefined {
  const { state } = turn;
  const problem = problemWithReplan(state);
  if (problem !== undefined) return problem;
  const row = state.table.get(id)!;
  row.status = "restarting";
  // Whoever fails while a plan is being made waits for the same one.
  if (state.replanning !== undefined) return undefined;
  const token = ++state.lastToken;
  state.replanning = { id, token, why, isAsked: false };
  turn.steps.push({ kind: "brief-planner", id, token });
  return undefined;
}

function problemWithReplan({ spec: { plan }, replans }: SupervisionTurn["state"]): string | undefined {
  if (plan === undefined) return "its supervisor has no plan";
  return replans >= plan.maxReplans ? `${replans} new plans were made (maxReplans)` : undefined;
}

/** What failed, and is to be answered otherwise. */
interface Unplanned {
  readonly id: string;
  readonly why: FailedAttempt;
}

/** What the planner is to know has been looked up. */
export function onBriefed(turn: SupervisionTurn, token: number, { checkpoint, standing }: PlannerBrief): Unplanned | undefined {
  const { state } = turn;
  const { replanning } = state;
  const plan = state.spec.plan;
  if (replanning?.token !== token || plan === undefined) return undefined;
  // It was put back to where it was about to ask, and has made its plans since.
  const problem = problemWithReplan(state);
  if (problem !== undefined) return giveUpReplan(turn, replanning, { why: problem, failure: replanning.why.failure });
  const { id, why } = replanning;
  state.replanning = { ...replanning, isAsked: true };
  const row = state.table.get(id);
  const message: ReplanRequest = {
    type: "replan",
    supervisor: state.address,
    child: id,
    plan: state.plan!.plan,
    version: state.replans + 2,
    chain: causeChain(why.failure),
    tried: row === undefined ? [] : triedRungs(row.spec.onFailure, why.failure, row.history),
    checkpoint,
    standing,
  };
  turn.steps.push({ kind: "ask-planner", id, token, planner: plan.planner, message, timeoutMs: plan.timeoutMs });
  return undefined;
}

/** The planner has answered. */
export function onReplanned(
  turn: SupervisionTurn,
  event: { readonly token: number; readonly plan: unknown; readonly specs: readonly CheckedChildSpec[] },
): Unplanned | undefined {
  const { state } = turn;
  const { replanning } = state;
  if (replanning?.token !== event.token) return undefined;
  const problem = problemWithReplan(state);
  if (problem !== undefined) return giveUpReplan(turn, replanning, { why: problem, failure: replanning.why.failure });
  state.replanning = undefined;
  state.replans++;
  state.plan = { version: state.replans + 1, plan: event.plan };
  const { id, why } = replanning;
  const exit = { kind: "failure", failure: why.failure } as const;
  report(turn, { context: "replanned", child: id, exit, decision: `plan ${state.plan.version}`, directive: "replan" });
  const old = new Map(state.table);
  const next = new Set(event.specs.map((spec) => spec.id));
  const removed = [...old.keys()].filter((other) => !next.has(other));
  const isKept = (spec: CheckedChildSpec): boolean => goesOn(old.get(spec.id), spec) && spec.id !== id;
  const kept = new Set(event.specs.filter(isKept).map((spec) => spec.id));
  state.table.clear();
  for (const spec of event.specs) state.table.set(spec.id, adopt(turn, old.get(spec.id), spec));
  for (const other of removed) state.table.set(other, old.get(other)!);
  const toStop = [...old.keys()].filter((other) => !kept.has(other)).reverse();
  const toStart = [...next].filter((other) => !kept.has(other));
  beginOperation(turn, { kind: "replan", child: id, removed }, { toStop, toStart });
  return undefined;
}

function goesOn(row: ChildRow | undefined, spec: CheckedChildSpec): boolean {
  return row?.status === "running" && isSameData(row.spec.input, spec.input);
}

/** What is no data is another thing each time. */
function isSameData(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  try {
    const bytes = encode(other);
    return encode(one).every((byte, at) => byte === bytes[at]) && encode(one).length === bytes.length;
  } catch {
    return false;
  }
}

function adopt(turn: SupervisionTurn, row: ChildRow | undefined, spec: CheckedChildSpec): ChildRow {
  if (row === undefined) return makeRow(turn.state, spec);
  row.spec = spec;
  if (row.status === "running") turn.steps.push({ kind: "change-spec", id: spec.id });
  return row;
}

/** There is no new plan. */
export function onReplanFailed(turn: SupervisionTurn, token: number, failure: Failure): Unplanned | undefined {
  const { replanning } = turn.state;
  if (replanning?.token !== token) return undefined;
  return giveUpReplan(turn, replanning, { why: describeFailure(failure), failure });
}

function giveUpReplan(turn: SupervisionTurn, { id, why }: Unplanned, problem: NoPlan): Unplanned | undefined {
  turn.state.replanning = undefined;
  reportNoPlan(turn, id, problem);
  return turn.state.table.has(id) ? { id, why } : undefined;
}

/** Why there is no new plan. */
interface NoPlan {
  readonly why: string;
  readonly failure: Failure;
}

/** Says why there is no new plan. */
export function reportNoPlan(turn: SupervisionTurn, id: string, what: NoPlan): void {
  const exit = { kind: "failure", failure: what.failure } as const;
  report(turn, { context: "directive", child: id, exit, decision: `a new plan is not possible: ${what.why}`, directive: "replan" });
}
