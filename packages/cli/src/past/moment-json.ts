import { causeKindOf, sizeOfState, viewMoment, type Moment } from "orgtree";

/** A moment as the JSON of the commands tells it: the turn, or the turn and the actor after it. */
export function momentJson(moment: Moment, what: "turn" | "whole"): object {
  const { address, seq, position, incarnation, atMs, trace, cause, effects, mark, logic, isWhole, storedBytes } = moment.turn;
  const { kind, label, parts } = viewMoment(moment);
  return {
    kind: moment.kind,
    address,
    seq,
    position,
    incarnation,
    atMs,
    trace,
    cause: { ...cause, kind: causeKindOf(cause) },
    effects,
    mark,
    logic,
    isWhole,
    storedBytes,
    stateBytes: sizeOfState(moment),
    actor: what === "turn" ? { kind, label } : { kind, label, parts },
  };
}
