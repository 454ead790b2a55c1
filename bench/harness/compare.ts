import { perSecond, type Bench, type Comparison, type Row, type Sample } from "./bench.ts";
import { openContender, type Open } from "./contenders.ts";
import { figureOf, ratioOf, type Figure } from "./statistics.ts";

/** The goal is reached, the floor is kept, or it is not; `not yet` is short of a goal without a floor. */
export type Verdict = "goal" | "floor" | "below" | "not yet" | "none";

/** A row with its figures. */
export interface Result {
  readonly bench: string;
  readonly what: string;
  readonly unit: string;
  readonly better: "more" | "less";
  /** Whom ours is compared with; floor and goal are then of the ratio. */
  readonly against: string | undefined;
  readonly ours: Figure | undefined;
  readonly peer: { readonly figure: Figure; readonly ratio: Figure; readonly cpuRatio: Figure | undefined } | undefined;
  readonly floor: number | undefined;
  readonly goal: number | undefined;
  readonly verdict: Verdict;
  /** Why there are no figures. */
  readonly missing?: string;
}

/** Carries out a comparison: all contenders at once in processes of their own, one of them working at a time. */
export async function compare(bench: Bench, comparison: Comparison): Promise<Result[]> {
  const samples = new Map(Object.keys(comparison.contenders).map((name): [string, Sample[]] => [name, []]));
  if (comparison.fresh === true) await freshRounds(bench, comparison, samples);
  else await rounds(bench, comparison, samples);
  return comparison.rows.map((row) => resultOf(bench, comparison, { row, samples }));
}

async function rounds(bench: Bench, comparison: Comparison, samples: Map<string, Sample[]>): Promise<void> {
  const { warmUps = 4, rounds: count = 7, size } = comparison;
  const open = new Map<string, Open>();
  try {
    for (const name of samples.keys()) {
      const contender = await openContender(bench, comparison, name);
      if (contender !== undefined) open.set(name, contender);
    }
    for (let round = -warmUps; round < count; round++) {
      for (const [name, contender] of open) {
        const sample = checked(await contender.round(size), { size, name: `${bench.name}, ${comparison.name}, ${name}` });
        if (round >= 0) samples.get(name)!.push(sample);
      }
    }
  } finally {
    for (const contender of open.values()) await contender.close();
  }
}

async function freshRounds(bench: Bench, comparison: Comparison, samples: Map<string, Sample[]>): Promise<void> {
  const { rounds: count = 3, size } = comparison;
  for (let round = 0; round < count; round++) {
    for (const [name, taken] of samples) {
      const contender = await openContender(bench, comparison, name);
      if (contender === undefined) continue;
      try {
        taken.push(checked(await contender.round(size), { size, name: `${bench.name}, ${comparison.name}, ${name}` }));
      } finally {
        await contender.close();
      }
    }
  }
}

/** A figure of work that was not done is worth nothing: the bench ends here. */
function checked(sample: Sample, asked: { readonly size: number; readonly name: string }): Sample {
  if (sample.done !== asked.size) throw new Error(`${asked.name}: ${sample.done} of ${asked.size} were done`);
  return sample;
}

function resultOf(bench: Bench, comparison: Comparison, measured: { row: Row; samples: ReadonlyMap<string, readonly Sample[]> }): Result {
  const { row, samples } = measured;
  const { measure, what, floor, goal, peer, by = Object.keys(comparison.contenders)[0]! } = row;
  const facts = { bench: bench.name, what, unit: measure.unit, better: measure.better, against: peer, floor, goal };
  const valuesOf = (name: string): number[] => samples.get(name)!.map((sample) => measure.of(sample));
  const none = (name: string): string => row.otherwise ?? `${name} is not installed`;
  const values = valuesOf(by);
  if (values.length === 0) return { ...facts, ours: undefined, peer: undefined, verdict: "none", missing: none(by) };
  const ours = figureOf(values);
  if (peer === undefined) return { ...facts, ours, peer: undefined, verdict: verdictOf(ours.median, row) };
  const others = valuesOf(peer);
  if (others.length === 0) return { ...facts, ours, peer: undefined, verdict: "none", missing: none(peer) };
  const ratio = ratioOf(values, others);
  const cpuRatio = measure === perSecond ? cpuRatioOf(samples.get(by)!, samples.get(peer)!) : undefined;
  return { ...facts, ours, peer: { figure: figureOf(others), ratio, cpuRatio }, verdict: verdictOf(ratio.median, row) };
}

/** The same ratio by CPU time, which other work on the machine disturbs less; it counts the collector's threads too. */
function cpuRatioOf(ours: readonly Sample[], peer: readonly Sample[]): Figure | undefined {
  const ratios = ours.map((sample, round) => peer[round]!["cpu"]! / sample["cpu"]!);
  return ratios.every(Number.isFinite) ? figureOf(ratios) : undefined;
}

function verdictOf(value: number, { floor, goal, measure }: Row): Verdict {
  const reaches = (mark: number): boolean => (measure.better === "more" ? value >= mark : value <= mark);
  if (floor === undefined && goal === undefined) return "none";
  if (goal !== undefined && reaches(goal)) return "goal";
  if (floor === undefined) return "not yet";
  return reaches(floor) ? "floor" : "below";
}
