import { FailureError, toFailure, type Failure } from "@orgtree/core";
import type { RecordView, RunTree } from "@orgtree/org";

/** What a run delivers whose lead says that it is done. */
export type Delivery =
  /** Nothing is fingerprinted where there is no contract. */
  { readonly kind: "approved"; readonly artefact: string | undefined } | { readonly kind: "unverified"; readonly failure: Failure };

/** Whether what is there at the end is what the hold point opened for. Everybody has stopped by now. */
export async function judgeDelivery({ contract, lead }: RunTree, record: RecordView): Promise<Delivery> {
  if (contract === undefined) return { kind: "approved", artefact: undefined };
  const unverified = (message: string, cause?: Failure): Delivery => ({
    kind: "unverified",
    failure: new FailureError({ class: "unverified", message, address: lead, cause }).failure,
  });
  try {
    const artefact = await contract.fingerprint();
    if (record.hasOpened(artefact)) return { kind: "approved", artefact };
    const held = record.entries.some(({ kind }) => kind === "hold");
    return unverified(
      held
        ? `the work as it is at the end (${artefact}) is not what the hold point opened for: it was changed afterwards, or held back`
        : `the lead ended without passing the hold point: ask the gate of its team to open, as a crew does`,
    );
  } catch (error) {
    return unverified("the fingerprint of the work cannot be taken at the end", toFailure(error, lead));
  }
}
