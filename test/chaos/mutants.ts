import type { Mutant } from "../simulation/mutants.ts";
import type { FaultKind } from "./fault-plan.ts";

/** A mistake that is planted in the nodes, to see that the checker finds it. */
export interface ChaosMutant extends Mutant {
  /** What strikes while it is looked for. */
  readonly only: readonly FaultKind[];
  readonly minutes: number;
}

const runtime = "runtime/src";
const takeover = ["kill-node", "stop-long", "cut-links", "silence-links", "roll-nodes"] satisfies readonly FaultKind[];

/**
 * Found by what comes of it outside: none of them is noticed by the process that makes it. What chaos meets now and then only is not among them:
 * that is for deterministic tests.
 */
export const chaosMutants: readonly ChaosMutant[] = [
  {
    name: "what was delivered is taken again",
    file: `${runtime}/durable/taken-marks.ts`,
    from: "  return !isLater(key, taken[from]) && ",
    to: "  return false && ",
    only: takeover,
    minutes: 1,
  },
  {
    name: "what was not handed over is not sent again when a system is there again",
    file: `${runtime}/remote/remote.ts`,
    from: "    for (const cell of cells.values()) resumeToward(cell, isThere);",
    to: "    void cells;",
    only: takeover,
    minutes: 1,
  },
  {
    name: "whoever was replaced may store",
    file: "nats/src/journal/log-writer.ts",
    from: '    expected.set("Nats-Expected-Last-Sequence"',
    to: '    void ("Nats-Expected-Last-Sequence"',
    only: ["stop-long", "silence-links"],
    minutes: 2,
  },
  {
    name: "a turn counts before it is stored",
    file: "node/src/leased-journal.ts",
    from: "      position = await this.#journal.append(entries);",
    to: "      position = 1; void this.#journal.append(entries).catch(() => {});",
    only: takeover,
    minutes: 1,
  },
  {
    name: "irreversible work begins again",
    file: `${runtime}/actor/work.ts`,
    from: '  if (does === "pure" || does === "idempotent") return "begin";',
    to: '  if (does !== "compensable") return "begin";',
    only: ["kill-node"],
    minutes: 1,
  },
  {
    name: "compensable work begins again, and is not taken back",
    file: `${runtime}/actor/work.ts`,
    from: '  if (does === "pure" || does === "idempotent") return "begin";',
    to: '  if (does !== "irreversible") return "begin";',
    only: ["kill-node"],
    minutes: 1,
  },
];
