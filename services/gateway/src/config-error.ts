import { ExpectedError } from "@orgtree/core";

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
