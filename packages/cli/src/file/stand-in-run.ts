import { buildRun, RunRecord, type ModelClient, type Organization, type RunTree } from "orgtree";
import { UsageError } from "../input/usage-error.ts";

/**
 * Builds the run of an organization to look at: with a stand-in for what it works on and for its model. Nothing in it runs.
 *
 * Throws `SpecError` when a charter names what does not exist, `UsageError` when the organization cannot be built without
 * the real thing.
 */
export function buildStandInRun(organization: Organization): RunTree {
  const environment = standIn("REPOSITORY", {
    check: "CHECK",
    workspace: standIn("workspace", { root: "/repository", repo: "/repository" }),
  });
  try {
    return buildRun({ organization, task: "TASK", environment, model: noModel, record: new RunRecord(), address: `/${organization.name}` });
  } catch (error) {
    // By its name: the file may have brought another copy of orgtree.
    if (error instanceof Error && error.name === "SpecError") throw error;
    throw new UsageError(
      `${organization.name} cannot be built to look at it: ${(error as Error).message}`,
      "what it is made of must not be read before it runs",
    );
  }
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
