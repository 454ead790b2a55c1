import type { TurnRecord } from "../durable/turn-store.ts";
import type { Incarnation } from "./incarnation.ts";

/**
 * For tests (`SystemOptions.restores`): the life goes on with a body that was made of what is stored of its last turn, as if its
 * process had ended there. Only what is under way outside of the state goes on: work, questions, the mailbox.
 */
export function relive(life: Incarnation, { address }: TurnRecord): void {
  const { cell, body } = life;
  const { kernel, spec } = cell;
  if (kernel.store?.reread === undefined || life.phase !== "running" || body === undefined || body.isSupervisor === true) return;
  const heir = kernel.makeBody(life, spec.logic);
  heir.restore(kernel.store.reread(address), body);
  life.body = heir;
}
