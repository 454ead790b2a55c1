import { SeededRandom } from "../seeded-random.ts";

/** What a client wants of a teller. */
export interface ClusterOperation {
  readonly id: string;
  readonly atMs: number;
  /** Which teller. */
  readonly at: number;
  /** `add` is noted; `transfer` is delivered to another teller; `act` is done outside, and may be repeated; `pay` is done outside once. */
  readonly type: "add" | "transfer" | "act" | "pay";
  /** Which teller it is transferred to. */
  readonly to: number;
  /** How long it takes outside, in milliseconds. */
  readonly workMs: number;
}

/**
 * What becomes of the next append of a node: it fails before it is stored, or behind it; it takes long; of this one nobody knows, and nothing
 * more is stored through this opening (`over`); nothing is taken through this opening any more, for good (`refused`); it is stored, and the
 * process stands still before it hears of that (`stop`).
 */
export type JournalFault = "before" | "after" | "slow" | "over" | "refused" | "stop";

/** What goes wrong. `forMs`: how long, where it does not last for ever. */
export interface ClusterFault {
  readonly atMs: number;
  readonly how: "kill" | "stop" | "cut" | "drain" | "close" | "join" | "outage" | "append";
  /** Which node. */
  readonly whom: number;
  readonly forMs: number;
  readonly append: JournalFault;
}

/** A whole run: it is always the same for the same plan. */
export interface ClusterPlan {
  readonly seed: number;
  readonly nodes: number;
  readonly tellers: number;
  readonly partitions: number;
  /** Of packets and of calls of the leases: how many are lost, are doubled, and how long they take at most, in milliseconds. */
  readonly loss: number;
  readonly doubling: number;
  readonly lateMs: number;
  /** How wrong the clocks are. */
  readonly drift: number;
  readonly chaosMs: number;
  readonly operations: readonly ClusterOperation[];
  readonly faults: readonly ClusterFault[];
}

/** The plan of a seed. */
export function makeClusterPlan(seed: number): ClusterPlan {
  const random = new SeededRandom(`cluster ${seed}`);
  const tellers = random.int(2, 5);
  const chaosMs = random.int(8_000, 30_000);
  const operation = (_: unknown, n: number): ClusterOperation => ({
    id: `op-${n}`,
    atMs: random.int(0, chaosMs),
    at: random.int(0, tellers - 1),
    type: random.pick(["add", "add", "transfer", "transfer", "act", "pay"]),
    to: random.int(0, tellers - 1),
    workMs: random.pick([0, 20, 400, 3_000]),
  });
  const fault = (): ClusterFault => ({
    atMs: random.int(0, chaosMs),
    how: random.pick(["kill", "kill", "stop", "stop", "cut", "cut", "drain", "close", "join", "join", "outage", "append", "append"]),
    whom: random.int(0, 99),
    forMs: random.pick([300, 1_500, 2_800, 3_500, 6_000, 12_000]),
    append: random.pick(["before", "after", "slow", "over", "refused", "stop", "stop"]),
  });
  return {
    seed,
    nodes: random.int(1, 3),
    tellers,
    partitions: random.int(1, 4),
    loss: random.pick([0, 0, 0.02, 0.15]),
    doubling: random.pick([0, 0.02, 0.15]),
    lateMs: random.pick([1, 20, 300]),
    drift: random.pick([0, 0.03]),
    chaosMs,
    operations: Array.from({ length: random.int(4, 30) }, operation),
    faults: Array.from({ length: random.int(0, 8) }, fault),
  };
}
