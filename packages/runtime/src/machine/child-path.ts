import type { AnyMachineSnapshot } from "xstate";
import type { ChildActor } from "./child-actor.ts";

/** Where an actor is below its machine: the ids that lead to it. The machine itself is at the empty path. */
export type Path = readonly string[];

/** A path as a key; ids may hold any letter. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** All actors below a snapshot that its machine has now, each behind the one that made it, with their paths. */
export function actorsBelow(snapshot: unknown): ReadonlyMap<ChildActor, Path> {
  const found = new Map<ChildActor, Path>();
  collect(snapshot, [], found);
  return found;
}

function collect(snapshot: unknown, path: Path, found: Map<ChildActor, Path>): void {
  const { children } = (snapshot ?? {}) as Partial<AnyMachineSnapshot>;
  if (typeof children !== "object" || children === null) return;
  for (const [id, child] of Object.entries(children as Record<string, ChildActor | undefined>)) {
    if (child === undefined) continue;
    const at = [...path, id];
    found.set(child, at);
    collect(child.getSnapshot(), at, found);
  }
}
