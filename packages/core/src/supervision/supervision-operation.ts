import type { SupervisorReport } from "../events.ts";
import { failureOf, type Exit } from "../exit.ts";
import { causeChain } from "../failure.ts";
import { refuseStopping } from "./supervision-reply.ts";
import { isDown, type ChildRow, type ChildStatus, type Operation, type Purpose, type SupervisionTurn } from "./supervision-state.ts";

/** Makes an operation the current one; `advance` then carries it on. */
export function beginOperation(
  turn: SupervisionTurn,
  purpose: Purpose,
  ids: { readonly toStop: readonly string[]; readonly toStart: readonly string[]; readonly rewind?: string },
): void {
  const parallel = turn.state.spec.strategy === "dynamic";
  const outstanding = new Set<string>();
  turn.state.operation = {
    purpose,
    toStop: ids.toStop,
    stopAt: 0,
    toStart: ids.toStart,
    startAt: 0,
    rewind: ids.rewind,
    parallel,
    outstanding,
    info: undefined,
  };
}

/** Carries the operation on as far as it goes; gives it back when it is finished. */
export function advance(turn: SupervisionTurn): Operation | undefined {
  const operation = turn.state.operation;
  if (operation === undefined || operation.outstanding.size > 0) return undefined;
  while (operation.stopAt < operation.toStop.length) {
    const id = operation.toStop[operation.stopAt++]!;
    if (stopChild(turn, id) && !operation.parallel) return undefined;
  }
  if (operation.outstanding.size > 0) return undefined;
  if (operation.rewind !== undefined) {
    rewindChild(turn, operation, operation.rewind);
    if (operation.outstanding.size > 0) return undefined;
  }
  while (operation.startAt < operation.toStart.length) {
    const id = operation.toStart[operation.startAt++]!;
    if (startChild(turn, id)) return undefined;
  }
  turn.state.operation = undefined;
  return operation;
}

function stopChild(turn: SupervisionTurn, id: string): boolean {
  const row = turn.state.table.get(id);
  if (row === undefined) return false;
  cancelRetry(turn, id, row);
  const waiting = turn.state.waiting.get(id);
  turn.state.waiting.delete(id);
  if (waiting?.kind === "exited") {
    stoppedInOperation(turn, id, waiting.exit);
    return false;
  }
  if (isDown(row)) {
    afterStop(turn, id, row);
    return false;
  }
  row.status = "stopping";
  turn.state.operation!.outstanding.add(id);
  turn.steps.push({ kind: "stop", id });
  return true;
}

function rewindChild(turn: SupervisionTurn, operation: Operation, id: string): void {
  operation.rewind = undefined;
  if (!turn.state.table.has(id)) return; // It is not in the code any more.
  operation.outstanding.add(id);
  const { purpose } = operation;
  if (purpose.kind === "rollback") turn.steps.push({ kind: "rollback", id, target: purpose.target });
}

function startChild(turn: SupervisionTurn, id: string): boolean {
  const row = turn.state.table.get(id);
  if (row === undefined || row.status === "running") return false;
  row.status = "starting";
  const { purpose } = turn.state.operation!;
  // Who goes on has the birth that is stored.
  if (purpose.kind !== "recover" && purpose.kind !== "rollback" && !continuesPast(turn, row)) row.birth = turn.around.decision ?? 0;
  turn.state.operation!.outstanding.add(id);
  turn.steps.push({ kind: "start", id });
  return true;
}

/** Takes over what is known of a child of an earlier process; true when it lived there and goes on. */
function continuesPast({ state }: SupervisionTurn, row: ChildRow): boolean {
  const past = state.past.get(row.spec.id);
  if (past === undefined) return false;
  state.past.delete(row.spec.id);
  row.restarts = past.restarts;
  row.stamps = past.stamps;
  row.history = past.history;
  const wasUp = (past.status === "running" || past.status === "starting") && past.verdict === undefined;
  if (wasUp) row.birth = past.birth;
  return wasUp;
}

/** The exit of a child that the operation is stopping, or is about to stop. */
export function stoppedInOperation(turn: SupervisionTurn, id: string, exit: Exit): void {
  const row = turn.state.table.get(id)!;
  turn.state.operation!.outstanding.delete(id);
  row.status = "stopped";
  if (!isExpectedOfStop(row, exit)) report(turn, { context: "shutdown-error", child: id, exit, decision: "stopped all the same" });
  afterStop(turn, id, row);
}

/** A temporary child that goes with its siblings does not come back; a child that comes back keeps its mailbox. */
function afterStop(turn: SupervisionTurn, id: string, row: ChildRow): void {
  const { purpose } = turn.state.operation!;
  const comesBack =
    (purpose.kind === "restart" && row.spec.restart !== "temporary") || purpose.kind === "rollback" || purpose.kind === "replan";
  row.status = "stopped";
  row.verdict = undefined;
  if (purpose.kind === "replan" && purpose.removed.includes(id)) return dropChild(turn, id);
  if (comesBack) return;
  if (purpose.kind === "terminate" && purpose.drops) dropChild(turn, id);
  else leave(turn, row);
}

/** A child that does not come back by itself gives up its address; a temporary or dynamic one leaves no spec either. */
export function leave(turn: SupervisionTurn, row: ChildRow): void {
  const { id, restart } = row.spec;
  if (restart === "temporary" || turn.state.spec.strategy === "dynamic") dropChild(turn, id);
  else turn.steps.push({ kind: "forget", id });
}

/** Removes a child and its spec; a temporary child's start arguments may be large, so nothing of it is kept. */
export function dropChild(turn: SupervisionTurn, id: string): void {
  turn.state.table.delete(id);
  turn.steps.push({ kind: "drop", id });
}

/** Which exits are quiet during an ordered stop (OTP: `shutdown/1`). */
function isExpectedOfStop(row: ChildRow, exit: Exit): boolean {
  switch (exit.kind) {
    case "shutdown":
      return exit.info === undefined || row.spec.restart !== "permanent";
    case "normal":
      return row.spec.restart !== "permanent";
    case "killed":
      return row.spec.shutdownMs === "brutal-kill";
    case "failure":
    case "escalated":
      return false;
    default:
      return exit satisfies never;
  }
}

/** Makes a pending attempt a no-op. */
function cancelRetry(turn: SupervisionTurn, id: string, row: ChildRow): void {
  if (row.retry === undefined) return;
  row.retry = undefined;
  turn.steps.push({ kind: "cancel", id });
}

/**
 * Ends everything in reverse start order (dynamic children all at once) and exits with `exit`. A child that is being started
 * is cut short first: it must not come up any more.
 */
export function beginShutdown(turn: SupervisionTurn, exit: Exit): void {
  const { state } = turn;
  abandon(turn);
  const ids = [...state.table.keys()].reverse();
  const those = (test: (status: ChildStatus) => boolean): string[] => ids.filter((id) => test(state.table.get(id)!.status));
  const starting = those((status) => status === "starting");
  const others = those((status) => status !== "starting" && status !== "stopping");
  beginOperation(turn, { kind: "shutdown", exit }, { toStop: [...starting, ...others], toStart: [] });
  for (const id of those((status) => status === "stopping")) state.operation!.outstanding.add(id);
}

/** Tells everybody who waits for an operation or a call that the supervisor is stopping. */
function abandon(turn: SupervisionTurn): void {
  const { state } = turn;
  const { purpose } = state.operation ?? {};
  if (purpose !== undefined && "reply" in purpose) refuseStopping(turn, purpose.reply);
  // The exits that wait stay in `waiting`: they answer the stops to come.
  for (const event of state.queue.slice(state.queueAt)) if (event.kind === "call") refuseStopping(turn, event.reply);
  state.queue.length = 0;
  state.queueAt = 0;
}

/** Adds a causal report. */
export function report(turn: SupervisionTurn, part: Omit<SupervisorReport, "supervisor" | "chain">): void {
  const failure = failureOf(part.exit);
  const chain = failure === undefined ? [] : causeChain(failure);
  turn.steps.push({ kind: "report", report: { supervisor: turn.state.address, chain, ...part } });
}
