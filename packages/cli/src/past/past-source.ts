import { clusterOptions, waitOption } from "../cluster/cluster-options.ts";
import type { CommandInput, CommandOption } from "../input/command.ts";
import { valueOf } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";

/** Of each command that looks at a past: it may be that of a job in a cluster. */
export const jobOptions: readonly CommandOption[] = [
  { name: "job", value: "ID", text: "In place of FILE: what the nodes of a cluster have stored of this job." },
  ...clusterOptions,
  waitOption,
];

/** What is said in the help of each of them. */
export const jobParagraph =
  "With --job ID there is no FILE: what is stored of that job of a cluster is read from the servers, as it stands when the command begins. No node is asked, and none has to be up. The job is a run; of an actor, history, show and diff tell what all actors of its partition have. A run of a cluster is put back only while no node hosts its partition. A fork of one goes on with run() or runOnRepository() of the library, since orgtree run did not begin it.";

/** Whose past is meant. */
export interface PastSource {
  /** As it was named. */
  readonly name: string;
  /** Undefined where it is that of a job. */
  readonly file: string | undefined;
  /** What was written behind FILE. */
  readonly operands: readonly string[];
  readonly input: CommandInput;
}

/** Reads whose past is meant; throws `UsageError`. */
export function sourceOf(input: CommandInput): PastSource {
  const job = valueOf(input, "job");
  if (job !== undefined) return { name: `the job ${job}`, file: undefined, operands: input.operands, input };
  const strange = [...clusterOptions, waitOption].find(({ name }) => input.values.has(name));
  if (strange !== undefined) throw new UsageError(`--${strange.name} is about a cluster, and a FILE is in none`, "name a job: --job ID");
  const [file = "", ...operands] = input.operands;
  return { name: file, file, operands, input };
}

/** How the past is named on a command line. */
export function sourceArgument({ file, input }: PastSource): string {
  return file ?? `--job ${valueOf(input, "job")}`;
}
