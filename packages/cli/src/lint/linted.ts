import { isMachine, isOrganization, lintMachine, type LintFinding, type Logic, type Organization } from "orgtree";
import { ImportError, type LoadedFile } from "../file/load-organization.ts";
import { buildStandInRun } from "../file/stand-in-run.ts";

/** What the lint found in one thing that a file exports. */
export interface Linted {
  /** Where it is: the name of the export, or the place in its organization, `bugfix/worker`. */
  readonly subject: string;
  readonly findings: readonly Finding[];
  /** By which states it ends; empty for what is no machine. */
  readonly ends: readonly string[];
}

/** A finding of the termination lint, or of the checks that an organization has to pass before it starts. */
export interface Finding extends Omit<LintFinding, "rule"> {
  readonly rule: LintFinding["rule"] | "spec";
}

/** How deep machines are looked for in exported lists and objects. */
const maxDepth = 3;

/** Lints every machine that a file exports, and the machines of every organization. Nothing of them is run. */
export function lintFile(file: LoadedFile): readonly Linted[] {
  const seen = new Set<unknown>();
  return Object.entries(file.exports).flatMap(([name, value]) => lintValue(name, value, { depth: 0, seen }));
}

/** What a file that cannot even be imported says about its own specification; undefined when it is another fault. */
export function lintImportFailure(error: unknown): Linted | undefined {
  if (!(error instanceof ImportError)) return undefined;
  const finding = specFinding(error.cause);
  return finding === undefined ? undefined : { subject: error.file, findings: [finding], ends: [] };
}

interface Search {
  readonly depth: number;
  readonly seen: Set<unknown>;
}

function lintValue(name: string, value: unknown, search: Search): readonly Linted[] {
  if (typeof value !== "object" || value === null || search.seen.has(value)) return [];
  search.seen.add(value);
  if (isOrganization(value)) return lintOrganization(value);
  const linted = lintLogic(name, value as Logic, false);
  if (linted !== undefined) return [linted];
  if (search.depth >= maxDepth || !isPlainObject(value)) return [];
  const deeper = { ...search, depth: search.depth + 1 };
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, inner]) => lintValue(isList ? `${name}[${key}]` : `${name}.${key}`, inner, deeper));
}

/** In an organization a child that fails its actor is what the supervisor is for, so that it is not worth a warning there. */
const supervised: Finding["rule"] = "invoke-without-onError";

function lintOrganization(organization: Organization): readonly Linted[] {
  try {
    const { children = [] } = buildStandInRun(organization).spec.logic.spec;
    return children.flatMap(({ id, logic, budget }) => {
      // The time limit of the run holds for everything in it.
      const hasDeadline = organization.budget.wallMs !== undefined || budget?.wallMs !== undefined;
      const linted = lintLogic(`${organization.name}/${id}`, logic, hasDeadline);
      return linted === undefined ? [] : [{ ...linted, findings: linted.findings.filter(({ rule }) => rule !== supervised) }];
    });
  } catch (error) {
    const finding = specFinding(error);
    if (finding === undefined) throw error;
    return [{ subject: organization.name, findings: [finding], ends: [] }];
  }
}

function lintLogic(subject: string, logic: Logic, hasDeadline: boolean): Linted | undefined {
  if (!isMachine(logic)) {
    const isWrapped = "kind" in logic && logic.kind === "machine" && isMachine(logic.machine);
    return isWrapped ? lintLogic(subject, logic.machine, hasDeadline || logic.options.hasDeadline === true) : undefined;
  }
  const { findings, finals } = lintMachine(logic, { deadline: hasDeadline });
  return { subject, findings, ends: finals };
}

/** Known by its name: the file may have brought another copy of orgtree. */
function specFinding(error: unknown): Finding | undefined {
  if (!(error instanceof Error) || error.name !== "SpecError") return undefined;
  const { field } = error as Error & { readonly field?: string };
  const message = field !== undefined && error.message.startsWith(`${field}: `) ? error.message.slice(field.length + 2) : error.message;
  return { rule: "spec", severity: "error", state: field ?? "", message };
}

function isPlainObject(value: object): boolean {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
