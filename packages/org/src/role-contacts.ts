import type { Organization } from "./organization.ts";

/** With whom an agent has to do. */
export interface RoleContacts {
  /** Whom it may tell and ask. */
  readonly tells: readonly string[];
  /** Who may tell and ask it, and has to be answered. */
  readonly answers: readonly string[];
}

/**
 * With whom each agent of an organization has to do, as the charters say: for whoever keeps agents apart that run in processes of their own.
 * `run` is what the rest of a run is called there, its supervisor, lead and hold point, which may ask every agent.
 */
export function roleContacts({ agents }: Pick<Organization, "agents">, run: string): ReadonlyMap<string, RoleContacts> {
  const charters = Object.entries(agents).map(([name, { charter }]) => ({ name, recipients: charter.recipients }));
  return new Map(
    charters.map(({ name, recipients }) => {
      const askers = charters.filter((other) => other.recipients.includes(name)).map((other) => other.name);
      return [name, { tells: recipients, answers: [run, ...askers] }];
    }),
  );
}
