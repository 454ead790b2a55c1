import { UsageError } from "../input/usage-error.ts";

/** Nobody in the cluster knows the job. */
export function unknownJob(id: string): UsageError {
  return new UsageError(`there is no job ${id}`, "orgtree jobs lists them; those that ended long ago are forgotten");
}
