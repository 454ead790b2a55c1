import {
  buildRun,
  readRunLog,
  RunRecord,
  specsOfRun,
  type ChildSpec,
  type JournalReader,
  type Logic,
  type ModelClient,
  type Organization,
  type RunTree,
} from "orgtree";
import { UsageError } from "../input/usage-error.ts";

/**
 * Builds the run of an organization to look at: with a stand-in for what it works on and for its model. Nothing in it runs.
 *
 * Throws `SpecError` when a charter names what does not exist, `UsageError` when the organization cannot be built without
 * the real thing.
 */
export function buildStandInRun(organization: Organization): RunTree {
  const environment = standInFor({ check: "CHECK" });
  try {
    return buildRun({ organization, task: "TASK", environment, model: noModel, record: new RunRecord(), address: `/${organization.name}` });
  } catch (error) {
    throw inWords(error, organization);
  }
}

/**
 * What the run in a journal was started with, with a stand-in for what it worked on. Rejects as `specsOfRun` does, and with `UsageError` when
 * the organization cannot be built without the real thing.
 */
export async function standInSpecs(organization: Organization, journal: JournalReader): Promise<readonly ChildSpec<Logic>[]> {
  const check = (await readRunLog(journal))?.place?.check ?? "CHECK";
  try {
    return await specsOfRun(organization, { journal, environment: standInFor({ check }) });
  } catch (error) {
    throw inWords(error, organization);
  }
}

/** A repository, or whatever else it is taken for. */
function standInFor({ check }: { readonly check: string }): unknown {
  return standIn("REPOSITORY", { check, workspace: standIn("workspace", { root: "/repository", repo: "/repository" }) });
}

/** An expected error is known by its field: the file may have brought another copy of orgtree. */
function inWords(error: unknown, { name }: Organization): unknown {
  if (error instanceof Error && "retryable" in error) return error;
  const problem = `${name} cannot be built to look at it: ${(error as Error).message}`;
  return new UsageError(problem, "what it is made of must not be read before it runs");
}

const noModel: ModelClient = {
  provider: "none",
  model: "none",
  worstCase: () => ({ tokens: 0, usd: 0 }),
  complete: () => Promise.reject(new UsageError("a stand-in has no model")),
};

/** Something that has every property and every method, all of them stand-ins too; in a text it is its name. */
function standIn(name: string, known: Readonly<Record<string, unknown>> = {}): unknown {
  return new Proxy(() => {}, {
    get(_target, key) {
      if (typeof key === "string" && key in known) return known[key];
      if (key === Symbol.toPrimitive) return () => name;
      if (key === Symbol.iterator) return () => [].values();
      // A promise would never be kept.
      return key === "then" || typeof key === "symbol" ? undefined : standIn(`${name}.${key}`);
    },
    apply: () => standIn(`${name}()`),
  });
}
