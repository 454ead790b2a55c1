import {
  SpecError,
  type Address,
  type ChildCounts,
  type ChildInfo,
  type CheckedChildSpec,
  type ChildSpec,
  type SupervisorSpec,
} from "@orgtree/core";
import type { Logic } from "../logic.ts";
import { checkReplan } from "./answers.ts";

/** The logic of a supervisor: what it starts, and how it treats it. */
export interface SupervisorLogic {
  readonly kind: "supervisor";
  readonly spec: SupervisorSpec<Logic>;
}

/**
 * Makes a supervisor, to be started like any other actor. Throws `SpecError` where a child is to have a new plan and there is none.
 *
 * @example
 * const desk = supervisor({ strategy: "rest-for-one", children: [{ id: "feed", logic: feed }, { id: "writer", logic: writer }] });
 * await system.start({ id: "desk", logic: desk });
 */
export function supervisor(spec: SupervisorSpec<Logic>): SupervisorLogic {
  if (typeof spec !== "object" || spec === null) throw new SpecError("supervisor", "takes an object { strategy, intensity, children, … }");
  checkReplan(spec);
  return { kind: "supervisor", spec };
}

/** What a dynamic supervisor with a template starts: at most an id and an input of its own. */
export type TemplateChild = Partial<Pick<ChildSpec<Logic>, "id" | "input">>;

/**
 * The calls that a supervisor answers, as messages to `ask`. A child is named by its id or its address.
 *
 * An actor may ask for the rollback of others only: with `own-rollback` it is refused to who is the child, or below it,
 * with `rollback-loop` when the supervisor's `rollbackIntensity` is used up, of which the supervisor gives up.
 */
export type SupervisorMessage =
  | {
      readonly type: "start-child";
      readonly spec: ChildSpec<Logic> | (Omit<ChildSpec<Logic>, "id"> & { readonly id?: undefined }) | TemplateChild;
      /** The root only: see `StartOptions`. */
      readonly fresh?: boolean | undefined;
    }
  | { readonly type: "terminate-child"; readonly id: string }
  | { readonly type: "restart-child"; readonly id: string }
  | { readonly type: "delete-child"; readonly id: string }
  | { readonly type: "rollback-child"; readonly id: string; readonly to?: string | number | undefined }
  | { readonly type: "list-children" }
  | { readonly type: "count-children" }
  | { readonly type: "get-child-spec"; readonly id: string }
  | { readonly type: "change-spec"; readonly spec: SupervisorSpec<Logic> };

/** A child that was started: its address, undefined when it did not want to run, and what its initial step gave back. */
export interface StartedChild {
  readonly address: Address | undefined;
  readonly info: unknown;
}

/** The administrative calls of one supervisor, for code outside the tree. Each rejects with `SupervisorCallError`. */
export interface SupervisorHandle {
  readonly address: Address;
  startChild(spec: (SupervisorMessage & { type: "start-child" })["spec"]): Promise<StartedChild>;
  /** Ends a child; its spec stays, unless it is temporary or the supervisor dynamic. Fine when it does not run. */
  terminateChild(id: string): Promise<void>;
  restartChild(id: string): Promise<StartedChild>;
  /** Removes the spec of a child that does not run. */
  deleteChild(id: string): Promise<void>;
  /** Most recently started first. */
  listChildren(): Promise<readonly ChildInfo[]>;
  countChildren(): Promise<ChildCounts>;
  getChildSpec(id: string): Promise<CheckedChildSpec<Logic>>;
  /** Live change: same ids keep their process under the new spec, new ones are added but not started. */
  changeSpec(spec: SupervisorSpec<Logic>): Promise<void>;
}

/** Makes a handle over a function that asks. */
export function supervisorHandle(address: Address, ask: (message: SupervisorMessage) => Promise<unknown>): SupervisorHandle {
  return {
    address,
    startChild: (spec) => ask({ type: "start-child", spec }) as Promise<StartedChild>,
    terminateChild: (id) => ask({ type: "terminate-child", id }) as Promise<void>,
    restartChild: (id) => ask({ type: "restart-child", id }) as Promise<StartedChild>,
    deleteChild: (id) => ask({ type: "delete-child", id }) as Promise<void>,
    listChildren: () => ask({ type: "list-children" }) as Promise<readonly ChildInfo[]>,
    countChildren: () => ask({ type: "count-children" }) as Promise<ChildCounts>,
    getChildSpec: (id) => ask({ type: "get-child-spec", id }) as Promise<CheckedChildSpec<Logic>>,
    changeSpec: (spec) => ask({ type: "change-spec", spec }) as Promise<void>,
  };
}
