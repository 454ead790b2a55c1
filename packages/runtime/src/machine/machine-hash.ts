import { createHash } from "node:crypto";
import type { AnyStateMachine, AnyStateNode } from "xstate";

const hashes = new WeakMap<AnyStateMachine, string>();

/**
 * What a machine is made of, as a short text: its states, transitions with targets, guards and actions by name, delays, invokes, and
 * the machines that it invokes or spawns by name. The same in every process, whatever the order of states in the source.
 *
 * Of functions only their names count, not what they do: whoever changes what a guard, an action or the context means gives the machine
 * another `version`.
 */
export function machineHash(machine: AnyStateMachine): string {
  let found = hashes.get(machine);
  if (found === undefined) {
    const text = JSON.stringify(describeMachine(machine, []));
    hashes.set(machine, (found = createHash("sha256").update(text).digest("hex").slice(0, 16)));
  }
  return found;
}

type Data = null | string | number | boolean | readonly Data[] | { readonly [key: string]: Data };

/** `around`: the machines that this one is part of; one that spawns itself is named only. */
function describeMachine(machine: AnyStateMachine, around: readonly AnyStateMachine[]): Data {
  if (around.includes(machine)) return machine.id;
  const within = [...around, machine];
  const actors = machine.implementations.actors as Record<string, unknown>;
  const children = Object.entries(actors).flatMap(([name, logic]) =>
    isMachineLike(logic) ? [[name, describeMachine(logic, within)]] : [],
  );
  return { root: describeNode(machine.root as AnyStateNode, within), children: sorted(children) };
}

function isMachineLike(logic: unknown): logic is AnyStateMachine {
  return typeof logic === "object" && logic !== null && "root" in logic && "implementations" in logic;
}

function describeNode(node: AnyStateNode, within: readonly AnyStateMachine[]): Data {
  const states = node.states as Record<string, AnyStateNode>;
  return {
    id: node.id,
    type: node.type,
    history: node.history === undefined ? null : String(node.history),
    initial: node.type === "compound" ? targetsOf(node.initial.target) : null,
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    invoke: (node.invoke as readonly { id: string; src: unknown }[]).map(({ id, src }, at) => [
      id,
      nameOf(src),
      inlineMachine(node, at, within),
    ]),
    on: sorted([...node.transitions].map(([event, transitions]) => [event, transitions.map(describeTransition)])),
    always: (node.always ?? []).map(describeTransition),
    after: (node.after as readonly { delay: unknown }[]).map(({ delay }) => nameOf(delay)),
    states: sorted(Object.entries(states).map(([key, child]) => [key, describeNode(child, within)])),
  };
}

/** A machine that is invoked without a name. */
function inlineMachine({ config }: AnyStateNode, at: number, within: readonly AnyStateMachine[]): Data {
  const { invoke } = config as { readonly invoke?: unknown };
  const logic = ((Array.isArray(invoke) ? invoke[at] : invoke) as { readonly src?: unknown } | undefined)?.src;
  return isMachineLike(logic) ? describeMachine(logic, within) : null;
}

interface TransitionLike {
  readonly target?: unknown;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly reenter: boolean;
}

function describeTransition({ target, guard, actions, reenter }: TransitionLike): Data {
  return [targetsOf(target), nameOf(guard), actions.map(nameOf), reenter];
}

function targetsOf(target: unknown): Data {
  return Array.isArray(target) ? target.map(({ id }: { readonly id: string }) => id) : null;
}

/** By what an implementation is known: its name, XState's type of a built-in action, a delay in milliseconds. */
function nameOf(part: unknown): Data {
  switch (typeof part) {
    case "string":
    case "number":
      return part;
    case "function":
      return nameOfFunction(part);
    case "object":
      return part === null ? null : nameOf((part as { type?: unknown }).type);
    default:
      return null;
  }
}

/** What XState's `raise`, `sendTo`, `cancel`, `spawnChild`, `and`, `not` … carry of what they were made with. */
type BuiltIn = { readonly name: string } & Readonly<
  Partial<Record<"type" | "event" | "delay" | "id" | "to" | "sendId" | "src" | "guards", unknown>>
>;

function nameOfFunction({ name, type, event, delay, id, to, sendId, src, guards }: BuiltIn): Data {
  if (Array.isArray(guards)) return [name, guards.map(nameOf)];
  if (typeof type !== "string") return name;
  const parts = [event, delay, id, to, sendId, src].map((part) => (typeof part === "function" ? null : nameOf(part)));
  return parts.every((part) => part === null) ? type : [type, parts];
}

function sorted(entries: readonly (readonly [string, Data] | Data[])[]): Data {
  return entries.map((entry) => JSON.stringify(entry)).sort();
}
