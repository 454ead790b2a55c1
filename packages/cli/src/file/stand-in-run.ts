import {
  buildRun,
  RunRecord,
  SpecError,
  type Logic,
  type ModelClient,
  type Organization,
  type RunTree,
  type SupervisorSpec,
} from "orgtree";
import { UsageError } from "../input/usage-error.ts";

/** A run as it would be started, with its supervisor's specification at hand. Nothing in it runs. */
export interface StandInRun {
  readonly tree: RunTree;
  readonly supervisor: SupervisorSpec<Logic>;
}

/**
 * Builds the run of an organization to look at: with a stand-in for what it works on and for its model.
 *
 * Throws `SpecError` when a charter names what does not exist, `UsageError` when the organization cannot be built without
 * the real thing.
 */
export function buildStandInRun(organization: Organization): StandInRun {
  const environment = standIn("REPOSITORY", {
    check: "CHECK",
    workspace: standIn("workspace", { root: "/repository", repo: "/repository" }),
  });
  const tree = build(organization, environment);
  const { logic } = tree.spec;
  if (!("kind" in logic) || logic.kind !== "supervisor") throw new UsageError(`${organization.name} is not led by a supervisor`);
  return { tree, supervisor: logic.spec };
}

function build(organization: Organization, environment: unknown): RunTree {
  try {
    return buildRun({ organization, task: "TASK", environment, model: noModel, record: new RunRecord(), address: `/${organization.name}` });
  } catch (error) {
    if (error instanceof SpecError || (error instanceof Error && error.name === "SpecError")) throw error;
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
