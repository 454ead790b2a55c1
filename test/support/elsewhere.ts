import { MemoryNetwork, WireTransport } from "@orgtree/cluster";
import { idOf, isWithin, type Address, type ChildSpec, type Logger, type SupervisorSpec } from "@orgtree/core";
import {
  createActorSystem,
  type ActorSystem,
  type Logic,
  type SupervisorHandle,
  type SystemOptions,
  type VirtualClock,
} from "@orgtree/runtime";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** All children of the supervisor under test live in another system; set by the project `elsewhere`. */
    readonly elsewhere?: boolean;
  }
}

/** True where children live in another system than their supervisor. */
export const isElsewhere: boolean = inject("elsewhere") ?? false;

/** The system in which the children of `/sup` live, with what the system of `/sup` needs to reach it. */
export class Elsewhere {
  readonly system: ActorSystem;
  /** For the system of the supervisor. */
  readonly transport: WireTransport;
  /** The logic of each child, by its id: code is not sent. `*`: of all that are started from a template. */
  readonly #logics = new Map<string, Logic>();

  constructor(options: SystemOptions & { readonly clock: VirtualClock; readonly logger: Logger }) {
    const { clock, logger } = options;
    const network = new MemoryNetwork({ clock });
    const transportAt = (endpoint: string): WireTransport =>
      new WireTransport({
        wire: network.connect(endpoint),
        clock,
        logger,
        random: { next: () => 0.5 },
        endpoint,
        // Time stands still in many tests, and nothing is acknowledged without time.
        limits: { windowPackets: 100_000 },
        endpointOf: (address) => (address !== "/sup" && isWithin(address, "/sup") ? "branch" : "trunk"),
      });
    this.transport = transportAt("trunk");
    // A journal is of one system, and what is stored is that of the supervisor.
    const { journal: _journal, ...rest } = options;
    this.system = createActorSystem({ ...rest, transport: transportAt("branch"), specOf: (address) => this.#specOf(address) });
  }

  #specOf(address: Address): ChildSpec<Logic> | undefined {
    const id = idOf(address);
    const logic = this.#logics.get(id) ?? this.#logics.get("*");
    return logic === undefined ? undefined : { id, logic };
  }

  /** Makes the code of a specification known. */
  learn({ children, template, plan }: SupervisorSpec<Logic>): void {
    for (const { id, logic } of children ?? []) this.#logics.set(id, logic);
    if (template?.logic !== undefined) this.#logics.set("*", template.logic);
    if (plan !== undefined) for (const { id, logic } of plan.children(plan.initial)) this.#logics.set(id, logic);
  }

  /** A handle whose specifications become known there. */
  learning(handle: SupervisorHandle): SupervisorHandle {
    return {
      ...handle,
      startChild: (spec) => {
        const { id = "*", logic } = (spec ?? {}) as Partial<ChildSpec<Logic>>;
        const before = this.#logics.get(id);
        if (logic !== undefined) this.#logics.set(id, logic);
        return handle.startChild(spec).catch((error: unknown) => {
          if (before !== undefined) this.#logics.set(id, before);
          throw error;
        });
      },
      changeSpec: (spec) => {
        if (typeof spec === "object" && spec !== null) this.learn(spec);
        return handle.changeSpec(spec);
      },
    };
  }
}
