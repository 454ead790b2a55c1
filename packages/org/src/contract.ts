import { checkFields, checkSegment, SpecError, type CheckContext, type CheckOutcome } from "@orgtree/core";
import { checkFingerprint } from "./work-fingerprint.ts";

/** What a check of a contract is run with. */
export interface ArtefactContext extends CheckContext {
  /**
   * Fingerprint of the work that is to be checked. A check that can get at a frozen version of it looks at that one and not at the
   * living work, which may change and change back meanwhile.
   */
  readonly artefact: string;
}

/** An acceptance check that a machine can execute, as opposed to an opinion. */
export interface Check {
  readonly run: (context: ArtefactContext) => Promise<CheckOutcome>;
}

/** One thing that done means. */
export interface Criterion {
  /** Unique in its contract. Letters, digits, `_` and `-`. */
  readonly id: string;
  /** In words, as the worker is told. */
  readonly statement: string;
  readonly check: Check;
}

/** What done means, agreed before work: no successful end without it. `E` is the environment of a run. */
export interface Contract<E = unknown> {
  /** At least one. Made once for each run. */
  readonly criteria: (environment: E) => readonly Criterion[];
  /** Names the work as it stands, by a text: equal fingerprints, equal work. Evidence holds for one fingerprint only. */
  readonly fingerprint: (environment: E) => Promise<string>;
}

/** A contract for the environment of one run. */
export interface RunContract {
  readonly criteria: readonly Criterion[];
  readonly fingerprint: () => Promise<string>;
}

/** Checks what of a contract can be checked before there is an environment; throws `SpecError`. */
export function checkContract<E>(contract: Contract<E>): void {
  checkFields(contract, { field: "contract", known: ["criteria", "fingerprint"] });
  for (const name of ["criteria", "fingerprint"] as const) {
    if (typeof contract[name] !== "function")
      throw new SpecError(`contract.${name}`, `a function, ${name}: (environment) => …, since every run has its own environment`);
  }
}

/** Makes the contract of one run; throws `SpecError` for an empty one, whose acceptance would mean nothing, and for equal ids. */
export function openContract<E>(contract: Contract<E>, environment: E): RunContract {
  const criteria = contract.criteria(environment).map((criterion, at) => checkCriterion(criterion, `contract.criteria[${at}]`));
  if (criteria.length === 0) throw new SpecError("contract.criteria", "needs at least one criterion with an executable check");
  const ids = criteria.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw new SpecError("contract.criteria", `two criteria have the id "${twice}"; give each its own`);
  return { criteria, fingerprint: async () => checkFingerprint(await contract.fingerprint(environment)) };
}

/** The criteria as a worker is told them. */
export function describeCriteria(criteria: readonly Pick<Criterion, "id" | "statement">[]): string {
  return criteria.map(({ id, statement }) => `- ${id}: ${statement}`).join("\n");
}

/** A copy: whoever made the criterion may not change it later. */
function checkCriterion(criterion: Criterion, field: string): Criterion {
  checkFields(criterion, { field, known: ["id", "statement", "check"] });
  checkSegment(criterion.id);
  if (typeof criterion.statement !== "string")
    throw new SpecError(`${field}.statement`, "say in words what has to hold; the worker is told so");
  checkFields(criterion.check, { field: `${field}.check`, known: ["run"] });
  const { run } = criterion.check;
  if (typeof run !== "function") throw new SpecError(`${field}.check.run`, "a function, async (context) => ({ passed, observed })");
  return { id: criterion.id, statement: criterion.statement, check: { run } };
}
