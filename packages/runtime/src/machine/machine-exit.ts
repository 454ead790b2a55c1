import { failureClasses, type Address, type Exit, type Failure, type FailureClass } from "@orgtree/core";
import type { AnyMachineSnapshot, AnyStateNode } from "xstate";

/** What the meta of a final state may say about the exit of the actor. Saying nothing is a normal exit. */
export interface EndMeta {
  readonly exit?: "normal" | "failure";
  readonly class?: FailureClass;
  readonly kind?: string;
  readonly message?: string;
}

/** The exit of a machine that is done: its named final state says whether it is a normal end or a failure of some class. */
export function exitOf(snapshot: AnyMachineSnapshot, address: Address): Exit {
  const finals = finalsOf(snapshot);
  const failed = finals.find(({ meta }) => (meta as EndMeta | undefined)?.exit === "failure");
  if (failed !== undefined) return { kind: "failure", failure: { ...failureAt(failed, snapshot), address } };
  return { kind: "normal", output: snapshot.output as unknown, state: finals[0]?.key };
}

/** The final states by which it ended; of a parallel machine there is one in each region. */
function finalsOf(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return (snapshot._nodes as readonly AnyStateNode[]).filter((node) => node.type === "final");
}

function failureAt(node: AnyStateNode, snapshot: AnyMachineSnapshot): Failure {
  const { class: named, kind, message } = node.meta as EndMeta;
  const output: unknown = snapshot.output;
  // A machine says why in its output, where it can tell more than the name of the state does.
  const reason = (output as { reason?: unknown } | null | undefined)?.reason;
  const why = typeof reason === "string" && reason !== "" ? `: ${reason}` : "";
  return {
    class: named !== undefined && failureClasses.includes(named) ? named : "crash",
    kind,
    name: "FailedEnd",
    message: `${message ?? `it ended in ${node.key}`}${why}`,
    detail: { state: node.key, output },
  };
}
