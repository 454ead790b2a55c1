import { backoffMs } from "./backoff.ts";
import { childAddress } from "../address.ts";
import { decideDirective, isNamed, type Directive, type DirectiveVerdict } from "./directive.ts";
import { SupervisorCallError } from "../errors.ts";
import type { RollbackReport, SupervisorReport } from "../events.ts";
import { failureOf, shutdownExit, type Exit } from "../exit.ts";
import { describeFailure, type Failure } from "../failure.ts";
import { decideRestart } from "./intensity.ts";
import { affectedBy, decideAfterExit, decideAutoShutdown } from "./strategy.ts";
import { beginOperation, beginShutdown, dropChild, leave, report } from "./supervision-operation.ts";
import { refuse } from "./supervision-reply.ts";
import { beginReplan, reportNoPlan } from "./supervision-replan.ts";
import { isDown, type ChildRow, type FailedAttempt, type Operation, type SupervisionTurn } from "./supervision-state.ts";

/** A suspended child asks what is to become of it. */
export function onFailed(turn: SupervisionTurn, id: string, failure: Failure): void {
  const row = turn.state.table.get(id);
  if (row === undefined || row.status !== "running") return;
  const verdict = decide(turn, row, { failure });
  if (verdict.directive === "resume") {
    row.verdict = undefined;
    report(turn, { context: "directive", child: id, exit: { kind: "failure", failure }, ...decisionOf(verdict) });
    turn.steps.push({ kind: "resume", id });
    return;
  }
  row.verdict = { ...verdict, failure };
  turn.steps.push({ kind: "end", id });
}

/** A child ended by itself: OTP's `do_restart`, with the directive in front of it. */
export function onExit(turn: SupervisionTurn, id: string, exit: Exit): void {
  const row = turn.state.table.get(id);
  if (row === undefined || isDown(row)) return; // A stranger, or one whose end is known: never fatal.
  row.status = "stopped";
  const failure = failureOf(exit);
  if (failure === undefined) return afterQuietExit(turn, id, exit);
  const verdict = row.verdict ?? decide(turn, row, { failure });
  row.verdict = undefined;
  afterFailure(turn, id, { row, exit, failure, verdict });
}

function decide(turn: SupervisionTurn, row: ChildRow, { failure, rung }: { failure: Failure; rung?: number }): DirectiveVerdict {
  const verdict = decideDirective(row.spec.onFailure, failure, { history: row.history, nowMs: turn.around.nowMs, above: rung });
  row.history = verdict.history;
  return verdict;
}

function afterQuietExit(turn: SupervisionTurn, id: string, exit: Exit): void {
  const row = turn.state.table.get(id)!;
  if (decideAfterExit(row.spec.restart, exit) === "restart") {
    report(turn, { context: "child-terminated", child: id, exit, decision: "permanent: start it again" });
    return restart(turn, id, undefined);
  }
  endForGood(turn, id, row);
}

interface FailedChild {
  readonly row: ChildRow;
  readonly exit: Exit;
  readonly failure: Failure;
  readonly verdict: DirectiveVerdict;
}

function afterFailure(turn: SupervisionTurn, id: string, failed: FailedChild): void {
  const { row, exit, failure, verdict } = failed;
  const isForgotten = row.spec.restart === "temporary" && !(verdict.directive === "escalate" && isNamed(row.spec.onFailure, failure));
  const decision: Decision = isForgotten
    ? { decision: "stop: a temporary child is not started again", directive: "stop" }
    : decisionOf(verdict);
  report(turn, { context: "child-terminated", child: id, exit, ...decision });
  switch (decision.directive) {
    case "stop":
      return endForGood(turn, id, row);
    case "escalate":
      return giveUp(turn, id, { failure, ...decision });
    case "resume": // Its process is gone, so the nearest thing is a fresh one.
    case "restart":
      return restart(turn, id, failure);
    case "rollback":
      return rollback(turn, id, { failure, verdict });
    case "replan":
      return replan(turn, id, { failure, rung: verdict.rung });
    default:
      return decision.directive satisfies never;
  }
}

/** What was decided, as a report has it. */
interface Decision extends Pick<SupervisorReport, "decision" | "step"> {
  readonly directive: Directive;
}

function decisionOf({ directive, rung, rungs }: DirectiveVerdict): Decision {
  const decision = rung === 0 ? directive : `${directive} (step ${rung + 1})`;
  return { decision, directive, step: { number: rung + 1, of: rungs } };
}

/** The child does not come back; a temporary or dynamic one leaves no spec. Significant children may end the supervisor. */
function endForGood(turn: SupervisionTurn, id: string, row: ChildRow): void {
  const { state } = turn;
  row.status = "stopped";
  leave(turn, row);
  if (!row.spec.significant) return;
  let othersRunning = 0;
  for (const { spec, status } of state.table.values()) if (spec.significant && status !== "stopped") othersRunning++;
  if (!decideAutoShutdown(state.spec.autoShutdown, othersRunning)) return;
  report(turn, { context: "auto-shutdown", child: id, exit: shutdownExit, decision: state.spec.autoShutdown });
  beginShutdown(turn, shutdownExit);
}

/** Brings a child back, at once or after its backoff. Siblings that go with it are stopped in either case. */
function restart(turn: SupervisionTurn, id: string, failure: Failure | undefined): void {
  const { state, around } = turn;
  const row = state.table.get(id)!;
  const { backoff } = row.spec;
  // Counted from its start, not from the failure before: a long delay must not pass for quiet time.
  const isQuietChild = around.nowMs - row.startedMs >= (backoff?.resetAfterMs ?? state.spec.intensity.periodMs);
  row.failuresInARow = isQuietChild ? 1 : row.failuresInARow + 1;
  if (backoff === undefined) return attempt(turn, id, failure);
  const group = affectedBy(state.spec.strategy, state.table.keys(), id).filter((other) => other !== id);
  schedule(turn, id, failure);
  beginOperation(turn, { kind: "restart", child: id }, { toStop: [...group].reverse(), toStart: [] });
}

/** Plans the next attempt; a delay of 0 goes behind what is in the supervisor's mailbox, so that it stays responsive. */
function schedule(turn: SupervisionTurn, id: string, failure: Failure | undefined): void {
  const { state, around } = turn;
  const row = state.table.get(id)!;
  const { backoff } = row.spec;
  const delayMs = backoff === undefined ? 0 : backoffMs(backoff, row.failuresInARow, around.random);
  const token = ++state.lastToken;
  row.status = "restarting";
  row.retry = { token, atMs: around.nowMs + delayMs, delayMs, failure };
  turn.steps.push({ kind: "schedule", id, token, delayMs, attempt: row.failuresInARow });
}

/** The time of a planned attempt has come. */
export function onRetry(turn: SupervisionTurn, id: string, token: number): void {
  const row = turn.state.table.get(id);
  if (row?.retry?.token !== token) return;
  const { failure } = row.retry;
  row.retry = undefined;
  row.status = "stopped"; // Until it starts: a sibling of its group may fail first, and the next attempt is then for that one.
  attempt(turn, id, failure);
}

/** One restart attempt. */
function attempt(turn: SupervisionTurn, id: string, cause: Failure | undefined): void {
  if (!isGranted(turn, id, cause)) return;
  const group = affectedBy(turn.state.spec.strategy, turn.state.table.keys(), id);
  beginOperation(turn, { kind: "restart", child: id }, { toStop: group.filter((other) => other !== id).reverse(), toStart: group });
}

/** The child alone goes back, whatever the strategy: its siblings hold what they know. Counts as an attempt. */
function rollback(turn: SupervisionTurn, id: string, { failure, verdict }: { failure: Failure; verdict: DirectiveVerdict }): void {
  if (!isGranted(turn, id, failure)) return;
  const target = { to: verdict.to, birth: turn.around.decision ?? 0 };
  const why = { failure, rung: verdict.rung };
  beginOperation(turn, { kind: "rollback", child: id, target, why, reply: undefined }, { toStop: [], toStart: [id], rewind: id });
}

/** What is stored of the child is what it was: it goes on from there. */
export function onRolledBack(turn: SupervisionTurn, operation: Operation, event: { id: string; report: RollbackReport }): void {
  const { purpose } = operation;
  operation.outstanding.delete(event.id);
  if (purpose.kind !== "rollback") return;
  turn.state.table.get(event.id)!.birth = purpose.target.birth;
  const { address, seq, name } = event.report.to;
  const decision = `rolled back to ${name === undefined ? "" : `${name}, `}${address}#${seq}`;
  const exit: Exit = purpose.why === undefined ? shutdownExit : { kind: "failure", failure: purpose.why.failure };
  report(turn, { context: "rolled-back", child: event.id, exit, decision, directive: "rollback", rollback: event.report });
  operation.info = event.report;
}

/** There is nothing to go back to: the next rung, or whoever asked, is to know. */
export function onRollbackFailed(turn: SupervisionTurn, operation: Operation, event: { id: string; failure: Failure }): void {
  const { purpose } = operation;
  operation.outstanding.delete(event.id);
  if (purpose.kind !== "rollback") return;
  const { id, failure } = event;
  const row = turn.state.table.get(id)!;
  turn.state.operation = undefined;
  const decision = `rollback is not possible: ${describeFailure(failure)}`;
  report(turn, { context: "directive", child: id, exit: { kind: "failure", failure }, decision, directive: "rollback" });
  if (purpose.why === undefined) {
    leave(turn, row);
    return refuse(turn, purpose.reply, new SupervisorCallError("start-failed", id, { problem: `${decision}; it is stopped`, failure }));
  }
  climb(turn, id, purpose.why);
}

function replan(turn: SupervisionTurn, id: string, why: FailedAttempt): void {
  const problem = beginReplan(turn, id, why);
  if (problem === undefined) return;
  reportNoPlan(turn, id, { why: problem, failure: why.failure });
  climb(turn, id, why);
}

/** The rung was of no use: the next one. */
export function climb(turn: SupervisionTurn, id: string, why: FailedAttempt): void {
  const row = turn.state.table.get(id)!;
  row.status = "stopped";
  const verdict = decide(turn, row, why);
  afterFailure(turn, id, { row, exit: { kind: "failure", failure: why.failure }, failure: why.failure, verdict });
}

/** An attempt is stamped before it is made, refused when the intensity is used up. */
function isGranted(turn: SupervisionTurn, id: string, cause: Failure | undefined): boolean {
  const { state, around } = turn;
  const holder = state.isRoot ? state.table.get(id)! : state;
  const verdict = decideRestart(state.spec.intensity, holder.stamps, around.nowMs);
  holder.stamps = verdict.stamps;
  const { maxRestarts, periodMs } = state.spec.intensity;
  if (!verdict.granted) {
    const address = childAddress(state.address, id);
    const failure = cause ?? { class: "crash", name: "EndedTooOften", message: "a permanent child ended too often", address };
    giveUp(turn, id, { failure, decision: `restart refused: ${maxRestarts} in ${periodMs} ms are used up` });
  }
  return verdict.granted;
}

/** A child did not come up during a restart: it waits for another attempt, which its ladder may forbid. */
export function onRestartFailed(turn: SupervisionTurn, id: string, failure: Failure): void {
  const row = turn.state.table.get(id)!;
  const exit: Exit = { kind: "failure", failure };
  const verdict = decide(turn, row, { failure });
  const decision = decisionOf(verdict);
  report(turn, { context: "start-error", child: id, exit, ...decision });
  turn.state.operation = undefined;
  row.status = "stopped";
  if (verdict.directive === "escalate") return giveUp(turn, id, { failure, ...decision });
  if (verdict.directive === "stop") return endForGood(turn, id, row);
  row.failuresInARow++;
  schedule(turn, id, failure);
}

/**
 * The supervisor cannot help: it ends its children and exits `escalated`, which its parent treats as a failure.
 * The root drops the child instead and tells people.
 */
export function giveUp(
  turn: SupervisionTurn,
  id: string,
  cause: Pick<Decision, "decision" | "step"> & { readonly failure: Failure },
): void {
  const { state } = turn;
  const { failure, decision, step } = cause;
  const exit: Exit = {
    kind: "escalated",
    failure: {
      class: failure.class,
      kind: failure.kind,
      name: "Escalated",
      message: `gave up on ${id} (${decision})`,
      address: state.address,
      detail: failure.detail,
      cause: failure,
    },
  };
  report(turn, { context: "gave-up", child: id, exit, decision, directive: "escalate", step });
  if (!state.isRoot) return beginShutdown(turn, exit);
  turn.steps.push({ kind: "escalate-to-root", id, failure: exit.failure });
  if (state.keepsGivenUp) keepGivenUp(turn, id, exit.failure);
  else dropChild(turn, id);
}

/** It does not run any more, and what is stored of it stays, until somebody says what is to become of it. */
function keepGivenUp({ state, around, steps }: SupervisionTurn, id: string, failure: Failure): void {
  const { restarts, stamps, history, birth } = state.table.get(id)!;
  state.table.delete(id);
  const gaveUp = { failure, seq: around.decision ?? 0 };
  state.past.set(id, { status: "stopped", restarts, stamps, history, verdict: undefined, birth, gaveUp });
  steps.push({ kind: "forget", id });
}

/** For reports: the reason a supervisor could not start. */
export function startFailure(turn: SupervisionTurn, id: string, failure: Failure): Exit {
  const message = `child ${id} failed to start: ${describeFailure(failure)}`;
  return {
    kind: "failure",
    failure: { class: failure.class, kind: failure.kind, name: "ChildStartFailed", message, address: turn.state.address, cause: failure },
  };
}
