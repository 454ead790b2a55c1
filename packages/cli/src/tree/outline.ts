import {
  endsOf,
  idOf,
  failureClasses,
  isNamed,
  ladderFor,
  type Address,
  type AgentDefinition,
  type Budget,
  type ChildSpec,
  type Criterion,
  type Failure,
  type FailureClass,
  type Ladder,
  type Logic,
  type Organization,
  type SupervisorSpec,
} from "orgtree";
import { buildStandInRun } from "../file/stand-in-run.ts";
import { classOf } from "../text/failure-text.ts";

/** An organization as plain data, as `orgtree tree` shows it. */
export interface Outline {
  readonly name: string;
  readonly risk: Organization["risk"];
  readonly budget: Budget;
  readonly strategy: NonNullable<SupervisorSpec["strategy"]>;
  readonly intensity: { readonly maxRestarts: number; readonly periodMs: number } | undefined;
  /** What done means; empty when nothing is checked. */
  readonly criteria: readonly Pick<Criterion, "id" | "statement">[];
  /** In start order. */
  readonly members: readonly Member[];
}

/** One child of a run: an agent, the hold point, the lead. */
export interface Member {
  readonly name: string;
  readonly kind: AgentDefinition["kind"] | "hold point" | "lead";
  readonly purpose: string | undefined;
  readonly tools: readonly string[];
  /** Agents it may address by itself; undefined for anybody. */
  readonly recipients: readonly string[] | undefined;
  readonly ends: readonly EndState[];
  readonly restart: NonNullable<ChildSpec["restart"]>;
  readonly backoff: { readonly minMs?: number | undefined; readonly maxMs?: number | undefined } | undefined;
  /** Its supervisor's answers to its failures, classes with the same ladder together. */
  readonly answers: readonly Answer[];
  readonly budget: Budget;
}

/** A state by which a machine ends. */
export interface EndState {
  readonly state: string;
  /** `normal`, or the class of the failure: `model-error/invalid-output`. */
  readonly exit: string;
}

/** One ladder, and the failures that it answers. */
export interface Answer {
  readonly failures: readonly string[];
  readonly ladder: Ladder;
}

/** Outlines an organization; throws `SpecError` or `UsageError` when it cannot be built. */
export function outlineOf(organization: Organization): Outline {
  const tree = buildStandInRun(organization);
  const { strategy = "one-for-one", intensity, children = [] } = tree.spec.logic.spec;
  const { name, risk, agents } = organization;
  const { budget = {} } = tree.spec;
  return {
    name,
    risk,
    budget,
    strategy,
    intensity,
    criteria: (tree.contract?.criteria ?? []).map(({ id, statement }) => ({ id, statement })),
    members: children.map((child) => memberOf(child, agents[child.id])),
  };
}

function memberOf(child: ChildSpec<Logic>, agent: AgentDefinition | undefined): Member {
  const { id, logic, restart = "permanent", backoff, budget = {}, recipients } = child;
  return {
    name: id,
    kind: agent?.kind ?? (id === "lead" ? "lead" : "hold point"),
    purpose: agent?.charter.purpose,
    tools: agent?.charter.tools ?? [],
    recipients: recipients?.map((address) => idOf(address as Address)),
    ends: endsOf(logic).map(({ state, failure }) => ({ state, exit: failure === undefined ? "normal" : classOf(failure) })),
    restart,
    backoff,
    answers: answersOf(child),
    budget,
  };
}

function weightOf(ladder: Ladder): number {
  return isDefaultAnswer(ladder) ? 0 : ladder.length;
}

/** What a supervisor does with failures that nobody named: most of them. */
export function isDefaultAnswer(ladder: Ladder): boolean {
  return ladder === forget || (ladder.length === 1 && ladder[0]!.directive === "restart" && ladder[0]!.intensity === undefined);
}

/**
 * What becomes of a temporary child: it has one failure, to which only what its spec names is an answer, and is not started
 * again even then. It is forgotten.
 */
function onlyAnswer([first]: Ladder): Ladder {
  return first === undefined || first.directive === "restart" ? forget : [{ directive: first.directive }];
}

const forget: Ladder = [{ directive: "stop" }];

function answersOf({ onFailure = {}, restart }: ChildSpec<Logic>): readonly Answer[] {
  const kinds = Object.keys(onFailure).filter((key) => key.includes("/"));
  const answers = new Map<string, { failures: string[]; ladder: Ladder }>();
  for (const key of [...failureClasses, ...kinds]) {
    const [failureClass, kind] = key.split("/") as [FailureClass, string?];
    const failure: Failure = { class: failureClass, kind, name: "", message: "" };
    const whole = ladderFor(onFailure, failure);
    const ladder = restart === "temporary" ? onlyAnswer(isNamed(onFailure, failure) ? whole : []) : whole;
    const same = JSON.stringify(ladder);
    const answer = answers.get(same) ?? { failures: [], ladder };
    answer.failures.push(key);
    answers.set(same, answer);
  }
  // Longest answers first; what is answered in the plainest way is told last, as "anything else".
  return [...answers.values()].toSorted((one, other) => weightOf(other.ladder) - weightOf(one.ladder));
}
