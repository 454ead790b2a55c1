import type { ActorRow } from "@orgtree/node";
import type { SeenActor } from "./list-actors.ts";

type Branches = ReadonlyMap<ActorRow["address"], readonly SeenActor[]>;

/**
 * The trees of a cluster as one list: who lives elsewhere than its supervisor stands where it belongs, once, with what is known of it where it
 * lives. `ownerOf`: the node of a partition. Branches whose tops were not asked for come last, with their whole address.
 */
export function joinBranches(
  actors: readonly SeenActor[],
  ownerOf: (partition: ActorRow["partition"]) => string | undefined,
): readonly SeenActor[] {
  const branches = branchesOf(actors);
  const joined = (rows: readonly SeenActor[], below: number): readonly SeenActor[] =>
    rows.flatMap((row) => {
      const { address, elsewhere } = row;
      const depth = row.depth + below;
      if (elsewhere === undefined) return [{ ...row, depth }];
      const [top, ...rest] = branches.get(address) ?? [];
      if (top === undefined) return [{ ...row, depth, partition: elsewhere, node: ownerOf(elsewhere) ?? "" }];
      return [{ ...both(row, top), depth }, ...joined(rest, depth)];
    });
  const trunks = actors.filter(({ isBranch }) => !isBranch);
  const seen = new Set(actors.flatMap(({ address, elsewhere }) => (elsewhere === undefined ? [] : [address])));
  const cutOff = Array.from(branches).flatMap(([address, rows]) => (seen.has(address) ? [] : rows));
  return joined([...trunks, ...cutOff], 0);
}

function branchesOf(actors: readonly SeenActor[]): Branches {
  const branches = new Map<ActorRow["address"], SeenActor[]>();
  let branch: SeenActor[] = [];
  for (const actor of actors) {
    if (!actor.isBranch) continue;
    if (actor.depth === 0) branches.set(actor.address, (branch = []));
    branch.push(actor);
  }
  return branches;
}

/** A supervisor knows how often it has restarted a child, and what it is about to do with it; its system knows the rest. */
function both(seenFromAbove: SeenActor, there: SeenActor): SeenActor {
  const { restarts, status } = seenFromAbove;
  return { ...there, restarts, status: status === "running" ? there.status : status };
}
