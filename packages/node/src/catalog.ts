import type { ChildSpec, ModelClient } from "@orgtree/core";
import type { Logic } from "@orgtree/runtime";
import { ExpectedError } from "@orgtree/core";
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
