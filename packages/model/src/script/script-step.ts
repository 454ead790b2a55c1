import type { FinishReason, ModelErrorKind, ModelRequest, ModelUsage } from "@orgtree/core";

/** One thing that a scripted model does in answer to a request. */
export type ScriptPart =
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "call-tool"; readonly name: string; readonly argumentsJson: string }
  | { readonly kind: "fail"; readonly with: ModelErrorKind; readonly facts: ScriptedFailure }
  | { readonly kind: "hang" };

/** What a scripted failure says of itself. */
export interface ScriptedFailure {
  readonly message?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A whole answer: a text, a part, or several parts in order. What precedes a failure or a hang is still heard by `onText`. */
export type ScriptReply = string | ScriptPart | readonly (string | ScriptPart)[];

/** A reply with its conditions. */
export interface ScriptedReply {
  readonly reply: ScriptReply;
  /** The requests that it answers. Default any. */
  readonly when?: ((request: ModelRequest) => boolean) | undefined;
  /** How long it takes, in milliseconds on the script's clock. Default 0. */
  readonly delayMs?: number | undefined;
  /** How many requests it answers; `Infinity` for a reply that may also go unused. At least 1. Default 1. */
  readonly times?: number | undefined;
  /** Default `stop`, or `tool-calls` where a tool is called. */
  readonly finishReason?: FinishReason | undefined;
  /** Counts that differ from the estimate. */
  readonly usage?: Partial<ModelUsage> | undefined;
}

/** One step of a script. */
export type ScriptStep = ScriptReply | ScriptedReply;

/** Says a text; anything but a text is said as JSON, for structured output. */
export function say(what: unknown): ScriptPart {
  return { kind: "say", text: typeof what === "string" ? what : JSON.stringify(what) };
}

/** Calls a tool. Arguments given as a text are passed on as they are, well-formed or not. */
export function callTool(name: string, args: unknown = {}): ScriptPart {
  return { kind: "call-tool", name, argumentsJson: typeof args === "string" ? args : JSON.stringify(args) };
}

/** Fails with a `ModelError` of this kind. */
export function failWith(kind: ModelErrorKind, facts: ScriptedFailure = {}): ScriptPart {
  return { kind: "fail", with: kind, facts };
}

/** Never answers; ends only when the call is aborted. */
export function hang(): ScriptPart {
  return { kind: "hang" };
}

/** Says what no parser accepts: JSON that breaks off. A request for structured output fails with it as invalid-output. */
export function garbage(): ScriptPart {
  return { kind: "say", text: '{"answer": "forty-t' };
}

/** A step with all its conditions, its parts in a list. */
export interface CheckedStep extends Omit<ScriptedReply, "reply"> {
  readonly parts: readonly ScriptPart[];
}

/** Brings the short forms of a step into one. */
export function toCheckedStep(step: ScriptStep): CheckedStep {
  if (typeof step === "object" && "reply" in step) return { ...step, parts: toParts(step.reply) };
  return { parts: toParts(step) };
}

/** A step in a few words, for messages: `say "Hello", call tool search`. */
export function describeStep(step: CheckedStep): string {
  return step.parts.map(describePart).join(", ");
}

function toParts(reply: ScriptReply): readonly ScriptPart[] {
  const list = typeof reply === "string" || "kind" in reply ? [reply] : reply;
  return list.map((part) => (typeof part === "string" ? say(part) : part));
}

function describePart(part: ScriptPart): string {
  switch (part.kind) {
    case "say":
      return `say ${JSON.stringify(part.text.length > 40 ? `${part.text.slice(0, 40)}…` : part.text)}`;
    case "call-tool":
      return `call tool ${part.name}`;
    case "fail":
      return `fail with ${part.with}`;
    case "hang":
      return "hang";
    default:
      return part satisfies never;
  }
}
