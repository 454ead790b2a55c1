import type { Endpoint } from "@orgtree/core";
import { stableHash } from "./stable-hash.ts";

/**
 * Who is to host each partition of one pool, from who hosts it now: everybody gets the same number, or one more, and nothing moves that need not.
 * What is free, or too much where it is, goes to whom rendezvous hashing likes best of those that have room. The same for all who know
 * the same; where they do not, the records decide, and what came of it is kept as far as it is even.
 */
export function place(
  partitions: readonly Endpoint[],
  live: readonly string[],
  hostOf: (partition: Endpoint) => string | undefined,
): ReadonlyMap<Endpoint, string> {
  const placed = new Map<Endpoint, string>();
  if (live.length === 0) return placed;
  const nodes = live.toSorted();
  const hosted = new Map<string, Endpoint[]>(nodes.map((node) => [node, []]));
  for (const partition of partitions) hosted.get(hostOf(partition) ?? "")?.push(partition);
  const room = roomOf(partitions.length, hosted);
  for (const [node, own] of hosted) {
    const kept = own.sort((one, other) => byLiking(score(node, one), score(node, other))).slice(0, room.get(node));
    for (const partition of kept) placed.set(partition, node);
    room.set(node, room.get(node)! - kept.length);
  }
  for (const partition of partitions) {
    if (placed.has(partition)) continue;
    const liked = nodes
      .filter((node) => room.get(node)! > 0)
      .sort((one, other) => byLiking(score(one, partition), score(other, partition)));
    placed.set(partition, liked[0]!);
    room.set(liked[0]!, room.get(liked[0]!)! - 1);
  }
  return placed;
}

/**
 * How many each may have. Where it does not come out even, those have one more that have it now; how much more than that they have does not
 * count, since it changes while they give it away.
 */
function roomOf(count: number, hosted: ReadonlyMap<string, readonly Endpoint[]>): Map<string, number> {
  const least = Math.floor(count / hosted.size);
  const more = count % hosted.size;
  const hasMore = ({ length }: readonly Endpoint[]): number => (length > least ? 1 : 0);
  const inTurn = Array.from(hosted).sort(
    ([one, ofOne], [other, ofOther]) => hasMore(ofOther) - hasMore(ofOne) || byLiking(stableHash(one), stableHash(other)),
  );
  return new Map(inTurn.map(([node], at) => [node, at < more ? least + 1 : least]));
}

function score(node: string, partition: Endpoint): number {
  return stableHash(`${node} ${partition}`);
}

function byLiking(one: number, other: number): number {
  return other - one;
}
