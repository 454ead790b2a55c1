import { SupervisorCallError, type ExpectedError } from "../errors.ts";
import type { Reply, SupervisionTurn } from "./supervision-state.ts";

/** Answers a call. */
export function answer(turn: SupervisionTurn, reply: Reply, value: unknown): void {
  turn.steps.push({ kind: "reply", reply, result: { ok: true, value } });
}

/** Refuses a call. */
export function refuse(turn: SupervisionTurn, reply: Reply, error: ExpectedError): void {
  turn.steps.push({ kind: "reply", reply, result: { ok: false, error } });
}

/** Refuses a call that came too late. */
export function refuseStopping(turn: SupervisionTurn, reply: Reply): void {
  refuse(turn, reply, new SupervisorCallError("stopping", turn.state.address, "the supervisor is stopping"));
}
