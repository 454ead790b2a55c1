import type { AnyStateMachine } from "xstate";

/** What can be read off one of XState's own actions (`raise(…)`, `spawnChild(…)`) without running it. */
export interface BuiltinAction {
  /** For example `xstate.raise`. */
  readonly type: string;
  readonly id?: unknown;
  readonly src?: unknown;
  readonly delay?: unknown;
  readonly event?: unknown;
}

/** The name by which an action, a guard or an actor is referred to: a text, or the `type` of `{ type, params }`. */
export function referredName(reference: unknown): string | undefined {
  if (typeof reference === "string") return reference;
  if (typeof reference !== "object" || reference === null || !("type" in reference)) return undefined;
  return typeof reference.type === "string" ? reference.type : undefined;
}

/** What a name stands for in the machine; `undefined` when it is not implemented. */
export function implementationOf(machine: AnyStateMachine, kind: "actions" | "guards" | "delays" | "actors", name: string): unknown {
  const implementations: Readonly<Record<string, unknown>> = machine.implementations[kind];
  return Object.hasOwn(implementations, name) ? implementations[name] : undefined;
}

/** XState's own action behind a reference, if it is one; `enqueueActions` and custom functions keep theirs to themselves. */
export function builtinOf(machine: AnyStateMachine, action: unknown): BuiltinAction | undefined {
  const name = referredName(action);
  const resolved = name === undefined ? action : implementationOf(machine, "actions", name);
  if (typeof resolved !== "function" || !("type" in resolved) || !("resolve" in resolved)) return undefined;
  return typeof resolved.type === "string" ? (resolved as unknown as BuiltinAction) : undefined;
}
