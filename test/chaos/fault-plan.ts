import type { SeededRandom } from "../simulation/seeded-random.ts";

/** What goes wrong. */
export type FaultKind =
  /** SIGKILL, and another process a while later. */
  | "kill-node"
  /** SIGSTOP for less than the lease. */
  | "stop-short"
  /** SIGSTOP for longer than the lease: others take over, and it wakes as a zombie. */
  | "stop-long"
  /** All ways of a node to the servers are cut. */
  | "cut-links"
  /** Nothing comes through them, and nobody is told. */
  | "silence-links"
  /** The server that leads a journal is killed, and started again. */
  | "kill-broker"
  /** A server stands still for short times, as one whose disk is slow. */
  | "slow-broker"
  /** All servers stand still, for longer than journals wait for them. */
  | "stop-brokers"
  /** Each node in turn hands over and leaves (SIGTERM), and another comes. */
  | "roll-nodes"
  /** Each server in turn is told to end, and started again. */
  | "roll-brokers";

export interface Fault {
  readonly kind: FaultKind;
  /** After the one before was struck, or is over. */
  readonly gapMs: number;
  /** Does not wait until the one before is over. */
  readonly isBeside: boolean;
  /** How long it lasts, or until what was killed is there again. */
  readonly forMs: number;
  /** Decides who is struck, among those that can be. */
  readonly pick: number;
  /** Of the logic of a node that is started. */
  readonly version: 1 | 2;
}

/** By how much of a lease a fault lasts. */
const leases: Readonly<Record<FaultKind, readonly [number, number]>> = {
  "kill-node": [0, 0.8],
  "stop-short": [0.1, 0.6],
  "stop-long": [1.6, 3],
  "cut-links": [0.2, 2.5],
  "silence-links": [0.2, 2.5],
  "kill-broker": [0.3, 1.5],
  "slow-broker": [0.3, 1],
  "stop-brokers": [7, 9],
  "roll-nodes": [0, 0],
  "roll-brokers": [0.1, 0.3],
};

/** All that there are. */
export const faultKinds = Object.keys(leases) as readonly FaultKind[];

export function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(leases, name);
}

/** As often as they come. */
const often: readonly FaultKind[] = [
  "kill-node",
  "kill-node",
  "kill-node",
  "stop-short",
  "stop-long",
  "stop-long",
  "cut-links",
  "silence-links",
  "kill-broker",
  "kill-broker",
  "slow-broker",
  "stop-brokers",
  "roll-nodes",
  "roll-nodes",
  "roll-brokers",
];

/** What concerns everybody, and strikes alone. */
export const aloneKinds: readonly FaultKind[] = ["stop-brokers", "roll-nodes", "roll-brokers"];

/** What faults are made of. */
export interface FaultPlan {
  readonly leaseMs: number;
  /** These come first, in some order, so that a short run has them all. */
  readonly first: readonly FaultKind[];
  /** Only these come at all. Default: all of them. */
  readonly only?: readonly FaultKind[] | undefined;
}

/** Faults without end. */
export function* planFaults(random: SeededRandom, { leaseMs, first, only }: FaultPlan): Generator<Fault> {
  const begin = random.shuffle(first);
  const kinds = often.filter((kind) => only?.includes(kind) ?? true);
  for (;;) {
    const kind = begin.shift() ?? random.pick(kinds);
    const [least, most] = leases[kind];
    // Now and then there is quiet, so that it is seen how long it takes to go on.
    const isQuiet = begin.length === 0 && random.chance(0.3);
    yield {
      kind,
      gapMs: isQuiet ? 4 * leaseMs : random.int(Math.round(leaseMs * 0.2), Math.round(leaseMs * 1.5)),
      isBeside: !isQuiet && random.chance(0.3),
      forMs: random.int(Math.round(leaseMs * least), Math.round(leaseMs * most)),
      pick: random.next(),
      version: random.chance(0.5) ? 2 : 1,
    };
  }
}
