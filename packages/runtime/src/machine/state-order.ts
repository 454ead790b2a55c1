import type { AnyMachineSnapshot, AnyStateNode } from "xstate";

/**
 * The order in which a machine has its active states, by their ids; undefined where XState finds it again by itself.
 *
 * It is the order in which they were entered, and in it XState looks for `always`: of two regions that can both go on the older one goes
 * first. A persisted snapshot has only the state value, and what is restored from it has the innermost states region by region.
 */
export function stateOrderOf(snapshot: unknown): readonly string[] | undefined {
  if (!isMachineSnapshot(snapshot)) return undefined;
  const nodes = nodesOf(snapshot);
  const innermost = nodes.filter(isInnermost);
  if (innermost.length < 2) return undefined;
  // The others it looks at only beside those with the same parent, and their order is in the value.
  const restored = nodesOf(snapshot.machine.resolveState(snapshot) as AnyMachineSnapshot).filter(isInnermost);
  return innermost.every((node, at) => node === restored[at]) ? undefined : nodes.map(({ id }) => id);
}

/** Gives a snapshot that was just restored, and that nobody has seen yet, its order back. States that a migration has led to come last. */
export function restoreStateOrder(snapshot: unknown, order: readonly string[]): void {
  if (!isMachineSnapshot(snapshot)) return;
  const places = new Map(order.map((id, at) => [id, at]));
  const placeOf = ({ id }: AnyStateNode): number => places.get(id) ?? order.length;
  nodesOf(snapshot).sort((one, other) => placeOf(one) - placeOf(other));
}

function isMachineSnapshot(snapshot: unknown): snapshot is AnyMachineSnapshot {
  return typeof snapshot === "object" && snapshot !== null && "_nodes" in snapshot;
}

function nodesOf({ _nodes: nodes }: AnyMachineSnapshot): AnyStateNode[] {
  return nodes as AnyStateNode[];
}

function isInnermost({ type }: AnyStateNode): boolean {
  return type === "atomic" || type === "final";
}
