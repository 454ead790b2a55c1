import { childAddress, isWithin } from "../address.ts";
import { withoutInput, type CheckedChildSpec } from "./child-spec.ts";
import { SupervisorCallError } from "../errors.ts";
import { GivenUpError } from "./given-up-error.ts";
import { decideRestart } from "./intensity.ts";
import { giveUp } from "./supervision-exit.ts";
import { beginOperation, dropChild } from "./supervision-operation.ts";
import { answer, refuse } from "./supervision-reply.ts";
import {
  isDown,
  makeRow,
  type ChildCounts,
  type ChildInfo,
  type ChildRow,
  type Reply,
  type Supervision,
  type SupervisionTurn,
  type SupervisorCall,
} from "./supervision-state.ts";

/** True for calls that only look: they are answered at once, whatever is going on. */
export function isQuery(call: SupervisorCall): boolean {
  return call.kind === "list-children" || call.kind === "count-children" || call.kind === "get-child-spec";
}

/** Carries a call out, or begins the operation that will. */
export function onCall(turn: SupervisionTurn, call: SupervisorCall, reply: Reply): void {
  switch (call.kind) {
    case "start-child":
      return startChild(turn, call, reply);
    case "terminate-child":
      return terminateChild(turn, call.id, reply);
    case "restart-child":
      return restartChild(turn, call.id, reply);
    case "delete-child":
      return deleteChild(turn, call.id, reply);
    case "rollback-child":
      return rollbackChild(turn, call, reply);
    case "change-spec":
      return changeSpec(turn, call, reply);
    case "list-children":
      return answer(turn, reply, listChildren(turn.state));
    case "count-children":
      return answer(turn, reply, countChildren(turn.state));
    case "get-child-spec": {
      const row = turn.state.table.get(call.id);
      return row === undefined ? notFound(turn, call.id, reply) : answer(turn, reply, row.spec);
    }
    default:
      return call satisfies never;
  }
}

function startChild(turn: SupervisionTurn, call: SupervisorCall & { kind: "start-child" }, reply: Reply): void {
  const { state } = turn;
  const { id } = call.spec;
  const row = state.table.get(id);
  if (row !== undefined) {
    const address = childAddress(state.address, id);
    if (row.status === "running")
      return refuse(turn, reply, new SupervisorCallError("already-started", id, `it already runs at ${address}`));
    return refuse(
      turn,
      reply,
      new SupervisorCallError("already-present", id, `its spec is already there, ${row.status}; use restart-child, or delete-child first`),
    );
  }
  if (state.table.size >= state.spec.maxChildren) {
    return refuse(
      turn,
      reply,
      new SupervisorCallError(
        "max-children",
        id,
        `${state.address} has its ${state.spec.maxChildren} children (maxChildren); end one first`,
      ),
    );
  }
  const { past } = state;
  const gaveUp = past.get(id)?.gaveUp;
  if (call.isFresh === true) {
    if (past.delete(id)) turn.steps.push({ kind: "drop", id });
  } else if (gaveUp !== undefined) {
    const at = { address: state.address, seq: gaveUp.seq, position: undefined };
    const error = new GivenUpError(childAddress(state.address, id), { failure: gaveUp.failure, at, before: undefined });
    return refuse(turn, reply, error);
  }
  state.table.set(id, makeRow(state, call.spec));
  beginOperation(turn, { kind: "start-child", child: id, reply }, { toStop: [], toStart: [id] });
}

function terminateChild(turn: SupervisionTurn, id: string, reply: Reply): void {
  const row = turn.state.table.get(id);
  if (row === undefined) return notFound(turn, id, reply);
  beginOperation(turn, { kind: "terminate", child: id, reply, drops: false }, { toStop: [id], toStart: [] });
}

function restartChild(turn: SupervisionTurn, id: string, reply: Reply): void {
  if (!requireStatic(turn, id, reply)) return;
  const row = turn.state.table.get(id);
  if (row === undefined) return notFound(turn, id, reply);
  if (!requireStopped(turn, row, reply)) return;
  beginOperation(turn, { kind: "restart-child", child: id, reply }, { toStop: [], toStart: [id] });
}

function deleteChild(turn: SupervisionTurn, id: string, reply: Reply): void {
  if (!requireStatic(turn, id, reply)) return;
  const row = turn.state.table.get(id);
  if (row === undefined) return notFound(turn, id, reply);
  if (!requireStopped(turn, row, reply)) return;
  dropChild(turn, id);
  answer(turn, reply, undefined);
}

/**
 * By hand: the child is stopped first, if it runs.
 *
 * Refused to whoever would go back as well: the message at which he asks would come again, and he would ask again, without end. Somebody
 * else who is told of it each time may do the same; he has a budget, as nobody sees that he goes round in a circle.
 */
function rollbackChild(turn: SupervisionTurn, call: SupervisorCall & { kind: "rollback-child" }, reply: Reply): void {
  const { id, to, from } = call;
  if (from !== undefined && isWithin(from, childAddress(turn.state.address, id))) {
    const problem = `${from} would go back itself, take its message again and ask again; ask from outside, or fail with onFailure: "rollback"`;
    return refuse(turn, reply, new SupervisorCallError("own-rollback", id, problem));
  }
  if (turn.state.past.get(id)?.gaveUp !== undefined) {
    const address = childAddress(turn.state.address, id);
    return refuse(
      turn,
      reply,
      new SupervisorCallError("not-found", id, `it was given up; close the system, and put it back with orgtree rollback FILE ${address}`),
    );
  }
  const row = turn.state.table.get(id);
  if (row === undefined) return notFound(turn, id, reply);
  const problem = from === undefined ? undefined : askedTooOften(turn, row);
  if (problem !== undefined) {
    refuse(turn, reply, new SupervisorCallError("rollback-loop", id, problem));
    const failure = { class: "loop", kind: "rollback", name: "RollbackLoop", message: `${from} ${problem}` } as const;
    return giveUp(turn, id, { failure: { ...failure, address: childAddress(turn.state.address, id) }, decision: problem });
  }
  const target = { to, birth: turn.around.decision ?? 0 };
  beginOperation(turn, { kind: "rollback", child: id, target, why: undefined, reply }, { toStop: [id], toStart: [id], rewind: id });
}

/** In the history of its rungs, which outlives the process and every rollback. */
const askedSlot = "rollback-child";

/** A rollback that an actor asks for is stamped like an attempt to restart. Gives back what is wrong when there were too many. */
function askedTooOften({ state, around }: SupervisionTurn, row: ChildRow): string | undefined {
  const { rollbackIntensity } = state.spec;
  const verdict = decideRestart(rollbackIntensity, row.history[askedSlot] ?? [], around.nowMs);
  row.history = { ...row.history, [askedSlot]: verdict.stamps };
  const { maxRestarts, periodMs } = rollbackIntensity;
  return verdict.granted ? undefined : `asked once more to put it back: ${maxRestarts} in ${periodMs} ms are used up (rollbackIntensity)`;
}

function requireStatic(turn: SupervisionTurn, id: string, reply: Reply): boolean {
  if (turn.state.spec.strategy !== "dynamic") return true;
  refuse(
    turn,
    reply,
    new SupervisorCallError("dynamic", id, "a dynamic supervisor keeps no specs: terminate the child and start a new one"),
  );
  return false;
}

function requireStopped(turn: SupervisionTurn, row: ChildRow, reply: Reply): boolean {
  if (row.status === "stopped") return true;
  const restarting = row.status === "restarting";
  const problem = restarting ? "it waits for a restart; terminate it first" : "it runs; terminate it first";
  refuse(turn, reply, new SupervisorCallError(restarting ? "restarting" : "running", row.spec.id, problem));
  return false;
}

/**
 * OTP's code_change: children of the same id keep their process under the new spec, new ones are added but not started,
 * missing ones are kept, behind the others. The new flags hold from the next decision on.
 */
function changeSpec(turn: SupervisionTurn, call: SupervisorCall & { kind: "change-spec" }, reply: Reply): void {
  const { state } = turn;
  if ((state.spec.strategy === "dynamic") !== (call.spec.strategy === "dynamic")) {
    return refuse(
      turn,
      reply,
      new SupervisorCallError("bad-spec", state.address, "a supervisor cannot change between dynamic and the other strategies"),
    );
  }
  state.spec = call.spec;
  const kept = new Map(state.table);
  state.table.clear();
  for (const spec of call.spec.children) {
    const row = kept.get(spec.id);
    state.table.set(spec.id, row ?? makeRow(state, spec));
    if (row !== undefined) adopt(turn, row, spec);
  }
  for (const [id, row] of kept) state.table.set(id, row);
  answer(turn, reply, undefined);
}

function adopt(turn: SupervisionTurn, row: ChildRow, spec: CheckedChildSpec): void {
  row.spec = isDown(row) || spec.restart !== "temporary" ? spec : withoutInput(spec);
  if (!isDown(row)) turn.steps.push({ kind: "change-spec", id: spec.id });
}

/** A child that is being started is terminated: the one call that does not wait for its turn. */
export function terminateStarting(turn: SupervisionTurn, id: string, reply: Reply): boolean {
  const { operation, table } = turn.state;
  const row = table.get(id);
  if (operation === undefined || row === undefined || row.status !== "starting") return false;
  const { purpose } = operation;
  // What belongs to more than this child is carried on with first.
  if (purpose.kind === "init" || purpose.kind === "added" || purpose.kind === "recover") return false;
  if ("reply" in purpose) refuse(turn, purpose.reply, new SupervisorCallError("start-failed", id, "it was terminated while it started"));
  beginOperation(turn, { kind: "terminate", child: id, reply, drops: purpose.kind === "start-child" }, { toStop: [id], toStart: [] });
  return true;
}

/** Most recently started first, as OTP lists them. */
export function listChildren(state: Supervision): readonly ChildInfo[] {
  const infos = [...state.table.values()].map((row) => ({
    id: row.spec.id,
    address: isDown(row) ? undefined : childAddress(state.address, row.spec.id),
    type: row.spec.type,
    status: row.status,
    restarts: row.restarts,
    retryAtMs: row.retry?.atMs,
  }));
  return infos.reverse();
}

/** OTP's counts: `active` leaves out those that are being restarted; a dynamic supervisor has one spec. */
export function countChildren(state: Supervision): ChildCounts {
  let active = 0;
  let supervisors = 0;
  for (const row of state.table.values()) {
    if (!isDown(row)) active++;
    if (row.spec.type === "supervisor") supervisors++;
  }
  const { size } = state.table;
  return { specs: state.spec.strategy === "dynamic" ? 1 : size, active, supervisors, workers: size - supervisors };
}

function notFound(turn: SupervisionTurn, id: string, reply: Reply): void {
  refuse(turn, reply, new SupervisorCallError("not-found", id, `${turn.state.address} has no such child`));
}
