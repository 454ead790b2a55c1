import { checkCount, topOf, type Address, type Endpoint } from "@orgtree/core";
import type { TreeNode } from "@orgtree/runtime";

/** An actor at a node, as it stands. */
export interface ActorRow extends Omit<TreeNode, "children"> {
  readonly partition: Endpoint;
  /** The run that it belongs to; undefined where it lives for itself. */
  readonly run: string | undefined;
  /** How deep it is in its tree, or in its branch, 0 at the top. */
  readonly depth: number;
  /** It is part of a branch: its supervisor, or that of who is above it, is `elsewhere` to it. */
  readonly isBranch: boolean;
}

/** Which actors of a node. */
export interface TreeQuery {
  /** Of this job only: the actors of a run, or an actor that lives for itself and what is below it. Default all. */
  readonly job?: string | undefined;
  /** What the cluster itself needs as well. Default false. */
  readonly all?: boolean | undefined;
  /** Rows to pass over, and rows at most. */
  readonly from: number;
  readonly limit: number;
}

/** A part of what stands at a node. What comes and goes meanwhile may be told twice, or not at all. */
export interface TreePage {
  readonly rows: readonly ActorRow[];
  /** How many there are on all pages. */
  readonly total: number;
}

/** What stands in a partition. */
export interface StandingTrees {
  readonly endpoint: Endpoint;
  trees(): readonly { readonly run: string | undefined; readonly tree: TreeNode }[];
  branches(): readonly TreeNode[];
}

/** Rows of a page, whatever is asked for. */
const mostRows = 1_000;
/** Characters of a label. */
const longestLabel = 200;

/** Reads what somebody asks for; throws `RangeError`. */
export function readTreeQuery({ job, all, from = 0, limit = mostRows }: Partial<TreeQuery>): TreeQuery {
  checkCount(from, 0, "from");
  checkCount(limit, 1, "limit");
  return { job: typeof job === "string" ? job : undefined, all: all === true, from, limit: Math.min(limit, mostRows) };
}

/** As many rows as are asked for and fit into a message, one at least. */
export function treePage(partitions: Iterable<StandingTrees>, query: TreeQuery, maxBytes: number): TreePage {
  const { from, limit } = query;
  const rows: ActorRow[] = [];
  let total = 0;
  let left = maxBytes;
  for (const row of rowsOf(partitions, query)) {
    if (total++ < from || rows.length >= limit || left < 0) continue;
    left -= Buffer.byteLength(JSON.stringify(row)) + 1;
    if (left >= 0 || rows.length === 0) rows.push(row);
  }
  return { rows, total };
}

function* rowsOf(partitions: Iterable<StandingTrees>, { job, all = false }: TreeQuery): Generator<ActorRow> {
  for (const partition of partitions) {
    for (const { run, tree } of partition.trees()) {
      if (job !== undefined && run !== undefined && run !== job) continue;
      const top = job === undefined || run !== undefined ? undefined : (`/${job}` satisfies Address);
      const trees = all && top === undefined ? [tree] : tree.children;
      for (const each of trees) {
        if (top === undefined ? all || !isOwn(each.address) : each.address === top)
          yield* rowsBelow(each, { partition: partition.endpoint, run, depth: 0, isBranch: false });
      }
    }
    for (const branch of partition.branches()) {
      if (job === undefined || topOf(branch.address) === `/${job}`)
        yield* rowsBelow(branch, { partition: partition.endpoint, run: undefined, depth: 0, isBranch: true });
    }
  }
}

/** Desks, and the log of a run. */
function isOwn(address: Address): boolean {
  return address.startsWith("/desk-") || address.startsWith("/_");
}

function* rowsBelow(
  { children, ...node }: TreeNode,
  place: Pick<ActorRow, "partition" | "run" | "depth" | "isBranch">,
): Generator<ActorRow> {
  yield { ...node, label: node.label?.slice(0, longestLabel), ...place };
  for (const child of children) yield* rowsBelow(child, { ...place, depth: place.depth + 1 });
}
