import { ExpectedError, idOf, topOf, type Address, type ChildSpec, type ModelClient } from "@orgtree/core";
import { specBelow, type Logic } from "@orgtree/runtime";
import type { Organization } from "orgtree";

/** An organization that nodes can run. */
export interface RunnableOrganization {
  readonly organization: Organization<never>;
  /** Answers its agents. Called for each run, and again by each process that goes on with one. */
  readonly model: () => ModelClient;
  /** What it works on, where that is no repository; called as the model is. */
  readonly environment?: (() => unknown) | undefined;
}

/** What the nodes of a cluster know how to do. The same on each of them, by name. */
export interface Catalog {
  readonly organizations: Readonly<Record<string, RunnableOrganization>>;
  /** Actors that live for themselves: their specs, but for the id, which is that of the job. */
  readonly actors: Readonly<Record<string, (input: unknown) => Omit<ChildSpec<Logic>, "id">>>;
  /**
   * What runs at an address below such an actor, where its spec does not tell, since a call or a later plan brings it. Asked only of those who
   * live in another partition than their supervisor: code is not sent.
   */
  readonly specOf?: ((address: Address, job: ActorJob) => Pick<ChildSpec<Logic>, "logic"> | undefined) | undefined;
}

/** What the actor at the top of a tree is. */
export interface ActorJob {
  /** By its name in the catalog. */
  readonly what: string;
  readonly input: unknown;
}

/**
 * What runs at an address, as the catalog has it for the job whose tree that is; undefined for what is no job, and where nothing says.
 * Throws `UnknownWorkloadError`, and what is wrong with a specification.
 */
export function logicAt({ actors, specOf }: Catalog, address: Address, job: unknown): Pick<ChildSpec<Logic>, "logic"> | undefined {
  const { what, input } = (job ?? {}) as Partial<ActorJob>;
  if (typeof what !== "string") return undefined;
  const top = { ...lookUp("actor", actors, what)(input), id: idOf(topOf(address)) };
  return specBelow(top, address, (below) => {
    const told = below === topOf(address) ? undefined : specOf?.(below, { what, input });
    return told === undefined ? undefined : { ...told, id: idOf(below) };
  });
}

/** A node was asked for what it does not know. */
export class UnknownWorkloadError extends ExpectedError {
  override readonly name = "UnknownWorkloadError";
  readonly retryable = false;
  readonly what: string;

  constructor(kind: string, what: string, known: readonly string[]) {
    super(`no ${kind} is called "${what}"; this node knows ${known.length === 0 ? "none" : known.join(", ")}`);
    this.what = what;
  }
}

/** What a catalog has under a name; throws `UnknownWorkloadError`. */
export function lookUp<T>(kind: string, entries: Readonly<Record<string, T>>, name: string): T {
  if (Object.hasOwn(entries, name)) return entries[name]!;
  throw new UnknownWorkloadError(kind, name, Object.keys(entries));
}
