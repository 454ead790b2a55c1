import { dueAfter } from "../durable/due.ts";
import { decode, encode } from "@orgtree/core";
import type { AnyStateMachine, AnyStateNode, StateValue } from "xstate";
import { isMachineLogic } from "./atomic-child.ts";
import { pathKey, type Path } from "./child-path.ts";
import type { StoredMachine, StoredTimer } from "./stored-machine.ts";

/** A machine as XState persists it: what of that is looked at. */
export interface PersistedMachine {
  readonly status: string;
  readonly value: StateValue;
  readonly context: unknown;
  readonly children: Readonly<Record<string, { readonly src: unknown; readonly snapshot: unknown }>>;
}

interface Migration {
  readonly stored: StoredMachine;
  readonly migrate: (snapshot: unknown) => unknown;
  /** Now. */
  readonly epochMs: number;
}

/**
 * A stored machine, its snapshot made anew by the author: checked against the machine that is to go on with it, and with the timers of
 * the states that it is in now. Throws what is wrong with it, with the remedy.
 */
export function migrateMachine(machine: AnyStateMachine, { stored, migrate, epochMs }: Migration): StoredMachine {
  const snapshot = decode(encode(migrate(decode(encode(stored.snapshot))))) as PersistedMachine;
  if (typeof snapshot !== "object" || snapshot === null || snapshot.value === undefined)
    throw new TypeError("it gave back no snapshot: give back { ...state, value, context }");
  const timers: Record<string, StoredTimer> = {};
  const kept = new Set<string>();
  visit(machine, { snapshot, path: [] }, { epochMs, timers, kept });
  for (const [key, timer] of Object.entries(stored.timers)) {
    // A timer of a state that it is not in any more is nobody's.
    if (kept.has(key) || !timer.id.startsWith("xstate.after.")) timers[key] = timer;
  }
  return { ...stored, snapshot, timers };
}

interface Found {
  readonly epochMs: number;
  /** The timers of all states that are active. */
  readonly timers: Record<string, StoredTimer>;
  readonly kept: Set<string>;
}

function visit(machine: AnyStateMachine, at: { readonly snapshot: PersistedMachine; readonly path: Path }, found: Found): void {
  const { snapshot, path } = at;
  const children = snapshot.children ?? {};
  const { _nodes: nodes } = machine.resolveState({ value: snapshot.value, context: snapshot.context });
  for (const node of nodes as readonly AnyStateNode[]) {
    for (const { id } of node.invoke as readonly { readonly id: string }[])
      if (children[id] === undefined && snapshot.status === "active") throw missingChild(node, id);
    for (const { eventType: id, delay } of node.after as readonly { readonly eventType: string; readonly delay: unknown }[]) {
      const key = pathKey([...path, id]);
      const due = dueAfter(delayOf(machine, delay, snapshot.context), found.epochMs);
      found.kept.add(key);
      found.timers[key] = { id, event: { type: id }, ...due, owner: path, target: path };
    }
  }
  for (const [id, child] of Object.entries(children)) visitChild(machine, { id, child, path }, found);
}

function visitChild(
  machine: AnyStateMachine,
  { id, child, path }: { readonly id: string; readonly child: PersistedMachine["children"][string]; readonly path: Path },
  found: Found,
): void {
  const logic = resolveActor(machine, child.src);
  if (logic === undefined)
    throw new Error(
      `its child "${id}" has the logic "${String(child.src)}", which this machine does not have: remove it from the children`,
    );
  if (isMachineLogic(logic as never))
    visit(logic as AnyStateMachine, { snapshot: child.snapshot as PersistedMachine, path: [...path, id] }, found);
}

/** As XState finds the logic of a child: by its name, or by the place of an invoke without one. */
function resolveActor(machine: AnyStateMachine, src: unknown): unknown {
  if (typeof src !== "string") return undefined;
  const inline = /^xstate\.invoke\.(\d+)\.(.*)$/.exec(src);
  if (inline === null) return (machine.implementations.actors as Record<string, unknown>)[src];
  const [, index, id] = inline;
  const invoke = (machine.getStateNodeById(id!).config as { readonly invoke?: unknown }).invoke;
  return ((Array.isArray(invoke) ? invoke[Number(index)] : invoke) as { readonly src?: unknown } | undefined)?.src;
}

function missingChild(node: AnyStateNode, id: string): Error {
  return new Error(
    `the state "${node.id}" invokes "${id}", which is not among the children: lead to a state before it, whose always enters it`,
  );
}

function delayOf(machine: AnyStateMachine, delay: unknown, context: unknown): number {
  const found = typeof delay === "string" ? ((machine.implementations.delays as Record<string, unknown>)[delay] ?? Number(delay)) : delay;
  const ms: unknown = typeof found === "function" ? found({ context, event: { type: "orgtree.migrated" } }, undefined) : found;
  if (typeof ms !== "number" || Number.isNaN(ms)) throw new Error(`the delay "${String(delay)}" is no number`);
  return ms;
}
