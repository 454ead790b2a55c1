import { ExpectedError } from "@orgtree/core";

/** The environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says cannot be used. The message has a line for each variable: what is wrong with it, and the remedy. */
export class ConfigError extends ExpectedError {
  override readonly name = "ConfigError";
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** A whole number, and where nothing is said. */
export interface WholeNumber {
  readonly name: string;
  /** What is counted, such as `milliseconds`. */
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  readonly byDefault: number;
}

/** Variables of the environment, read one by one: what is wrong with any of them is told at once. An empty variable is none. */
export class Variables {
  readonly problems: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | undefined {
    return this.#environment[name]?.trim() || undefined;
  }

  /** A text that has to look like this. */
  matching(
    name: string,
    { pattern, remedy, byDefault }: { readonly pattern: RegExp; readonly remedy: string; readonly byDefault: string },
  ): string {
    const said = this.text(name) ?? byDefault;
    if (!pattern.test(said)) this.problems.push(`${name} is "${said}": ${remedy}`);
    return said;
  }

  oneOf(name: string, known: readonly string[], byDefault: string): string {
    return this.matching(name, { pattern: new RegExp(`^(?:${known.join("|")})$`), remedy: `write one of ${known.join(", ")}`, byDefault });
  }

  whole({ name, unit, least, most, byDefault }: WholeNumber): number {
    const said = this.text(name);
    if (said === undefined) return byDefault;
    const number = Number(said);
    if (/^\d+$/.test(said) && number >= least && number <= most) return number;
    this.problems.push(`${name} is "${said}": write ${unit}, a whole number from ${least} to ${most}, or leave it out for ${byDefault}`);
    return byDefault;
  }

  /** Names with commas between them. */
  list(name: string): readonly string[] {
    return (this.text(name) ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  }

  /** Pools and their partitions, as `main=16,gpu=4`; the same for all that belong to a cluster. */
  partitions(name: string): Readonly<Record<string, number>> {
    const text = this.text(name) ?? "main=16";
    const pools = text.split(",").map((pool) => /^\s*([A-Za-z0-9_-]{1,32})=(\d{1,4})\s*$/.exec(pool));
    const counts = pools.map((parts): [string, number] => [parts?.[1] ?? "", Number(parts?.[2])]);
    if (counts.every(([pool, count]) => pool !== "" && count >= 1 && count <= 1_024)) return Object.fromEntries(counts);
    this.problems.push(`${name} is "${text}": write main=16, or main=16,gpu=4, the same at all nodes and gateways`);
    return {};
  }

  logLevel(name: string): string {
    return this.oneOf(name, ["fatal", "error", "warn", "info", "debug", "trace", "silent"], "info");
  }

  /** Throws `ConfigError` where anything was wrong. */
  check(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}
