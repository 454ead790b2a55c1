import { parseToolInput, type ToolDescription } from "@orgtree/core";
import type { RecordView } from "./run-record.ts";
import type { ToolResult } from "./tool-box.ts";

/** What an agent has to hand in, and how it is read. A model's answer is untrusted until `read` has accepted it. */
export interface Deliverable {
  /** The tool by which the model hands in; none means that its plain answer is the result. */
  readonly tool: ToolDescription | undefined;
  /** Reads what was handed in. */
  readonly read: (argumentsJson: string, work: WorkDone) => Reading;
}

/** What a claim is checked against. */
export interface WorkDone {
  /** The tool calls of this assignment, in order. */
  readonly calls: readonly ToolResult[];
  readonly record: Pick<RecordView, "check">;
}

/** What was read: a value, a shape that the model can mend, or a claim that the record does not bear out. */
export type Reading =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "malformed"; readonly problem: string }
  | { readonly kind: "unfounded"; readonly problem: string };

/** The name of the tool by which structured work is handed in. */
export const deliverToolName = "deliver";

/** Plain text is the result; silence is none. */
export const textDeliverable: Deliverable = {
  tool: undefined,
  read: (text) => (text.trim() === "" ? malformed("it is empty") : accepted(text)),
};

/** A structured result: a JSON Schema for the model, and a function that reads the parsed value. */
export function structuredDeliverable(
  description: string,
  schema: Readonly<Record<string, unknown>>,
  read: (value: unknown, work: WorkDone) => Reading,
): Deliverable {
  return {
    tool: { name: deliverToolName, description, parameters: schema },
    read: (json, work) => {
      let value: unknown;
      try {
        value = parseToolInput(json, deliverToolName);
      } catch (error) {
        return malformed((error as Error).message);
      }
      return read(value, work);
    },
  };
}

/** This is what was handed in. */
export function accepted(value: unknown): Reading {
  return { kind: "value", value };
}

/** It has the wrong shape; the problem is worded for the model. */
export function malformed(problem: string): Reading {
  return { kind: "malformed", problem };
}

/** It says what did not happen. */
export function unfounded(problem: string): Reading {
  return { kind: "unfounded", problem };
}
