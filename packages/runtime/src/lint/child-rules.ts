/**
 * Rules about the errors of invoked actors: who hears them.
 */
import type { Analysis } from "./analysis.ts";
import { isWildcard, takes } from "./descriptor.ts";
import { lintWarning, type LintFinding } from "./finding.ts";
import type { MachineGraph } from "./machine-graph.ts";
import type { State } from "./state-tree.ts";

/** An invoked actor, the state that invokes it, and the nearest state around it that surely handles its error. */
interface Child {
  readonly name: string;
  readonly errorEvent: string;
  readonly owner: State;
  readonly handler: State | undefined;
}

/** `invoke-without-onError`: allowed, since a supervisor hears of the failure, but it should be meant. */
export function* invokeWithoutOnError({ graph }: Analysis): Generator<LintFinding> {
  const handled = new Set(graph.states.flatMap((state) => [...state.node.transitions.keys()]));
  for (const child of childrenOf(graph)) {
    if (handled.has(child.errorEvent) || hasWildcardAround(child)) continue;
    yield lintWarning(
      "invoke-without-onError",
      child.owner.id,
      `an error of "${child.name}" in "${child.owner.id}" fails the whole actor, and its supervisor decides: add onError if it should not`,
    );
  }
}

/**
 * `wildcard-swallows-errors`: an unguarded wildcard that is asked before, or instead of, an `onError`.
 *
 * A descriptor that names errors (`xstate.error.*`) is a way to handle them, and is reported only when it leads nowhere.
 */
export function* wildcardSwallowsErrors({ graph }: Analysis): Generator<LintFinding> {
  const children = childrenOf(graph);
  for (const state of graph.states)
    for (const wildcard of wildcardsOf(state)) {
      const child = children.find((child) => swallows(state, wildcard, child));
      if (child)
        yield lintWarning(
          "wildcard-swallows-errors",
          state.id,
          `"${wildcard}" on "${state.id}" also takes the errors of "${child.name}": add onError to the same state, or guard it against "xstate."`,
        );
    }
}

function childrenOf(graph: MachineGraph): readonly Child[] {
  return graph.states.flatMap((owner) =>
    owner.node.invoke.map((invoke): Child => {
      const errorEvent = `xstate.error.actor.${invoke.id}`;
      const name = typeof invoke.src === "string" && !invoke.src.startsWith("xstate.invoke.") ? invoke.src : invoke.id;
      let handler: State | undefined = owner;
      while (handler && !isUnguarded(handler, errorEvent)) handler = handler.parent;
      return { name, errorEvent, owner, handler };
    }),
  );
}

function isUnguarded(state: State, descriptor: string): boolean {
  return state.node.transitions.get(descriptor)?.some((transition) => transition.guard === undefined) ?? false;
}

function hasWildcardAround({ owner, errorEvent }: Child): boolean {
  for (let state: State | undefined = owner; state; state = state.parent)
    for (const descriptor of state.node.transitions.keys()) if (isWildcard(descriptor) && takes(descriptor, errorEvent)) return true;
  return false;
}

function* wildcardsOf(state: State): Generator<string> {
  for (const [descriptor, transitions] of state.node.transitions) {
    if (!isWildcard(descriptor) || !isUnguarded(state, descriptor)) continue;
    const isMeant = descriptor.startsWith("xstate.error") && transitions.some((transition) => transition.target?.length);
    if (!isMeant) yield descriptor;
  }
}

function swallows(state: State, wildcard: string, { errorEvent, owner, handler }: Child): boolean {
  if (!takes(wildcard, errorEvent) || isUnguarded(state, errorEvent)) return false;
  // An error is offered from the inside out: a handler at or below the wildcard, or outside of it in a region of its own, comes first.
  if (handler && !handler.contains(state)) return false;
  return state === owner || state.contains(owner) || owner.contains(state) || areSideBySide(state, owner);
}

/** Whether the two can be active together though neither contains the other. */
function areSideBySide(one: State, other: State): boolean {
  let around = one.parent;
  while (around && !around.contains(other)) around = around.parent;
  return around?.kind === "parallel";
}
