import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/** What npm tells a script that it runs. */
export interface NpmCall {
  readonly script: string;
  /** Whether npm itself was given `--name`. */
  readonly hasOption: (name: string) => boolean;
}

/** `json` is npm's own as well: whoever has set it for npm did not mean it for us. */
const ownOfNpm: ReadonlySet<string> = new Set(["json"]);

/**
 * Throws `UsageError` when options were written without `--` before them: npm keeps those for itself, and the command would
 * do something else than it was told.
 */
export function checkNpmOptions(args: readonly string[], commands: readonly Command[], npm: NpmCall): void {
  const names = commands.flatMap(({ options }) => options.map(({ name }) => name)).filter((name) => !ownOfNpm.has(name));
  const kept = [...new Set(names)].filter((name) => npm.hasOption(name) && !args.some((arg) => arg.split("=")[0] === `--${name}`));
  if (kept.length === 0) return;
  const options = kept.map((name) => `--${name}`).join(", ");
  throw new UsageError(`npm has kept ${options} for itself`, `write -- before what is meant for orgtree: npm run ${npm.script} -- …`);
}
