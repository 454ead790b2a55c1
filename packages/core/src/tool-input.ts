import { ToolError } from "./tool.ts";

/** Longest arguments a model may send, in characters: far more than a model writes in one answer. */
export const maxArgumentsLength = 4 * 1024 * 1024;

/** Longest part of the parser's complaint that is told: it quotes what the model sent. */
const maxComplaintLength = 300;

/**
 * The value of a tool call's arguments: JSON text that a model wrote, so anything at all.
 *
 * An empty text counts as `{}`, since models send it for tools without arguments. `__proto__` keys are dropped. Whether the value
 * fits the tool is for the tool's schema to say. Throws `ToolError` `invalid-input` in the name of `tool`.
 */
export function parseToolInput(argumentsJson: string, tool: string): unknown {
  if (argumentsJson.length > maxArgumentsLength) {
    const message = `the arguments have ${argumentsJson.length} characters, more than the ${maxArgumentsLength} allowed`;
    throw new ToolError(tool, "invalid-input", { message });
  }
  if (argumentsJson.trim() === "") return {};
  try {
    // A reviver sees keys after their escapes are resolved, which a search through the text would not.
    return JSON.parse(argumentsJson, (key, value: unknown) => (key === "__proto__" ? undefined : value)) as unknown;
  } catch (cause) {
    // RangeError: nested so deeply that the parser gave up.
    const why = cause instanceof SyntaxError ? cause.message.replaceAll(/\s+/g, " ").slice(0, maxComplaintLength) : "nested too deeply";
    throw new ToolError(tool, "invalid-input", { message: `the arguments are not valid JSON: ${why}`, cause });
  }
}
