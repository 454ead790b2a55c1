/**
 * Rules about names with nothing behind them. XState notices none of these before it is too late: an action is skipped,
 * a delay fires at once, a guard or an actor fails the actor in the middle of its work.
 */
import type { AnyStateMachine, AnyTransitionDefinition } from "xstate";
import type { Analysis } from "./analysis.ts";
import { builtinOf, implementationOf, referredName } from "./builtin-action.ts";
import { lintError, lintWarning, type LintFinding, type LintRule } from "./finding.ts";
import { isUndeclaredPromise } from "../machine/promise-logic.ts";
import type { State } from "./state-tree.ts";

/** `missing-action`, `missing-guard`, `missing-delay`, `missing-actor`: one finding for each name, at the first state that uses it. */
export function* missingImplementations({ graph }: Analysis): Generator<LintFinding> {
  const reported = new Set<string>();
  for (const state of graph.states)
    for (const { kind, name } of namesIn(graph.machine, state)) {
      const key = `${kind} ${name}`;
      if (reported.has(key) || implementationOf(graph.machine, kind, name) !== undefined) continue;
      reported.add(key);
      const { rule, consequence } = missing[kind];
      yield lintError(
        rule,
        state.id,
        `"${state.id}" names "${name}", which is not implemented among the ${kind}: ${consequence}; provide it`,
      );
    }
}

/** `spawn-without-id`: the child goes under the key "undefined", where the next one takes its place and it can no longer be stopped. */
export function* spawnWithoutId({ graph }: Analysis): Generator<LintFinding> {
  for (const state of graph.states) {
    const isNameless = actionsIn(state).some((action) => {
      const builtin = builtinOf(graph.machine, action);
      return builtin?.type === "xstate.spawnChild" && builtin.id === undefined;
    });
    if (isNameless)
      yield lintError(
        "spawn-without-id",
        state.id,
        `"${state.id}" spawns a child without an id, and a second one would replace it: give an id`,
      );
  }
}

/** `undeclared-promise`: one finding for each name, at the first state that uses it. */
export function* undeclaredPromises({ graph }: Analysis): Generator<LintFinding> {
  const reported = new Set<string>();
  for (const state of graph.states)
    for (const { kind, name } of namesIn(graph.machine, state)) {
      if (kind !== "actors" || reported.has(name) || !isUndeclaredPromise(implementationOf(graph.machine, kind, name))) continue;
      reported.add(name);
      yield lintWarning(
        "undeclared-promise",
        state.id,
        `"${name}" in "${state.id}" does not say what it does to the world: with a journal it counts as irreversible, and fails the actor as unknown-outcome where a crash cuts it off; make it with fromWork instead of fromPromise`,
      );
    }
}

type Kind = "actions" | "guards" | "delays" | "actors";

/** A name that stands for something the user has to provide. */
interface Name {
  readonly kind: Kind;
  readonly name: string;
}

const missing: Readonly<Record<Kind, { readonly rule: LintRule; readonly consequence: string }>> = {
  actions: { rule: "missing-action", consequence: "it would be skipped silently" },
  guards: { rule: "missing-guard", consequence: "the actor would fail when it comes to decide" },
  delays: { rule: "missing-delay", consequence: "it would fire at once" },
  actors: { rule: "missing-actor", consequence: "nothing would be started, or the actor would fail" },
};

function namesIn(machine: AnyStateMachine, state: State): readonly Name[] {
  const names: Name[] = [];
  for (const action of actionsIn(state)) names.push(...namesInAction(machine, action));
  for (const { guard } of transitionsIn(state)) if (guard !== undefined) names.push(...namesInGuard(machine, guard));
  for (const [number, invoke] of state.node.invoke.entries()) {
    // An inline actor gets a name of this form, which XState resolves from the config.
    const isInline = invoke.src === `xstate.invoke.${number}.${state.id}`;
    if (typeof invoke.src === "string" && !isInline) names.push({ kind: "actors", name: invoke.src });
  }
  return names;
}

function namesInAction(machine: AnyStateMachine, action: unknown): readonly Name[] {
  const names: Name[] = [];
  const name = referredName(action);
  if (name !== undefined) names.push({ kind: "actions", name });
  const builtin = builtinOf(machine, action);
  if (typeof builtin?.delay === "string") names.push({ kind: "delays", name: builtin.delay });
  if (builtin?.type === "xstate.spawnChild" && typeof builtin.src === "string") names.push({ kind: "actors", name: builtin.src });
  return names;
}

/** Guards nest through `and`, `or` and `not`, and a named guard may itself be such a combination. */
function namesInGuard(machine: AnyStateMachine, guard: unknown): readonly Name[] {
  const names: Name[] = [];
  const agenda: unknown[] = [guard];
  const seen = new Set<unknown>();
  while (agenda.length > 0) {
    const next = agenda.pop();
    if (next === undefined || seen.has(next)) continue;
    seen.add(next);
    const name = referredName(next);
    if (name !== undefined) {
      names.push({ kind: "guards", name });
      agenda.push(implementationOf(machine, "guards", name));
    } else if (typeof next === "function" && "guards" in next && Array.isArray(next.guards)) agenda.push(...next.guards.toReversed());
  }
  return names;
}

/** Every action written on a state; the timers of `after` are among its entry actions. */
function actionsIn(state: State): readonly unknown[] {
  const actions: unknown[] = [...state.node.entry, ...state.node.exit];
  if (state.kind === "compound" && state.defaults.length > 0) actions.push(...state.node.initial.actions);
  for (const transition of transitionsIn(state)) actions.push(...transition.actions);
  return actions;
}

function transitionsIn(state: State): readonly AnyTransitionDefinition[] {
  const transitions: AnyTransitionDefinition[] = [...(state.node.always ?? [])];
  for (const list of state.node.transitions.values()) transitions.push(...list);
  return transitions;
}
