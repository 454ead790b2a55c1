/** Supervisors with children, as the benches need them. */
import { supervisor, type ActorSystem, type Logic, type SupervisorHandle } from "@orgtree/runtime";
import type { ChildSpec } from "@orgtree/core";

/** More restarts than a bench makes. */
const intensity = { maxRestarts: 1_000_000, periodMs: 1_000 };

/** A dynamic supervisor `/desk` whose children all run `logic`. */
export async function underDynamicSupervisor(system: ActorSystem, logic: Logic): Promise<SupervisorHandle> {
  const address = await system.start({ id: "desk", logic: supervisor({ strategy: "dynamic", template: { logic } }) });
  return system.supervisor(address);
}

/** A supervisor `/desk` with `count` children `child-0`, … in its spec. */
export function deskOf(count: number, logic: Logic): ChildSpec<Logic> {
  const children = Array.from({ length: count }, (_, n): ChildSpec<Logic> => ({ id: `child-${n}`, logic }));
  return { id: "desk", logic: supervisor({ strategy: "one-for-one", intensity, children }) };
}
