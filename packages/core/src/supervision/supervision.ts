/**
 * Supervision: OTP's supervisor as a deterministic function from event to steps. The runtime only hears and acts.
 *
 * Invariants
 *   S1. Children are started and stopped one at a time, in order; dynamic children are stopped all at once.
 *   S2. After `stop` no child is started; the set of children only shrinks.
 *   S3. One exit is one decision: while an operation is under way, other events wait. Queries do not wait, and neither
 *       does the termination of the very child that is being started, so a child that cannot start never blocks.
 *   S4. Every `start` and every `stop` step is answered by exactly one event. The exit of a child that ended by itself
 *       meanwhile, even one that already waits for its turn, is the answer to the stop.
 *   S5. A restart attempt is stamped before it is made, a retry too (OTP: supervisor.erl, `restart/2`).
 */
import { childAddress } from "../address.ts";
import { withoutInput } from "./child-spec.ts";
import { SupervisorCallError } from "../errors.ts";
import { describeExit, failureOf, shutdownExit, type Exit } from "../exit.ts";
import { describeFailure, type Failure } from "../failure.ts";
import { isQuery, onCall, terminateStarting } from "./supervision-call.ts";
import { climb, onExit, onFailed, onRestartFailed, onRollbackFailed, onRolledBack, onRetry, startFailure } from "./supervision-exit.ts";
import { onSpecificationChanged } from "./supervision-change.ts";
import { onBriefed, onReplanFailed, onReplanned } from "./supervision-replan.ts";
import { advance, beginOperation, beginShutdown, dropChild, leave, report, stoppedInOperation } from "./supervision-operation.ts";
import { answer, refuse, refuseStopping } from "./supervision-reply.ts";
import type { Operation, Supervision, SupervisionEvent, SupervisionStep, SupervisionTurn, Surroundings } from "./supervision-state.ts";

/** Hears one event and says what is to be done. Changes `state` in place. */
export function supervise<L>(state: Supervision<L>, event: SupervisionEvent<L>, around: Surroundings): readonly SupervisionStep[] {
  // The functions below never look inside a child's logic, so its type does not matter to them.
  const turn = { state, around, steps: [] } as unknown as SupervisionTurn;
  hear(turn, event);
  settle(turn);
  return turn.steps;
}

function hear(turn: SupervisionTurn, event: SupervisionEvent): void {
  const { state } = turn;
  const operation = state.operation;
  if (event.kind === "stop") {
    if (operation?.purpose.kind !== "shutdown") beginShutdown(turn, event.exit);
    return;
  }
  if (event.kind === "call" && isQuery(event.call)) return onCall(turn, event.call, event.reply);
  if (operation === undefined) return begin(turn, event);
  if (event.kind === "call" && event.call.kind === "terminate-child" && terminateStarting(turn, event.call.id, event.reply)) return;
  if (!belongs(turn, operation, event)) wait(state, event);
}

function wait(state: Supervision, event: SupervisionEvent): void {
  state.queue.push(event);
  if (event.kind === "exited" || event.kind === "failed") state.waiting.set(event.id, event);
}

/** The next event that waited and still counts. By index, because a hundred thousand exits may wait. */
function takeWaiting(state: Supervision): SupervisionEvent | undefined {
  while (state.queueAt < state.queue.length) {
    const event = state.queue[state.queueAt++]!;
    if (event.kind !== "exited" && event.kind !== "failed") return event;
    if (state.waiting.get(event.id) !== event) continue;
    state.waiting.delete(event.id);
    return event;
  }
  state.queue.length = 0;
  state.queueAt = 0;
  return undefined;
}

/** Works off what waited, until a new operation is under way or nothing waits. */
function settle(turn: SupervisionTurn): void {
  const { state } = turn;
  for (;;) {
    while (state.operation !== undefined) {
      const finished = advance(turn);
      if (finished === undefined) return;
      finish(turn, finished);
    }
    const next = takeWaiting(state);
    if (next === undefined) return;
    begin(turn, next);
  }
}

/** An event while nothing is under way. */
function begin(turn: SupervisionTurn, event: SupervisionEvent): void {
  switch (event.kind) {
    case "begin":
      return beginOperation(turn, { kind: "init" }, { toStop: [], toStart: [...turn.state.table.keys()] });
    case "recover":
      return recover(turn);
    case "exited":
      return onExit(turn, event.id, event.exit);
    case "failed":
      return onFailed(turn, event.id, event.failure);
    case "planner-briefed":
      return climbOn(turn, onBriefed(turn, event.token, event.brief));
    case "replanned":
      return climbOn(turn, onReplanned(turn, event));
    case "replan-failed":
      return climbOn(turn, onReplanFailed(turn, event.token, event.failure));
    case "retry":
      return onRetry(turn, event.id, event.token);
    case "specification-changed":
      return onSpecificationChanged(turn, event);
    case "call":
      return onCall(turn, event.call, event.reply);
    case "stop":
      return beginShutdown(turn, event.exit);
    case "started":
    case "start-ignored":
    case "start-failed":
    case "rolled-back":
    case "rollback-failed":
      return; // The answer to a start that was given up meanwhile.
    default:
      return event satisfies never;
  }
}

/** Where there is no new plan the next rung is tried. */
function climbOn(turn: SupervisionTurn, failed: ReturnType<typeof onReplanFailed>): void {
  if (failed !== undefined) climb(turn, failed.id, failed.why);
}

/** Not a restart, and no attempt that counts: nobody of them has failed. */
function recover(turn: SupervisionTurn): void {
  const { table } = turn.state;
  const toStart: string[] = [];
  for (const [id, row] of table) {
    if (row.status !== "running") continue;
    // It was to end with this failure, and has: its process is gone.
    if (row.verdict !== undefined) wait(turn.state, { kind: "exited", id, exit: { kind: "failure", failure: row.verdict.failure } });
    else toStart.push(id);
  }
  for (const id of toStart) table.get(id)!.status = "stopped";
  for (const [id, { retry, failuresInARow }] of table) {
    if (retry === undefined) continue;
    const delayMs = Math.max(0, retry.atMs - turn.around.nowMs);
    turn.steps.push({ kind: "schedule", id, token: retry.token, delayMs, attempt: failuresInARow });
  }
  const { replanning } = turn.state;
  if (replanning !== undefined && !replanning.isAsked)
    turn.steps.push({ kind: "brief-planner", id: replanning.id, token: replanning.token });
  beginOperation(turn, { kind: "recover" }, { toStop: [], toStart });
}

/** True when the event answers a step of the operation, and has been dealt with. */
function belongs(turn: SupervisionTurn, operation: Operation, event: SupervisionEvent): boolean {
  switch (event.kind) {
    case "started":
    case "start-ignored":
    case "start-failed": {
      const status = turn.state.table.get(event.id)?.status;
      if (status === "starting") onStart(turn, operation, event);
      // It was to be stopped before it was up. If it came up all the same, its exit will follow; if not, this is its end.
      else if (status === "stopping" && event.kind !== "started") stoppedInOperation(turn, event.id, exitOfStart(event));
      return true;
    }
    case "rolled-back":
      if (operation.outstanding.has(event.id)) onRolledBack(turn, operation, event);
      return true;
    case "rollback-failed":
      if (operation.outstanding.has(event.id)) onRollbackFailed(turn, operation, event);
      return true;
    case "exited":
      return exitBelongs(turn, operation, event);
    case "call":
      if (operation.purpose.kind !== "shutdown") return false;
      refuseStopping(turn, event.reply);
      return true;
    case "failed": // One that does not run any more has ended, or will: it needs no directive.
      return turn.state.table.get(event.id)?.status !== "running";
    case "begin":
    case "recover":
    case "retry":
    case "planner-briefed":
    case "replanned":
    case "replan-failed":
    case "specification-changed":
    case "stop":
      return operation.purpose.kind === "shutdown";
    default:
      return event satisfies never;
  }
}

function exitBelongs(turn: SupervisionTurn, operation: Operation, event: SupervisionEvent & { kind: "exited" }): boolean {
  const { id, exit } = event;
  const status = turn.state.table.get(id)?.status;
  switch (status) {
    case "stopping":
      stoppedInOperation(turn, id, exit);
      return true;
    case "starting": {
      const message = `it ended while it started (${describeExit(exit)})`;
      const failure: Failure = failureOf(exit) ?? { class: "crash", name: "EndedAtStart", message };
      onStart(turn, operation, { kind: "start-failed", id, failure });
      return true;
    }
    case "running":
      return false;
    case "restarting":
    case "stopped":
    case undefined:
      return true; // A stranger, or one whose end is known: never fatal.
    default:
      return status satisfies never;
  }
}

/** What was under way goes on. What was being stopped has ended with its process; what was being started is started (again). */
function resumeInterrupted(turn: SupervisionTurn): void {
  const { state } = turn;
  const { interrupted } = state;
  if (interrupted === undefined) return;
  state.interrupted = undefined;
  state.operation = interrupted;
  for (const id of interrupted.outstanding) {
    const row = state.table.get(id);
    if (row?.status === "stopping") stoppedInOperation(turn, id, shutdownExit);
    else if (row?.status === "starting") turn.steps.push({ kind: "start", id });
    else if (row !== undefined && interrupted.purpose.kind === "rollback")
      turn.steps.push({ kind: "rollback", id, target: interrupted.purpose.target });
    else interrupted.outstanding.delete(id);
  }
}

type StartAnswer = Extract<SupervisionEvent, { kind: "started" | "start-ignored" | "start-failed" }>;

function exitOfStart(event: Exclude<StartAnswer, { kind: "started" }>): Exit {
  return event.kind === "start-ignored" ? shutdownExit : { kind: "failure", failure: event.failure };
}

function onStart(turn: SupervisionTurn, operation: Operation, event: StartAnswer): void {
  const { state } = turn;
  const row = state.table.get(event.id)!;
  operation.outstanding.delete(event.id);
  switch (event.kind) {
    case "started":
      row.status = "running";
      if (operation.purpose.kind !== "recover") row.startedMs = turn.around.nowMs;
      if (operation.purpose.kind !== "rollback") operation.info = event.info;
      if (row.spec.restart === "temporary") row.spec = withoutInput(row.spec);
      if (operation.purpose.kind === "restart") row.restarts++;
      return;
    case "start-ignored":
      row.status = "stopped";
      return leave(turn, row);
    case "start-failed":
      return onStartFailed(turn, operation, { id: event.id, failure: event.failure });
    default:
      return event satisfies never;
  }
}

function onStartFailed(turn: SupervisionTurn, operation: Operation, failed: { id: string; failure: Failure }): void {
  const { id, failure } = failed;
  const { purpose } = operation;
  const exit: Exit = { kind: "failure", failure };
  const row = turn.state.table.get(id)!;
  row.status = "stopped";
  if (purpose.kind === "recover" || purpose.kind === "replan" || purpose.kind === "added") {
    // It ran, or was to run, and does not: dealt with as an exit, when the others are there.
    row.status = "running";
    return wait(turn.state, { kind: "exited", id, exit });
  }
  if (purpose.kind === "restart" || (purpose.kind === "rollback" && purpose.why !== undefined)) return onRestartFailed(turn, id, failure);
  if (purpose.kind === "init") {
    report(turn, { context: "start-error", child: id, exit, decision: "the supervisor does not start" });
    return beginShutdown(turn, startFailure(turn, id, failure));
  }
  report(turn, { context: "start-error", child: id, exit, decision: "told to the caller" });
  if (purpose.kind === "start-child") dropChild(turn, id);
  else turn.steps.push({ kind: "forget", id });
  if ("reply" in purpose)
    refuse(turn, purpose.reply, new SupervisorCallError("start-failed", id, { problem: describeFailure(failure), failure }));
  turn.state.operation = undefined;
}

function finish(turn: SupervisionTurn, operation: Operation): void {
  const { state } = turn;
  const { purpose } = operation;
  switch (purpose.kind) {
    case "init":
      turn.steps.push({ kind: "ready" });
      return;
    case "recover":
      return resumeInterrupted(turn);
    case "added":
    case "replan":
    case "restart":
      return;
    case "terminate":
      return answer(turn, purpose.reply, undefined);
    case "rollback":
      return purpose.why === undefined ? answer(turn, purpose.reply, { info: operation.info }) : undefined;
    case "start-child":
    case "restart-child": {
      const row = state.table.get(purpose.child);
      const address = row?.status === "running" ? childAddress(state.address, purpose.child) : undefined;
      return answer(turn, purpose.reply, { address, info: operation.info });
    }
    case "shutdown":
      state.table.clear();
      turn.steps.push({ kind: "exit", exit: purpose.exit });
      return;
    default:
      return purpose satisfies never;
  }
}
