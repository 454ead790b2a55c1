import type { ToolDescription } from "@orgtree/core";
import type { ToolResult } from "./tool-box.ts";

/** What an agent has to hand in, and how it is read. A model's answer is untrusted until `read` has accepted it. */
export interface Deliverable {
  /** The tool by which the model hands in; none means that its plain answer is the result. */
  readonly tool: ToolDescription | undefined;
  /** Reads what was handed in. */
  readonly read: (argumentsJson: string, done: readonly ToolResult[]) => Reading;
}

/** What was read: a value, a shape that the model can mend, or a claim that the record does not bear out. */
export type Reading =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "malformed"; readonly problem: string }
  | { readonly kind: "unfounded"; readonly problem: string };

/** The name of the tool by which structured work is handed in. */
export const deliverTool = "deliver";

/** Plain text is the result. */
export const textDeliverable: Deliverable = { tool: undefined, read: (text) => ({ kind: "value", value: text }) };

/** A structured result: a JSON Schema for the model, and a function that gives the value, or `{ problem }`. */
export function structuredDeliverable(
  description: string,
  schema: Readonly<Record<string, unknown>>,
  check: (value: unknown) => unknown,
): Deliverable {
  return {
    tool: { name: deliverTool, description, parameters: schema },
    read: (json) => {
      const parsed = parse(json);
      if ("problem" in parsed) return { kind: "malformed", problem: parsed.problem };
      const value = check(parsed.value);
      return isProblem(value) ? { kind: "malformed", problem: value.problem } : { kind: "value", value };
    },
  };
}

/** Reads JSON from a model. */
export function parse(json: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(json) as unknown };
  } catch (error) {
    return { problem: `the arguments are not JSON (${(error as Error).message})` };
  }
}

function isProblem(value: unknown): value is { readonly problem: string } {
  return typeof value === "object" && value !== null && "problem" in value && Object.keys(value).length === 1;
}
