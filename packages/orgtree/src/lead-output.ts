import { FailureError, toFailure, type Address, type Exit, type Failure } from "@orgtree/core";
import type { LeadOutput } from "@orgtree/org";

/** What a lead that ended normally ended with, or why that cannot be told. */
export type LeadResult = { readonly kind: "result"; readonly result: unknown } | { readonly kind: "unreadable"; readonly failure: Failure };

/** Reads the output of a lead, whose code the compiler may not have seen. Never throws. */
export function readLeadOutput({ output }: Extract<Exit, { kind: "normal" }>, lead: Address): LeadResult {
  try {
    if (typeof output === "object" && output !== null && "result" in output)
      return { kind: "result", result: (output as LeadOutput).result };
  } catch (error) {
    return unreadable("the output of the lead cannot be read", lead, toFailure(error, lead));
  }
  return unreadable("the lead ended normally without an output; let it end with { result, reason }, as a crew does", lead);
}

function unreadable(message: string, address: Address, cause?: Failure): LeadResult {
  return { kind: "unreadable", failure: new FailureError({ class: "crash", message, address, cause }).failure };
}
