import { failureClassOf, type Address, type Exit, type Failure, type FailureClass } from "@orgtree/core";
import type { AnyMachineSnapshot, AnyStateNode } from "xstate";
import { partsOf, type Logic } from "../logic.ts";

/** What the meta of a final state may say about the exit of the actor. Saying nothing is a normal exit. */
export interface EndMeta {
  readonly exit?: "normal" | "failure";
  readonly class?: FailureClass;
  readonly kind?: string;
  readonly message?: string;
}

/** One way in which a machine ends: the name of its state, and the failure that it stands for, if any. */
export interface MachineEnd {
  readonly state: string;
  readonly failure: { readonly class: FailureClass; readonly kind: string | undefined } | undefined;
}

/** The ways in which a machine ends; a plain function and a supervisor name none. */
export function endsOf(logic: Logic): readonly MachineEnd[] {
  const parts = partsOf(logic);
  if (parts.kind !== "machine") return [];
  const finals = Object.values(parts.machine.root.states as Record<string, AnyStateNode>).filter(({ type }) => type === "final");
  return finals.map((node) => ({ state: node.key, failure: failedEnd(node) }));
}

function failedEnd({ meta }: AnyStateNode): MachineEnd["failure"] {
  const { exit, class: named, kind } = (meta ?? {}) as EndMeta;
  if (exit !== "failure") return undefined;
  return { class: failureClassOf(named), kind };
}

/** The exit of a machine that is done: its named final state says whether it is a normal end or a failure of some class. */
export function exitOf(snapshot: AnyMachineSnapshot, address: Address): Exit {
  const finals = finalsOf(snapshot);
  const failed = finals.find((node) => failedEnd(node) !== undefined);
  if (failed !== undefined) return { kind: "failure", failure: { ...failureAt(failed, snapshot), address } };
  return { kind: "normal", output: snapshot.output as unknown, state: finals[0]?.key };
}

/** The final states by which it ended; of a parallel machine there is one in each region. */
function finalsOf(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return (snapshot._nodes as readonly AnyStateNode[]).filter((node) => node.type === "final");
}

function failureAt(node: AnyStateNode, snapshot: AnyMachineSnapshot): Failure {
  const { message } = node.meta as EndMeta;
  const output: unknown = snapshot.output;
  // A machine says why in its output, where it can tell more than the name of the state does.
  const reason = (output as { reason?: unknown } | null | undefined)?.reason;
  const why = typeof reason === "string" && reason !== "" ? `: ${reason}` : "";
  return {
    ...failedEnd(node)!,
    name: "FailedEnd",
    message: `${message ?? `it ended in ${node.key}`}${why}`,
    detail: { state: node.key, output },
  };
}
