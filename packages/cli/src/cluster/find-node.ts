import type { NamespaceView } from "@orgtree/cluster";
import { UsageError } from "../input/usage-error.ts";

type Member = NamespaceView["nodes"][number];

/** Those who take part, without those who were found dead. */
export function presentNodes({ nodes }: Pick<NamespaceView, "nodes">): readonly Member[] {
  return nodes.filter(({ state }) => state !== "buried");
}

/** What people call a node: its id without what is added when it joins. */
export function nameOf(id: string): string {
  return id.replace(/-[0-9a-z]+$/, "");
}

/** The node of an id, or of a name that one of them has; throws `UsageError`. */
export function findNode(view: Pick<NamespaceView, "nodes">, named: string): Member {
  const nodes = presentNodes(view);
  const byId = nodes.find(({ id }) => id === named);
  const byName = nodes.filter(({ id }) => nameOf(id) === named);
  const found = byId ?? (byName.length === 1 ? byName[0] : undefined);
  if (found !== undefined) return found;
  if (byName.length > 1)
    throw new UsageError(`${byName.length} nodes are called ${named}`, `name one by its id: ${byName.map(({ id }) => id).join(", ")}`);
  const there = nodes.map(({ id }) => id).join(", ");
  throw new UsageError(
    `there is no node ${named}`,
    there === "" ? "no node is up: start one with orgtree node FILE" : `there are ${there}`,
  );
}
