import {
  checkChildOf,
  checkSupervisorSpec,
  childrenOfPlan,
  idOf,
  isStoredSupervision,
  parentAddress,
  rootAddress,
  storedRow,
  type Address,
  type CheckedChildSpec,
  type CheckedSupervisorSpec,
  type ChildSpec,
  type StoredSupervision,
} from "@orgtree/core";
import { isSupervisor, typeOfLogic, type Logic } from "../logic.ts";
import type { SupervisorLogic } from "../supervisor/supervisor.ts";

/** What is stored of an actor at the moment to which a replay has come. */
export type StateOf = (address: Address) => unknown;

/**
 * What runs at an address, as it follows from what its tree was started with; `more` knows those that a call or a later plan has brought.
 * Undefined where neither says. Throws what is wrong with a specification.
 */
export function specBelow(
  top: ChildSpec<Logic>,
  address: Address,
  more?: (address: Address) => ChildSpec<Logic> | undefined,
): CheckedChildSpec<Logic> | undefined {
  return new SpecBook([top], more).specOf(address, () => undefined);
}

/** What runs where, as it follows from what was started at the top, and from what is stored of supervisors. */
export class SpecBook {
  readonly #tops = new Map<Address, CheckedChildSpec<Logic>>();
  readonly #more: ((address: Address) => ChildSpec<Logic> | undefined) | undefined;
  readonly #supervisors = new Map<SupervisorLogic, CheckedSupervisorSpec<Logic>>();

  /** Throws `SpecError`. */
  constructor(specs: readonly ChildSpec<Logic>[], more?: (address: Address) => ChildSpec<Logic> | undefined) {
    this.#more = more;
    for (const [at, spec] of specs.entries()) {
      const checked = checkChildOf({ strategy: "dynamic", autoShutdown: "never" }, spec, { field: `specs[${at}]`, typeOf: typeOfLogic });
      this.#tops.set(`/${checked.id}`, checked);
    }
  }

  /** What follows from the specification of one actor for those below it. */
  static below(address: Address, spec: CheckedChildSpec<Logic>): SpecBook {
    const book = new SpecBook([]);
    book.#tops.set(address, spec);
    return book;
  }

  /** The specification of an actor; undefined where it was started by a call that gave it. Throws what is wrong with it. */
  specOf(address: Address, stateOf: StateOf): CheckedChildSpec<Logic> | undefined {
    return this.#known(address, stateOf) ?? this.#told(address);
  }

  #told(address: Address): CheckedChildSpec<Logic> | undefined {
    const spec = this.#more?.(address);
    if (spec === undefined) return undefined;
    return checkChildOf({ strategy: "dynamic", autoShutdown: "never" }, spec, {
      field: `the specification of ${address}`,
      typeOf: typeOfLogic,
    });
  }

  #known(address: Address, stateOf: StateOf): CheckedChildSpec<Logic> | undefined {
    const top = this.#tops.get(address);
    if (top !== undefined) return top;
    const parent = parentAddress(address);
    if (parent === undefined || parent === rootAddress) return undefined;
    const logic = this.specOf(parent, stateOf)?.logic;
    if (logic === undefined || !isSupervisor(logic)) return undefined;
    const state = stateOf(parent);
    return this.#childOf(parent, { logic, state: isStoredSupervision(state) ? state : undefined }, idOf(address));
  }

  #childOf(
    parent: Address,
    { logic, state }: { readonly logic: SupervisorLogic; readonly state: StoredSupervision | undefined },
    id: string,
  ): CheckedChildSpec<Logic> | undefined {
    let spec = this.#supervisors.get(logic);
    if (spec === undefined) this.#supervisors.set(logic, (spec = checkSupervisorSpec(logic.spec, parent, typeOfLogic)));
    const { plan, template } = spec;
    if (plan !== undefined && state?.plan !== undefined) {
      const place = { flags: spec, field: `the plan of ${parent}`, typeOf: typeOfLogic };
      return childrenOfPlan(plan, state.plan.plan, place).find((child) => child.id === id);
    }
    if (template === undefined) return spec.children.find((child) => child.id === id);
    const input = state === undefined ? undefined : storedRow(state, id)?.input;
    return checkChildOf(spec, { ...template, id, input }, { field: `the template of ${parent}`, typeOf: typeOfLogic });
  }
}
