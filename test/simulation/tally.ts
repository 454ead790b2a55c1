import type { Outcome } from "./simulation.ts";

/** What a set of runs had in it: one in which nothing went wrong, or nothing was done, shows nothing. */
export class Tally {
  #runs = 0;
  #steps = 0;
  #answers = 0;
  #turns = 0;
  readonly #struck = new Map<string, number>();
  readonly #seen = new Map<string, number>();

  add({ history, turns, steps, plan }: Outcome): void {
    this.#runs++;
    this.#steps += steps;
    this.#turns += turns.length;
    const answered = new Set(history.of("answered").map(({ operation }) => operation));
    this.#answers += answered.size;
    for (const { fault, how } of history.of("struck")) count(this.#struck, `${fault} ${how}`);
    for (const { id, order } of plan.operations) if (answered.has(id)) count(this.#seen, order.type);
    for (const { cause } of turns) if (cause.startsWith("orgtree.")) count(this.#seen, cause.slice("orgtree.".length));
    for (const { does } of history.of("work")) count(this.#seen, `work ${does}`);
    for (const { removed } of history.of("compacted")) if (removed > 0) count(this.#seen, "compacted");
    for (const { event } of history.events("report")) count(this.#seen, event.report.context);
    for (const { event } of history.of("event")) if (event.type !== "state-changed") count(this.#seen, event.type);
  }

  /** What was too little, in words; for sets of fifty runs and more. */
  get problem(): string | undefined {
    if (this.#runs < 50) return undefined;
    const never = expectedFaults.filter((fault) => !this.#struck.has(fault));
    if (never.length > 0) return `never struck: ${never.join(", ")}`;
    const unseen = expectedDeeds.filter((deed) => !this.#seen.has(deed));
    if (unseen.length > 0) return `never happened: ${unseen.join(", ")}`;
    const perRun = this.#answers / this.#runs;
    return perRun < 5 ? `only ${perRun.toFixed(1)} operations were answered in a run` : undefined;
  }

  toString(): string {
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([what, times]) => `${what} ${times}`)
        .join(", ");
    return [
      `${this.#runs} runs, ${this.#steps} steps, ${this.#turns} turns stored, ${this.#answers} operations answered`,
      `faults: ${list(this.#struck)}`,
      `seen: ${list(this.#seen)}`,
    ].join("\n");
  }
}

const expectedFaults = ["crash kill", "crash zombie", "crash close", "append before", "append after", "append for-good", "append slow"];
const expectedDeeds =
  "add transfer hint question timer cancel watch job pause admin reply ask-failed down actor-failed dead-letter restart-scheduled escalated-to-root"
    .split(" ")
    .concat(
      "work pure",
      "work idempotent",
      "work irreversible",
      "checkpoint",
      "rolled-back",
      "replanned",
      "auto-shutdown",
      "compacted",
      "spent",
    );

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
