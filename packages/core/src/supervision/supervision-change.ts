/** Children that changed in the code while what is stored was of the code before. A departure from OTP, whose code_change starts nobody. */
import { shutdownExit } from "../exit.ts";
import { beginOperation, report } from "./supervision-operation.ts";
import type { SupervisionEvent, SupervisionTurn } from "./supervision-state.ts";

/** New ones are started, in their order; those that are gone are given up for good. The others were never touched. */
export function onSpecificationChanged(
  turn: SupervisionTurn,
  { added, removed }: SupervisionEvent & { kind: "specification-changed" },
): void {
  const { state } = turn;
  state.listed = [...(state.listed ?? []).filter((id) => !removed.includes(id)), ...added];
  for (const child of removed) {
    if (!state.past.delete(child)) continue; // It had ended before.
    const decision = "given up for good: it is not in the specification any more";
    report(turn, { context: "child-removed", child, exit: shutdownExit, decision });
    turn.steps.push({ kind: "remove", id: child });
  }
  const toStart = added.filter((id) => state.table.get(id)?.status === "stopped");
  for (const child of toStart)
    report(turn, { context: "child-added", child, exit: shutdownExit, decision: "started: it is new in the specification" });
  if (toStart.length > 0) beginOperation(turn, { kind: "added" }, { toStop: [], toStart });
}
