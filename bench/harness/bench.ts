/** The words of the benches: who does what how often, and what has to come of it. */

/**
 * What one round gave. `done` is counted at the receiving end, never taken from what was sent. The process of the contender
 * adds `cpu`, the milliseconds that all its threads worked.
 */
export interface Sample {
  readonly done: number;
  readonly [measure: string]: number;
}

/** Does the work once and says what came of it. `size` is how much: messages, children, turns. */
export type Job = (size: number) => Sample | Promise<Sample>;

/** Prepares the work; undefined where what it needs is not there, such as a build. */
export type SetUp = () => Job | undefined | Promise<Job | undefined>;

/** Who does the work: a Node process of its own that `setUp` prepares, or one of the jobs in `erlang/bench.erl`. */
export type Contender = { readonly runs: "node"; readonly setUp: SetUp } | { readonly runs: "erlang"; readonly job: string };

/** How a sample is read. */
export interface Measure {
  readonly unit: string;
  readonly better: "more" | "less";
  readonly of: (sample: Sample) => number;
}

/** One row of the table: our measure alone, or against a peer. Floor and goal are of the ratio where there is a peer. */
export interface Row {
  readonly what: string;
  readonly measure: Measure;
  readonly peer?: string;
  readonly floor?: number;
  readonly goal?: number;
  /** Whose figure it is. Default the first contender, which is ours. */
  readonly by?: string;
  /** What to say when there are no figures. Default that the contender is not installed. */
  readonly otherwise?: string;
}

/** One comparison: the contenders do the same work, turn by turn. */
export interface Comparison {
  readonly name: string;
  readonly size: number;
  /** Default 7. */
  readonly rounds?: number;
  /** Rounds that do not count: a just-in-time compiler needs some. Default 4. */
  readonly warmUps?: number;
  /** Every round in a new process: for bytes and for first times. Default false. */
  readonly fresh?: boolean;
  /** By name, ours first. */
  readonly contenders: Readonly<Record<string, Contender>>;
  readonly rows: readonly Row[];
}

/** A file of benches. */
export interface Bench {
  /** That of its file. */
  readonly name: string;
  readonly comparisons: readonly Comparison[];
}

export function node(setUp: SetUp): Contender {
  return { runs: "node", setUp };
}

export function erlang(job: string): Contender {
  return { runs: "erlang", job };
}

/** Things done in a second. */
export const perSecond: Measure = { unit: "/s", better: "more", of: ({ done, ms }) => (done / ms!) * 1_000 };

/** Heap bytes for each. */
export const bytesEach: Measure = { unit: "B", better: "less", of: ({ done, bytes }) => bytes! / done };

/** A measure that a job gives as it is. */
export function plainly(measure: string, unit: string): Measure {
  return { unit, better: "less", of: (sample) => sample[measure]! };
}

/** Runs `work` and gives back its count with the milliseconds it took. */
export async function timed(work: () => number | Promise<number>): Promise<Sample> {
  const begin = performance.now();
  const done = await work();
  return { done, ms: performance.now() - begin };
}
