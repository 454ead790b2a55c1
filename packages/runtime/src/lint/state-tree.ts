import type { AnyStateMachine, AnyStateNode } from "xstate";

/** A state node with its place in the tree, so that "is inside" is one comparison however deep the machine is. */
export class State {
  readonly node: AnyStateNode;
  readonly id: string;
  readonly kind: AnyStateNode["type"];
  readonly parent: State | undefined;
  /** The innermost region of a parallel state that this state is in, or is. */
  readonly region: State | undefined;
  /** Place in document order: a state comes before everything inside it. */
  readonly index: number;
  /** Index of the last state inside this one; its own index when there is none. */
  lastInside: number;
  /** States directly inside, history states left out: those are never active themselves. */
  readonly children: State[] = [];
  /** What is entered with this state when a transition aims at nothing inside it. */
  defaults: readonly State[] = [];

  constructor(node: AnyStateNode, parent: State | undefined, index: number) {
    this.node = node;
    this.id = node.id;
    this.kind = node.type;
    this.parent = parent;
    this.region = parent?.kind === "parallel" && node.type !== "history" ? this : parent?.region;
    this.index = index;
    this.lastInside = index;
  }

  /** Whether nothing inside it can be active: what XState calls atomic, and a parallel state without regions. */
  get isLeaf(): boolean {
    return this.kind === "atomic" || this.kind === "final" || (this.kind === "parallel" && this.children.length === 0);
  }

  get isRegion(): boolean {
    return this.region === this;
  }

  /** Whether `other` is inside this state; a state is not inside itself. */
  contains(other: State): boolean {
    return this.index < other.index && other.index <= this.lastInside;
  }
}

/** The states of one machine. */
export interface StateTree {
  readonly root: State;
  /** In document order, history states included. */
  readonly states: readonly State[];
  readonly stateOf: ReadonlyMap<AnyStateNode, State>;
}

/** Reads the tree of states. Keyed by node, not by id: two states may carry the same id. */
export function readStateTree(machine: AnyStateMachine): StateTree {
  const states: State[] = [];
  const stateOf = new Map<AnyStateNode, State>();
  const agenda: { readonly node: AnyStateNode; readonly parent: State | undefined }[] = [{ node: machine.root, parent: undefined }];
  for (let next = agenda.pop(); next; next = agenda.pop()) {
    const state = new State(next.node, next.parent, states.length);
    states.push(state);
    stateOf.set(next.node, state);
    if (state.kind !== "history") next.parent?.children.push(state);
    for (const node of Object.values<AnyStateNode>(next.node.states).reverse()) agenda.push({ node, parent: state });
  }
  for (const state of states.toReversed()) if (state.parent) state.parent.lastInside = Math.max(state.parent.lastInside, state.lastInside);
  for (const state of states) state.defaults = readDefaults(state, stateOf);
  return { root: stateOf.get(machine.root)!, states, stateOf };
}

function readDefaults(state: State, stateOf: ReadonlyMap<AnyStateNode, State>): readonly State[] {
  switch (state.kind) {
    case "compound":
      return known([initialNode(state.node)], stateOf);
    case "parallel":
      return state.children;
    case "history":
      return known(historyDefault(state.node, [...stateOf.keys()]), stateOf);
    case "atomic":
    case "final":
      return [];
    default:
      return state.kind satisfies never;
  }
}

function known(nodes: readonly (AnyStateNode | undefined)[], stateOf: ReadonlyMap<AnyStateNode, State>): readonly State[] {
  return nodes.flatMap((node) => (node && stateOf.get(node)) ?? []);
}

/** The key that `initial` names. Not `node.initial`: that throws when there is no such state. */
export function initialKey(node: AnyStateNode): string {
  const initial: unknown = node.config.initial;
  return typeof initial === "object" && initial !== null && "target" in initial ? String(initial.target) : String(initial);
}

function initialNode(node: AnyStateNode): AnyStateNode | undefined {
  return node.states[initialKey(node)];
}

/** Where a history state leads before there is any history. */
function historyDefault(node: AnyStateNode, nodes: readonly AnyStateNode[]): readonly (AnyStateNode | undefined)[] {
  const parent = node.parent!;
  const target: unknown = node.config.target;
  // An aim inside one region of a parallel parent enters the other regions by default, so the parent is listed too.
  const around = parent.type === "parallel" ? [parent] : [];
  if (typeof target === "string" && target !== "") return [...around, nodeAt(target, parent, nodes)];
  return parent.type === "parallel" ? around : [initialNode(parent)];
}

/** The node that a target names, by keys from `parent` or by `#id` and keys from there. Not by XState's own lookup, which throws. */
function nodeAt(target: string, parent: AnyStateNode, nodes: readonly AnyStateNode[]): AnyStateNode | undefined {
  const keys = target.split(".");
  const id = target.startsWith("#") ? keys.shift()!.slice(1) : undefined;
  let node = id === undefined ? parent : nodes.find((candidate) => candidate.id === id);
  for (const key of keys) node = node?.states[key];
  return node;
}
